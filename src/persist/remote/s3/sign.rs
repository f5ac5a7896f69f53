//! Signatures of requests: AWS Signature Version 4, in the header `Authorization`.
//!
//! The signature covers the content and the conditions: a server that understands neither, or a proxy that changes
//! them, fails. None of it is part of the URL, which errors and logs may show.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::time;

/// Keys with which requests are signed.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) access_key: String,
    pub(super) secret_key: String,
    pub(super) session_token: Option<String>,
}

/// A request that isn't signed yet.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'static str,
    /// Host, and port if it isn't the default one.
    pub(super) host: &'a str,
    /// Percent-encoded.
    pub(super) path: &'a str,
    /// Percent-encoded, in the order of the names.
    pub(super) query: &'a str,
    /// The condition of a write.
    pub(super) condition: Option<(&'static str, &'a str)>,
    pub(super) content: &'a [u8],
}

/// Returns the headers of a signed request, in the order of their names.
pub(super) fn sign(
    request: &Unsigned<'_>,
    credentials: &Credentials,
    region: &str,
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let time = time::basic(now);
    let date = time.split('T').next().unwrap_or_default();
    let digest = Sha256::digest(request.content);
    let content = hex(&digest);
    let mut headers = vec![
        ("host", request.host.to_owned()),
        ("x-amz-content-sha256", content.clone()),
        ("x-amz-date", time.clone()),
    ];
    if request.method == "PUT" {
        // Otherwise SeaweedFS 4.48 stores an empty object if the client is killed between the headers and the content.
        headers.push(("x-amz-checksum-sha256", base64(&digest)));
    }
    headers.extend(request.condition.map(|(name, value)| (name, value.to_owned())));
    headers.extend(
        credentials
            .session_token
            .clone()
            .map(|token| ("x-amz-security-token", token)),
    );
    headers.sort_unstable();

    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    let Unsigned {
        method, path, query, ..
    } = request;
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{content}");
    let scope = format!("{date}/{region}/s3/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let secret = format!("AWS4{}", credentials.secret_key);
    let parts = [region, "s3", "aws4_request"];
    let first = hmac(secret.as_bytes(), date.as_bytes());
    let key = parts.iter().fold(first, |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&key, text.as_bytes()));
    let key = &credentials.access_key;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={key}/{scope},SignedHeaders={names},Signature={signature}");
    headers.push(("authorization", authorization));
    headers
}

/// Length of the blocks of SHA-256 in bytes.
const BLOCK: usize = 64;

/// The HMAC of RFC 2104 with SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    let digest = Sha256::digest(key);
    let key = if key.len() > BLOCK { digest.as_slice() } else { key };
    for (byte, key) in block.iter_mut().zip(key) {
        *byte = *key;
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(text);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Encodes by the alphabet of RFC 4648.
fn base64(bytes: &[u8]) -> String {
    let digit = |value: u32| match value as u8 & 63 {
        value @ 0..26 => char::from(b'A' + value),
        value @ 26..52 => char::from(b'a' + value - 26),
        value @ 52..62 => char::from(b'0' + value - 52),
        62 => '+',
        _ => '/',
    };
    let mut encoded = String::new();
    for group in bytes.chunks(3) {
        let padded = group.iter().chain(&[0; 2]).take(3);
        let value = padded.fold(0, |value, byte| value << 8 | u32::from(*byte));
        for index in 0..4 {
            encoded.push(if index > group.len() {
                '='
            } else {
                digit(value >> (18 - 6 * index))
            });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Test case 2 of RFC 4231, and a key longer than a block from test case 6.
    #[test]
    fn hmac_is_that_of_the_standard() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            hex(&short),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(
            hex(&long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    /// The test vectors of RFC 4648.
    #[test]
    fn base64_is_that_of_the_standard() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(
            encoded,
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
        );
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    /// The example "GET Bucket (List Objects)" of the documentation of Amazon S3.
    #[test]
    fn signatures_are_those_of_the_documentation() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let request = Unsigned {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/",
            query: "max-keys=2&prefix=J",
            condition: None,
            content: b"",
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let headers = sign(&request, &credentials, "us-east-1", now);
        let (_, authorization) = headers.last().unwrap();
        let expected = "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert!(authorization.ends_with(expected), "{authorization}");
        assert!(!authorization.contains("wJalrX"));
    }
}

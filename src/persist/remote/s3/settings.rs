//! Settings of an S3 store, from its URL and from environment variables.

use std::fmt;

use super::sign::Credentials;
use crate::persist::remote::percent::decode;

/// Where a store is, and how it is asked.
pub(super) struct Settings {
    pub(super) is_secure: bool,
    /// Host, and port if it isn't the default one.
    pub(super) host: String,
    /// Begins with `/`, percent-encoded: the bucket, where it isn't part of the host.
    pub(super) root: String,
    /// Before all keys: empty, or ends with `/`.
    pub(super) prefix: String,
    pub(super) region: String,
    pub(super) credentials: Credentials,
}

/// An error in the URL of an S3 store, or in environment variables.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3UrlError {
    /// The URL isn't of the form `s3://BUCKET/PREFIX?NAME=VALUE&…`, or its bucket has a character that no bucket has.
    #[error("the URL isn't of the form `s3://BUCKET/PREFIX`")]
    Form,
    /// The URL has a parameter of this name, which doesn't exist.
    #[error("the URL has the unknown parameter {0:?}: there are `endpoint`, `region` and `path_style`")]
    Parameter(String),
    /// The value of this parameter or variable is invalid.
    #[error("the value of {0:?} is invalid")]
    Value(&'static str),
    /// This environment variable is missing.
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    /// This processor can't run the cryptography of TLS.
    #[error("TLS needs a processor of x86-64 with AVX2, or of AArch64")]
    Tls,
}

/// Names of the environment variables of an endpoint, the first set one of which counts.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

impl Settings {
    /// Parses a URL. Environment variables are looked up by `variable`.
    pub(super) fn parse(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, S3UrlError> {
        // An empty variable counts as missing, as for the tools of AWS.
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let first = |names: [&str; 2]| names.into_iter().find_map(variable);
        let rest = url.strip_prefix("s3://").ok_or(S3UrlError::Form)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_bucket = bucket.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !is_bucket || !bucket.bytes().all(is_allowed) || place.contains(['#', '%']) {
            return Err(S3UrlError::Form);
        }

        let mut endpoint = first(ENDPOINTS);
        let mut region = first(["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let mut path_style = match variable("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") {
            Some(value) => Some(!boolean("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", &value)?),
            None => None,
        };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = || decode(value).filter(|value| !value.is_empty());
            match name {
                "endpoint" => endpoint = Some(value().ok_or(S3UrlError::Value("endpoint"))?),
                "region" => region = Some(value().ok_or(S3UrlError::Value("region"))?),
                "path_style" => path_style = Some(boolean("path_style", &value().unwrap_or_default())?),
                _ => return Err(S3UrlError::Parameter(name.to_owned())),
            }
        }
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(S3UrlError::Value("region"));
        }
        // A certificate for `*.s3.amazonaws.com` has no bucket with a dot.
        let path_style = path_style.unwrap_or(endpoint.is_some() || bucket.contains('.'));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let (is_secure, host) = parse_endpoint(&endpoint)?;
        let secret = |name: &'static str| match variable(name) {
            // They become parts of a header.
            Some(value) if value.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(value),
            Some(_) => Err(S3UrlError::Value(name)),
            None => Err(S3UrlError::Missing(name)),
        };
        let session_token = match secret("AWS_SESSION_TOKEN") {
            Err(S3UrlError::Missing(_)) => None,
            token => Some(token?),
        };
        let credentials = Credentials {
            access_key: secret("AWS_ACCESS_KEY_ID")?,
            secret_key: secret("AWS_SECRET_ACCESS_KEY")?,
            session_token,
        };
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        let (host, root) = match path_style {
            true => (host, format!("/{bucket}/")),
            false => (format!("{bucket}.{host}"), "/".to_owned()),
        };
        Ok(Self {
            is_secure,
            host,
            root,
            prefix,
            region,
            credentials,
        })
    }
}

/// Shows no credentials.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("is_secure", &self.is_secure)
            .field("host", &self.host)
            .field("root", &self.root)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

fn boolean(name: &'static str, value: &str) -> Result<bool, S3UrlError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(S3UrlError::Value(name)),
    }
}

/// Whether an endpoint is asked over TLS, and its host, with a port if it isn't the default one.
fn parse_endpoint(endpoint: &str) -> Result<(bool, String), S3UrlError> {
    let (scheme, rest) = endpoint.split_once("://").ok_or(S3UrlError::Value("endpoint"))?;
    let (is_secure, default_port) = match scheme {
        "https" => (true, ":443"),
        "http" => (false, ":80"),
        _ => return Err(S3UrlError::Value("endpoint")),
    };
    let host = rest.trim_end_matches('/');
    let host = host.strip_suffix(default_port).unwrap_or(host);
    // No path, no user and password.
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    match !host.is_empty() && host.bytes().all(is_allowed) {
        true => Ok((is_secure, host.to_owned())),
        false => Err(S3UrlError::Value("endpoint")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, more: &[(&str, &str)]) -> Result<Settings, S3UrlError> {
        let known = [("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "hush")];
        Settings::parse(url, |name| {
            let all = more.iter().chain(&known);
            all.clone()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_url_and_the_environment_name_a_place() {
        let place = |url, variables: &[_]| {
            let settings = parse(url, variables).unwrap();
            let scheme = if settings.is_secure { "https" } else { "http" };
            let Settings {
                host,
                root,
                prefix,
                region,
                ..
            } = settings;
            format!("{scheme}://{host}{root}{prefix} {region}")
        };
        let local = "http://127.0.0.1:9000";
        assert_eq!(place("s3://b", &[]), "https://b.s3.us-east-1.amazonaws.com/ us-east-1");
        assert_eq!(
            place("s3://b.c/d/", &[]),
            "https://s3.us-east-1.amazonaws.com/b.c/d/ us-east-1"
        );
        assert_eq!(
            place("s3://b/c/d?region=eu-west-1", &[("AWS_REGION", "x")]),
            "https://b.s3.eu-west-1.amazonaws.com/c/d/ eu-west-1"
        );
        assert_eq!(
            place("s3://b", &[("AWS_ENDPOINT_URL", local)]),
            "http://127.0.0.1:9000/b/ us-east-1"
        );
        let both = [
            ("AWS_ENDPOINT_URL", "http://other"),
            ("AWS_ENDPOINT_URL_S3", local),
            ("AWS_DEFAULT_REGION", "y"),
        ];
        assert_eq!(place("s3://b", &both), "http://127.0.0.1:9000/b/ y");
        assert_eq!(
            place("s3://b?endpoint=https%3A%2F%2Fh:443/&path_style=false", &both),
            "https://b.h/ y"
        );
        let virtual_hosted = [
            ("AWS_ENDPOINT_URL", local),
            ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
        ];
        assert_eq!(place("s3://b", &virtual_hosted), "http://b.127.0.0.1:9000/ us-east-1");
        assert_eq!(
            place("s3://b?endpoint=http://[::1]:80", &[]),
            "http://[::1]/b/ us-east-1"
        );
    }

    #[test]
    fn invalid_urls_are_refused() {
        for url in [
            "s3:/b",
            "s3://",
            "s3:///a",
            "s3://b c",
            "s3://b/%",
            "s3://b/a#b",
            "s3://b?x=1",
            "s3://b?endpoint",
            "s3://b?endpoint=h",
            "s3://b?endpoint=ftp://h",
            "s3://b?endpoint=http://u:p@h",
            "s3://b?endpoint=http://h/p",
            "s3://b?endpoint=http://%zz",
            "s3://b?region=a%0ab",
            "s3://b?path_style=perhaps",
        ] {
            assert!(parse(url, &[]).is_err(), "{url}");
        }
        assert!(matches!(
            parse("s3://b", &[("AWS_SECRET_ACCESS_KEY", "")]),
            Err(S3UrlError::Missing("AWS_SECRET_ACCESS_KEY"))
        ));
        assert!(parse("s3://b", &[("AWS_SESSION_TOKEN", "a\nb")]).is_err());
    }

    #[test]
    fn credentials_are_not_shown() {
        let settings = parse("s3://b/c", &[("AWS_SESSION_TOKEN", "session")]).unwrap();
        let shown = format!("{settings:?}");
        for secret in ["AKIATEST", "hush", "session"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

//! Answers of servers, as an S3 store reads them.

use std::io::{BufRead, BufReader, Read, Write};
use std::iter;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use pleach::persist::remote::{ObjectStore, ObjectStoreError, ObjectVersion, Put, S3Store};

const SECRETS: [&str; 3] = ["AKIA42TEST", "top/secret+key", "token-of-session"];

/// A server that gives these answers, each on a connection of its own, and returns the requests.
struct Server {
    store: S3Store,
    requests: JoinHandle<Vec<String>>,
}

impl Server {
    fn start(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = answers.to_vec();
        let requests = thread::spawn(move || answers.iter().map(|answer| serve(&listener, answer)).collect());
        let url = format!("s3://bucket/prefix?endpoint=http://127.0.0.1:{port}");
        let variable = |name: &str| {
            let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
            iter::zip(names, SECRETS)
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
        };
        let store = S3Store::with_variables(&url, variable).unwrap();
        Self { store, requests }
    }

    /// The requests, once all answers were given.
    fn requests(self) -> Vec<String> {
        self.requests.join().unwrap()
    }
}

fn serve(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut content = vec![0; length];
    reader.read_exact(&mut content).unwrap();
    request.push_str(str::from_utf8(&content).unwrap());
    stream.write_all(answer.as_bytes()).unwrap();
    request
}

fn answer(status: &str, headers: &str, content: &str) -> String {
    let length = content.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\n{headers}Content-Length: \
         {length}\r\n\r\n{content}"
    )
}

fn object(content: &str) -> String {
    answer(
        "200 OK",
        "ETag: \"v1\"\r\nLast-Modified: Thu, 23 May 2013 00:00:00 GMT\r\n",
        content,
    )
}

fn failure(status: &str, code: &str) -> String {
    answer(
        status,
        "",
        &format!("<Error><Code>{code}</Code><Message>{}</Message></Error>", SECRETS[2]),
    )
}

fn page(content: &str) -> String {
    answer("200 OK", "", &format!("<ListBucketResult>{content}</ListBucketResult>"))
}

/// The messages of an error and its sources, none of which shows a secret.
fn shown(error: &ObjectStoreError) -> String {
    let sources = iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let shown: String = sources.map(|error| format!("{error}: ")).collect();
    let all = format!("{shown} {error:?}");
    assert!(SECRETS.iter().all(|secret| !all.contains(secret)), "{all}");
    shown
}

fn version() -> ObjectVersion {
    ObjectVersion::new("\"v0\"")
}

#[test]
fn requests_are_signed_by_headers() {
    let server = Server::start(&[object("content"), object(""), object("")]);
    let found = server.store.get("a%2f/b").unwrap().unwrap();
    assert_eq!(
        (&found.content[..], found.version.as_str()),
        (&b"content"[..], "\"v1\"")
    );
    let _ = server.store.put_if_absent("a", b"new").unwrap();
    let _ = server.store.put_if_unchanged("a", b"newer", &version()).unwrap();
    let requests = server.requests();
    assert!(
        requests[0].starts_with("GET /bucket/prefix/a%252f/b HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(
        requests[1].starts_with("PUT /bucket/prefix/a HTTP/1.1\r\n"),
        "{}",
        requests[1]
    );
    assert!(requests[1].ends_with("\r\n\r\nnew"));
    // The checksum that `printf new | openssl sha256 -binary | base64` prints.
    assert!(requests[1].contains("x-amz-checksum-sha256: EVB6Di9eadXfpApiob17buV+a82FxnybhDGzb/8hxDc=\r\n"));
    assert!(requests[1].contains("if-none-match: *\r\n") && requests[2].contains("if-match: \"v0\"\r\n"));
    for request in requests {
        assert!(
            request.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIA42TEST/"),
            "{request}"
        );
        assert!(!request.contains(SECRETS[1]), "{request}");
    }
}

#[test]
fn reads_are_repeated_and_writes_are_not() {
    let server = Server::start(&[failure("503 Slow Down", "SlowDown"), String::new(), object("content")]);
    assert_eq!(server.store.get("a").unwrap().unwrap().content, b"content");
    assert_eq!(server.requests().len(), 3);

    for failed in [
        failure("500 Error", "InternalError"),
        failure("503 Slow Down", "SlowDown"),
        String::new(),
    ] {
        let server = Server::start(&[failed]);
        // A repeated request would find no server, and wait for none.
        shown(&server.store.put_if_absent("a", b"1").unwrap_err());
        assert_eq!(server.requests().len(), 1);
    }
    let server = Server::start(&[failure("503 Slow Down", "SlowDown")]);
    shown(&server.store.delete("a").unwrap_err());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_conflict_is_no_refusal() {
    let conflict = || failure("409 Conflict", "ConditionalRequestConflict");
    let server = Server::start(&[conflict(), conflict(), object("")]);
    assert!(matches!(
        server.store.put_if_absent("a", b"1").unwrap(),
        Put::Written { .. }
    ));
    assert_eq!(server.requests().len(), 3);
    let server = Server::start(&[conflict(), failure("412 Precondition Failed", "PreconditionFailed")]);
    assert_eq!(
        server.store.put_if_unchanged("a", b"1", &version()).unwrap(),
        Put::Refused
    );
    assert_eq!(server.requests().len(), 2);
    let server = Server::start(&iter::repeat_with(conflict).take(5).collect::<Vec<_>>());
    let error = server.store.put_if_absent("a", b"1").unwrap_err();
    assert!(shown(&error).contains("409: ConditionalRequestConflict"));
}

#[test]
fn only_an_absent_object_is_absent() {
    let server = Server::start(&[
        failure("404 Not Found", "NoSuchKey"),
        failure("404 Not Found", "NoSuchKey"),
    ]);
    assert_eq!(server.store.get("a").unwrap(), None);
    assert_eq!(
        server.store.put_if_unchanged("a", b"1", &version()).unwrap(),
        Put::Refused
    );
    for other in [
        failure("404 Not Found", "NoSuchBucket"),
        answer("404 Not Found", "", "<html>not found</html>"),
        answer("404 Not Found", "", ""),
        failure("403 Forbidden", "AccessDenied"),
        // Redirects aren't followed: the signature is for one host.
        answer("301 Moved", "Location: http://127.0.0.1:9/\r\n", ""),
        answer("304 Not Modified", "", ""),
        // Whatever a server says isn't shown.
        failure("400 Bad Request", SECRETS[0]),
    ] {
        let server = Server::start(&[other.clone(), other.clone(), other.clone(), other]);
        shown(&server.store.get("a").unwrap_err());
        shown(&server.store.put_if_unchanged("a", b"1", &version()).unwrap_err());
        shown(&server.store.list("").unwrap_err());
        shown(&server.store.delete("a").unwrap_err());
        server.requests();
    }
    let server = Server::start(&[failure("404 Not Found", "NoSuchKey")]);
    shown(&server.store.put_if_absent("a", b"1").unwrap_err());
}

#[test]
fn incomplete_answers_are_errors() {
    let truncated = object("content").replace("Content-Length: 7", "Content-Length: 9");
    let endless = object("content").replace("Content-Length: 7\r\n", "");
    let nameless = object("content").replace("ETag", "Tag");
    for incomplete in [truncated, endless, nameless] {
        let server = Server::start(&vec![incomplete; 5]);
        shown(&server.store.get("a").unwrap_err());
        assert_eq!(server.requests().len(), 5);
    }
    let server = Server::start(&[answer("200 OK", "", "")]);
    shown(&server.store.put_if_absent("a", b"1").unwrap_err());
}

const CONTENTS: &str = "<Contents><Key>prefix/KEY</Key><LastModified>2013-05-23T00:00:00.000Z</LastModified>\
                        <ETag>&quot;v1&quot;</ETag><Size>3</Size><Owner><ID>x</ID></Owner></Contents>";

#[test]
fn listings_are_read_to_their_end() {
    let first = page(&format!(
        "<IsTruncated>true</IsTruncated><NextContinuationToken>a=+/</NextContinuationToken>{}{}",
        CONTENTS.replace("KEY", "a/1"),
        // Objects of others.
        CONTENTS.replace("KEY", "a/A b")
    ));
    let second = page(&format!(
        "<IsTruncated>false</IsTruncated>{}",
        CONTENTS.replace("KEY", "a/2")
    ));
    let server = Server::start(&[first, failure("500 Error", ""), second]);
    let listing = server.store.list("a/").unwrap();
    assert!(listing.objects.iter().map(|object| &*object.key).eq(["a/1", "a/2"]));
    assert_eq!(
        (listing.objects[0].size, listing.objects[0].version.as_str()),
        (3, "\"v1\"")
    );
    let requests = server.requests();
    assert!(requests[0].starts_with("GET /bucket/?list-type=2&max-keys=1000&prefix=prefix%2Fa%2F HTTP"));
    let token = "GET /bucket/?continuation-token=a%3D%2B%2F&list-type=2&";
    assert!(requests[1].starts_with(token) && requests[2].starts_with(token));
}

#[test]
fn incomplete_listings_are_errors() {
    let last = "<IsTruncated>false</IsTruncated>";
    for incomplete in [
        page(""),
        page("<IsTruncated>true</IsTruncated>"),
        page(&format!("{last}<Contents>")),
        page(&format!("{last}{}", CONTENTS.replace("prefix/", "elsewhere/"))),
        page(&format!("{last}{}", CONTENTS.replace("Size", "Length"))),
        page(&format!("{last}{}", CONTENTS.replace("05-23", "23-05"))),
        answer("200 OK", "", ""),
        answer("200 OK", "", "<html/>"),
    ] {
        let server = Server::start(&vec![incomplete; 5]);
        shown(&server.store.list("").unwrap_err());
        assert_eq!(server.requests().len(), 5);
    }
    // A server that repeats itself would be asked for ever.
    let next = |token: &str| {
        page(&format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
        ))
    };
    for pages in [vec!["a", "a"], vec!["a", "b", "a"]] {
        let server = Server::start(&pages.iter().map(|token| next(token)).collect::<Vec<_>>());
        shown(&server.store.list("").unwrap_err());
        assert_eq!(server.requests().len(), pages.len());
    }
}

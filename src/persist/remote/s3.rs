//! S3, and what speaks its protocol, as an object store.

mod answer;
mod settings;
mod sign;
mod time;
mod xml;

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, SystemTime};

pub use answer::S3Error;
pub use settings::S3UrlError;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use self::answer::{Answer, MAX_LENGTH, Page};
use self::settings::Settings;
use self::sign::{Unsigned, sign};
use super::backoff::Backoff;
use super::key;
use super::object_store::{Listing, Object, ObjectStore, ObjectStoreError, ObjectVersion, Put};
use super::percent::encode;

/// Number of attempts of a request that is repeated.
const MAX_ATTEMPTS: u32 = 5;

/// Upper limit of the delay before the first repetition, doubled for each further one.
const FIRST_DELAY: Duration = Duration::from_millis(50);

/// Time for a connection to be established.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for an answer to begin, and between two of its parts.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for a whole request and answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);

/// Number of connections that are kept open: as many as requests run at once.
const MAX_CONNECTIONS: usize = 64;

/// Objects in a bucket of S3 or of a store with its protocol: an [`ObjectStore`] for many machines.
///
/// # URL
/// `s3://BUCKET/PREFIX?NAME=VALUE&…`, with these optional parameters, which take precedence over the environment
/// variables in the second column:
///
/// | parameter | variable | |
/// |---|---|---|
/// | `endpoint` | `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` | `http://…` or `https://…`; otherwise Amazon's of the region |
/// | `region` | `AWS_REGION`, `AWS_DEFAULT_REGION` | otherwise `us-east-1` |
/// | `path_style` | `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` (its opposite) | whether the bucket is part of the path: by default if there is an endpoint |
/// | | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` | required |
/// | | `AWS_SESSION_TOKEN` | of temporary credentials |
///
/// No credential is part of a URL, of an error or of the output of `Debug`: requests are signed by a header. A program
/// that enables the level `trace` of the crate `log` logs the bytes of requests, session tokens among them, but never
/// the secret key.
///
/// # Requests
/// Threads share connections, at most 64 of which stay open. Reads and listings are attempted up to five times, with
/// random delays; conditional writes only after the answer 409, which says that nothing was written. TLS is that of
/// `rustls` with the certificates of the system, or with those of `SSL_CERT_FILE`; it needs a processor of the families
/// x86-64 (with AVX2) or AArch64.
///
/// # Limits
/// An object has at most 1 GiB. The clock of this machine must be right to 15 minutes, or signatures are refused. The store must support conditional writes: see [`probe`](super::probe).
pub struct S3Store {
    settings: Settings,
    agent: Agent,
}

impl S3Store {
    /// Opens a store by its URL. Sends no request.
    ///
    /// # Errors
    /// If the URL or an environment variable is invalid or missing.
    ///
    /// ```
    /// use pleach::persist::remote::{S3Store, S3UrlError};
    ///
    /// assert!(matches!(S3Store::open("s3://"), Err(S3UrlError::Form)));
    /// ```
    pub fn open(url: &str) -> Result<Self, S3UrlError> {
        Self::with_variables(url, |name| std::env::var(name).ok())
    }

    /// Opens a store as [`open`](Self::open) does, with a function in place of the environment variables.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// use pleach::persist::remote::S3Store;
    ///
    /// let variables = |name: &str| match name {
    ///     "AWS_ACCESS_KEY_ID" => Some("key".to_owned()),
    ///     "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
    ///     _ => None,
    /// };
    /// let store = S3Store::with_variables("s3://bucket/prefix?endpoint=http://localhost:8333", variables)?;
    /// assert!(!format!("{store:?}").contains("secret"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_variables(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, S3UrlError> {
        let settings = Settings::parse(url, variable)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The signature is that of one host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("pleach/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(MAX_CONNECTIONS)
            .max_idle_connections_per_host(MAX_CONNECTIONS)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_per_read(Some(ANSWER_TIMEOUT))
            .timeout_per_write(Some(ANSWER_TIMEOUT))
            .timeout_global(Some(REQUEST_TIMEOUT));
        if settings.is_secure {
            config = config.tls_config(tls().ok_or(S3UrlError::Tls)?);
        }
        let agent = config.build().new_agent();
        Ok(Self { settings, agent })
    }

    /// Sends a request once. Its path is that of `key`, if there is one.
    fn send(
        &self,
        method: &'static str,
        key: &str,
        query: &str,
        condition: Option<(&'static str, &str)>,
        content: &[u8],
    ) -> Result<Answer, S3Error> {
        let Settings {
            host,
            root,
            prefix,
            region,
            credentials,
            is_secure,
        } = &self.settings;
        let path = match key {
            "" => root.clone(),
            key => format!("{root}{}", encode(&format!("{prefix}{key}"), "/")),
        };
        let unsigned = Unsigned {
            method,
            host,
            path: &path,
            query,
            condition,
            content,
        };
        let scheme = if *is_secure { "https" } else { "http" };
        let separator = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{scheme}://{host}{path}{separator}{query}"));
        for (name, value) in sign(&unsigned, credentials, region, SystemTime::now()) {
            request = request.header(name, value);
        }
        let request = request.body(content).map_err(ureq::Error::from)?;
        let response = match method {
            "PUT" => self.agent.run(request),
            _ => self.agent.run(request.map(|_| ())),
        };
        Answer::read(response?)
    }

    /// Sends a request that may be repeated, until its answer is a whole one of success, or says that nothing is there.
    fn ask<R>(
        &self,
        key: &str,
        query: &str,
        parse: impl Fn(Answer) -> Result<R, S3Error>,
    ) -> Result<Option<R>, S3Error> {
        repeat(S3Error::is_temporary, || {
            let answer = self.send("GET", key, query, None, &[])?;
            match answer.status {
                200 => parse(answer).map(Some),
                _ if answer.is_absent() => Ok(None),
                _ => Err(answer.into_error()),
            }
        })
    }

    fn get(&self, key: &str) -> Result<Option<Object>, S3Error> {
        self.ask(key, "", Answer::into_object)
    }

    fn put(&self, key: &str, content: &[u8], condition: (&'static str, &str)) -> Result<Put, S3Error> {
        if content.len() > MAX_LENGTH {
            return Err(S3Error::TooLong);
        }
        // 409 is the answer to a write that a concurrent one has hindered.
        repeat(S3Error::is_conflict, || {
            let answer = self.send("PUT", key, "", Some(condition), content)?;
            match answer.status {
                200 => answer.written(),
                412 => Ok(Put::Refused),
                // The answer of Amazon to `If-Match`.
                _ if condition.0 == "if-match" && answer.is_absent() => Ok(Put::Refused),
                _ => Err(answer.into_error()),
            }
        })
    }

    fn list(&self, prefix: &str) -> Result<Listing, S3Error> {
        let own = &self.settings.prefix;
        let whole = encode(&format!("{own}{prefix}"), "");
        let mut listing: Option<Listing> = None;
        let (mut token, mut tokens): (Option<String>, _) = (None, HashSet::new());
        loop {
            // In the order of the names, as signatures demand.
            let continuation = match &token {
                None => String::new(),
                Some(token) => format!("continuation-token={}&", encode(token, "")),
            };
            let query = format!("{continuation}list-type=2&max-keys=1000&prefix={whole}");
            let page = self.ask("", &query, |answer| Page::parse(&answer, own))?;
            let page = page.ok_or(S3Error::Incomplete("a page"))?;
            let listing = listing.get_or_insert(Listing {
                objects: Vec::new(),
                now: page.now,
            });
            let objects = page.objects.into_iter();
            listing
                .objects
                .extend(objects.filter(|object| object.key.starts_with(prefix) && key::is_key(&object.key)));
            match page.next {
                // A server that repeats itself would be asked for ever.
                Some(next) if !tokens.insert(next.clone()) => return Err(S3Error::Incomplete("a next page")),
                Some(next) => token = Some(next),
                None => break,
            }
        }
        let mut listing = listing.ok_or(S3Error::Incomplete("a page"))?;
        // Directory buckets have no order.
        listing.objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        listing.objects.dedup_by(|a, b| a.key == b.key);
        Ok(listing)
    }

    fn delete(&self, key: &str) -> Result<(), S3Error> {
        // Not repeated: another machine may have written the object anew since.
        let answer = self.send("DELETE", key, "", None, &[])?;
        match answer.status {
            200 | 204 => Ok(()),
            _ if answer.is_absent() => Ok(()),
            _ => Err(answer.into_error()),
        }
    }
}

impl S3Error {
    fn of(self, operation: &'static str, key: &str) -> ObjectStoreError {
        match self.is_temporary() || self.is_conflict() {
            true => ObjectStoreError::new(operation, key, self),
            false => ObjectStoreError::permanent(operation, key, self),
        }
    }
}

/// Attempts a request until it succeeds, or fails with an error after which it may not be repeated.
fn repeat<R>(
    may_repeat: impl Fn(&S3Error) -> bool,
    mut attempt: impl FnMut() -> Result<R, S3Error>,
) -> Result<R, S3Error> {
    let mut backoff = Backoff::new(FIRST_DELAY, Duration::MAX);
    for _ in 1..MAX_ATTEMPTS {
        match attempt() {
            Err(error) if may_repeat(&error) => backoff.wait(Duration::MAX),
            done => return done,
        }
    }
    attempt()
}

/// TLS with cryptography in Rust and inline assembly; `None` if this processor can't run it.
fn tls() -> Option<TlsConfig> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if graviola::util::is_cpu_supported() {
        let certificates = rustls_native_certs::load_native_certs().certs.into_iter();
        let certificates = certificates.map(|certificate| ureq::tls::Certificate::from_der(&certificate).to_owned());
        let config = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls_graviola::default_provider()))
            .root_certs(RootCerts::from(certificates))
            .build();
        return Some(config);
    }
    None
}

/// Shows no credentials.
impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl ObjectStore for S3Store {
    fn get(&self, key: &str) -> Result<Option<Object>, ObjectStoreError> {
        key::check("get", key)?;
        self.get(key).map_err(|error| error.of("get", key))
    }

    fn put_if_absent(&self, key: &str, content: &[u8]) -> Result<Put, ObjectStoreError> {
        key::check("put_if_absent", key)?;
        let put = self.put(key, content, ("if-none-match", "*"));
        put.map_err(|error| error.of("put_if_absent", key))
    }

    fn put_if_unchanged(&self, key: &str, content: &[u8], version: &ObjectVersion) -> Result<Put, ObjectStoreError> {
        key::check("put_if_unchanged", key)?;
        let put = self.put(key, content, ("if-match", version.as_str()));
        put.map_err(|error| error.of("put_if_unchanged", key))
    }

    fn list(&self, prefix: &str) -> Result<Listing, ObjectStoreError> {
        key::check_prefix(prefix)?;
        self.list(prefix).map_err(|error| error.of("list", prefix))
    }

    fn delete(&self, key: &str) -> Result<(), ObjectStoreError> {
        key::check("delete", key)?;
        self.delete(key).map_err(|error| error.of("delete", key))
    }
}

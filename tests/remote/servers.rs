//! The server that the environment variable `PLEACH_TEST_S3` names by its URL: see `.ci/remote.sh`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use pleach::persist::remote::{ObjectStore, S3Store, open_store, probe};

use crate::contract::contract;

/// A URL with a prefix of its own.
pub(crate) fn url() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let url = std::env::var("PLEACH_TEST_S3").unwrap();
    let (place, query) = url.split_once('?').unwrap();
    let time = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{place}/{time}-{}-{number}?{query}", std::process::id())
}

contract!(
    #[ignore = "needs a server"]
    server,
    (open_store(&url()).unwrap(), ())
);

#[test]
#[ignore = "needs a server"]
fn the_server_has_conditional_writes() {
    probe(&open_store(&url()).unwrap()).unwrap();
}

#[test]
#[ignore = "needs a server"]
fn a_missing_bucket_is_an_error_and_not_an_empty_store() {
    let url = std::env::var("PLEACH_TEST_S3").unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let store = S3Store::open(&format!("s3://missing?{query}")).unwrap();
    // Nothing is written: SeaweedFS would create the bucket.
    assert!(store.get("a").is_err());
    assert!(store.list("").is_err());
}

#[test]
#[ignore = "needs a server"]
fn appends_survive_kills() {
    let url = url();
    crate::processes::appends_are_kept(&url, &url, 4, 10, 20, 0);
}

#[test]
#[ignore = "needs a server"]
fn appends_survive_faults() {
    let url = url();
    crate::processes::appends_are_kept(&url, &url, 8, 50, 0, 3);
}

#[test]
#[ignore = "needs a server"]
fn appends_survive_faults_of_a_proxy() {
    let url = url();
    // A proxy doesn't speak TLS.
    if let Some((place, server)) = url.split_once("endpoint=http://") {
        let address = crate::proxy::start(server, 4);
        let through = format!("{place}endpoint=http://{address}");
        crate::processes::appends_are_kept(&url, &through, 8, 50, 0, 0);
    }
}

#[test]
#[ignore = "needs a server"]
fn processes_push() {
    let url = url();
    crate::pushes::processes_push(&url, &url, 8, 50, 0);
}

#[test]
#[ignore = "needs a server"]
fn processes_push_with_faults() {
    let url = url();
    crate::pushes::processes_push(&url, &url, 8, 50, 10);
}

#[test]
#[ignore = "needs a server"]
fn processes_push_through_a_proxy_with_faults() {
    let url = url();
    if let Some((place, server)) = url.split_once("endpoint=http://") {
        let through = format!("{place}endpoint=http://{}", crate::proxy::start(server, 8));
        crate::pushes::processes_push(&url, &through, 4, 10, 0);
    }
}

#[test]
#[ignore = "needs a server"]
fn pushes_survive_kills() {
    crate::pushes::pushes_survive_kills(&url(), 60);
}

//! A proxy between clients and a server, which fails as networks and servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// A message of HTTP: the lines before its content, without the last empty one, and the content.
struct Message {
    head: String,
    content: Vec<u8>,
}

impl Message {
    /// Reads a request, or an answer that ends with its connection.
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let (mut head, mut length, mut is_answer) = (String::new(), 0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            is_answer |= head.is_empty() && line.starts_with("HTTP/");
            let lower = line.to_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            if !lower.starts_with("connection:") {
                head.push_str(&line);
            }
        }
        let mut content = Vec::new();
        match is_answer {
            true => reader.read_to_end(&mut content).ok()?,
            false => reader.take(length).read_to_end(&mut content).ok()?,
        };
        Some(Self { head, content })
    }

    fn write(&self, mut stream: &TcpStream) -> Option<()> {
        let head = format!("{}Connection: close\r\n\r\n", self.head);
        stream.write_all(&[head.as_bytes(), &self.content].concat()).ok()
    }

    fn is_write(&self) -> bool {
        self.head.starts_with("PUT")
    }
}

fn failure(status: &str, code: &str) -> Message {
    let content = format!("<Error><Code>{code}</Code></Error>").into_bytes();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", content.len());
    Message { head, content }
}

/// Starts a proxy to a server. One of `one_in` requests has a fault. Returns its address.
pub(crate) fn start(server: &str, one_in: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, number) = (server.to_owned(), Arc::new(AtomicU64::new(0)));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (server, number) = (server.clone(), number.fetch_add(1, Ordering::Relaxed));
            // Without an answer, the connection is closed.
            thread::spawn(move || client.ok().and_then(|client| serve(&client, &server, number, one_in)));
        }
    });
    address
}

fn serve(client: &TcpStream, server: &str, number: u64, one_in: u64) -> Option<()> {
    let request = Message::read(client)?;
    // Scrambled, so that no rhythm of the clients meets always the same.
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let fault = random.is_multiple_of(one_in).then_some(random / one_in % 10);
    // Faults without effect.
    match fault {
        Some(0) => return None,
        Some(1) => return failure("500 Internal Server Error", "InternalError").write(client),
        Some(2) => return failure("503 Service Unavailable", "SlowDown").write(client),
        Some(3) if request.is_write() => return failure("409 Conflict", "ConditionalRequestConflict").write(client),
        Some(3) => return failure("404 Not Found", "NoSuchBucket").write(client),
        _ => {}
    }
    let stream = TcpStream::connect(server).ok()?;
    request.write(&stream)?;
    let mut answer = Message::read(&stream)?;
    match fault {
        // The answer is lost after the effect.
        Some(4) => return None,
        Some(5) => return failure("504 Gateway Timeout", "").write(client),
        // A proxy has repeated the request.
        Some(6) if request.is_write() => return failure("412 Precondition Failed", "PreconditionFailed").write(client),
        Some(7) => answer.content.truncate(answer.content.len() / 2),
        Some(8) if answer.head.starts_with("HTTP/1.1 200") => {
            let middle = answer.content.len() / 2;
            answer.content.get_mut(middle).into_iter().for_each(|byte| *byte ^= 4);
        }
        Some(9) => thread::sleep(Duration::from_millis(30)),
        _ => {}
    }
    answer.write(client)
}

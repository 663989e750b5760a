//! A provider on loopback that does what a test or a benchmark tells it: stream, stall, cut, reset, and note when its socket closes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is done for one request, in order. What is left of the connection afterwards is kept for the next request.
#[derive(Clone)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits, as a model that thinks.
    Wait(Duration),
    /// Sends nothing more until the client hangs up.
    Stall,
    /// Ends the connection as a crash would, with data on the way.
    Reset,
    /// Ends the connection.
    Close,
}

/// What the provider saw.
#[derive(Debug)]
pub enum Seen {
    /// A request, whole.
    Request {
        /// The request line and headers.
        head: String,
        /// The body.
        body: String,
        /// When its last byte had come.
        at: Instant,
    },
    /// The last bytes of an answer were about to be handed to the system, so that what follows is the other side's time alone.
    Answered(Instant),
    /// The client hung up during a [`Step::Stall`].
    Closed(Instant),
}

/// A running provider. It ends with the process.
pub struct Scripted {
    /// Its address: `http://127.0.0.1:PORT`.
    pub address: String,
    /// What it saw, in order.
    pub seen: Receiver<Seen>,
    script: Arc<Mutex<Script>>,
}

/// What is done for a request, by its head.
type Script = Box<dyn FnMut(&str) -> Vec<Step> + Send>;

impl Scripted {
    /// Starts a provider that answers every request by the same steps.
    pub fn start(script: Vec<Step>) -> Self {
        Self::answer(move |_| script.clone())
    }

    /// Starts a provider that answers each request by its head.
    pub fn answer(script: impl FnMut(&str) -> Vec<Step> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, seen) = channel();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let shared = script.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (script, sender) = (shared.clone(), sender.clone());
                std::thread::spawn(move || serve(connection, &script, &sender));
            }
        });
        Self {
            address,
            seen,
            script,
        }
    }

    /// Replaces the steps, from the next request on.
    pub fn set(&self, script: Vec<Step>) {
        *self
            .script
            .lock()
            .expect("no test panics while it holds the script") = Box::new(move |_| script.clone());
    }

    /// Waits for the next request and returns its head and body.
    pub fn request(&self) -> (String, String) {
        loop {
            match self.next() {
                Seen::Request { head, body, .. } => return (head, body),
                Seen::Answered(_) | Seen::Closed(_) => {}
            }
        }
    }

    /// Waits until the client has hung up and returns when that was.
    pub fn closed(&self) -> Instant {
        loop {
            if let Seen::Closed(at) = self.next() {
                return at;
            }
        }
    }

    /// Waits for whatever the provider sees next.
    pub fn next(&self) -> Seen {
        self.seen
            .recv_timeout(Duration::from_secs(20))
            .expect("the provider saw nothing")
    }
}

/// An answer of server-sent events, each a `data:` line, in one piece and with its length, so that the connection is kept.
pub fn events(data: &[&str]) -> Vec<Step> {
    let lines: Vec<String> = data
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let body = lines.concat();
    vec![Step::Send(response("200 OK", "text/event-stream", &body))]
}

/// The head of an answer whose events follow as chunks.
pub fn stream_head() -> Step {
    Step::Send(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec(),
    )
}

/// One chunk with an event in it.
pub fn event(data: &str) -> Step {
    let text = format!("data: {data}\n\n");
    Step::Send(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes())
}

/// The end of an answer in chunks.
pub fn stream_end() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}

/// A whole answer.
pub fn response(status: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn serve(mut connection: TcpStream, script: &Mutex<Script>, seen: &Sender<Seen>) {
    let _ = connection.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some((head, body)) = read_request(&mut connection, &mut buffer) {
        let at = Instant::now();
        let steps = script
            .lock()
            .expect("no test panics while it holds the script")(&head);
        let _ = seen.send(Seen::Request { head, body, at });
        let mut last_sent = at;
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    last_sent = Instant::now();
                    if connection.write_all(&bytes).is_err() {
                        let _ = seen.send(Seen::Closed(Instant::now()));
                        return;
                    }
                }
                Step::Wait(time) => std::thread::sleep(time),
                Step::Stall => {
                    let mut byte = [0];
                    while connection.read(&mut byte).is_ok_and(|length| length > 0) {}
                    let _ = seen.send(Seen::Closed(Instant::now()));
                    return;
                }
                Step::Reset => {
                    // Closing with unread data makes the system send a reset.
                    let _ = connection.shutdown(Shutdown::Read);
                    return;
                }
                Step::Close => return,
            }
        }
        let _ = seen.send(Seen::Answered(last_sent));
    }
}

fn read_request(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")
                        .map(|n| n.trim().parse::<usize>())
                })
                .and_then(Result::ok)
                .unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                let rest = buffer.split_off(end + 4 + length);
                let body = String::from_utf8_lossy(&buffer[end + 4..]).into_owned();
                *buffer = rest;
                return Some((head, body));
            }
        }
        match connection.read(&mut chunk) {
            Ok(length) if length > 0 => buffer.extend_from_slice(&chunk[..length]),
            _ => return None,
        }
    }
}

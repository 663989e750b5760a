//! A provider on loopback that does what a test or a benchmark tells it: stream, stall, cut, reset, and note when its socket closes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
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
    scripts: Scripts,
    connections: Arc<AtomicUsize>,
}

/// What is done for a request, by its head.
pub type Script = Box<dyn FnMut(&str) -> Vec<Step> + Send>;

/// What is done for the requests to come; the last script stays.
type Scripts = Arc<Mutex<VecDeque<Script>>>;

/// A connection, whatever lies between it and the socket.
pub trait Connection: Read + Write + Send {}

impl<T: Read + Write + Send> Connection for T {}

impl Scripted {
    /// Starts a provider that answers every request by the same steps.
    pub fn start(script: Vec<Step>) -> Self {
        Self::answer(always(script))
    }

    /// Starts a provider that answers each request by its head.
    pub fn answer(script: impl FnMut(&str) -> Vec<Step> + Send + 'static) -> Self {
        Self::listen(Box::new(script), |socket| Some(Box::new(socket)))
    }

    /// Starts a provider behind something that makes connections of sockets, such as TLS; a socket that it makes none of is closed.
    pub fn start_behind(
        script: Vec<Step>,
        accept: impl Fn(TcpStream) -> Option<Box<dyn Connection>> + Send + Sync + 'static,
    ) -> Self {
        Self::listen(always(script), accept)
    }

    fn listen(
        script: Script,
        accept: impl Fn(TcpStream) -> Option<Box<dyn Connection>> + Send + Sync + 'static,
    ) -> Self {
        let accept = Arc::new(accept);
        let connections = Arc::<AtomicUsize>::default();
        let counted = connections.clone();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, seen) = channel();
        let scripts = Scripts::new(Mutex::new(VecDeque::from([script])));
        let shared = scripts.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                let (scripts, sender, accept) = (shared.clone(), sender.clone(), accept.clone());
                std::thread::spawn(move || {
                    let _ = socket.set_nodelay(true);
                    let own = socket.try_clone().expect("a socket can be shared");
                    if let Some(connection) = accept(own) {
                        serve(connection, &socket, &scripts, &sender);
                    }
                });
            }
        });
        Self {
            address,
            seen,
            scripts,
            connections,
        }
    }

    /// Returns how many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns how many requests came that nobody has looked at yet, and forgets all that was seen.
    pub fn requests(&self) -> usize {
        let seen = self.seen.try_iter();
        seen.filter(|seen| matches!(seen, Seen::Request { .. }))
            .count()
    }

    /// Replaces the steps, from the next request on.
    pub fn set(&self, script: Vec<Step>) {
        *lock(&self.scripts) = VecDeque::from([always(script)]);
    }

    /// Adds steps, for the request behind those that have their own, and all that follow.
    pub fn then(&self, script: Vec<Step>) {
        lock(&self.scripts).push_back(always(script));
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

/// The head of an answer whose body follows as chunks.
pub fn head(status: &str, kind: &str) -> Step {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
    Step::Send(head.into_bytes())
}

/// The head of an answer whose events follow as chunks.
pub fn stream_head() -> Step {
    head("200 OK", "text/event-stream")
}

/// One chunk; an empty one would end the answer.
pub fn chunk(bytes: &[u8]) -> Step {
    let length = format!("{:x}\r\n", bytes.len());
    Step::Send([length.as_bytes(), bytes, b"\r\n"].concat())
}

/// One chunk with an event in it.
pub fn event(data: &str) -> Step {
    chunk(format!("data: {data}\n\n").as_bytes())
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

fn serve(
    mut connection: Box<dyn Connection>,
    socket: &TcpStream,
    scripts: &Scripts,
    seen: &Sender<Seen>,
) {
    let mut buffer = Vec::new();
    while let Some((head, body)) = read_request(connection.as_mut(), &mut buffer) {
        let at = Instant::now();
        let steps = next_script(scripts, &head);
        let _ = seen.send(Seen::Request { head, body, at });
        let mut last_sent = at;
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    last_sent = Instant::now();
                    let sent = connection.write_all(&bytes);
                    if sent.and_then(|()| connection.flush()).is_err() {
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
                    // A socket that may not linger is closed by a reset.
                    let _ = socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO));
                    return;
                }
                Step::Close => return,
            }
        }
        let _ = seen.send(Seen::Answered(last_sent));
    }
}

fn lock(scripts: &Scripts) -> MutexGuard<'_, VecDeque<Script>> {
    scripts
        .lock()
        .expect("no test panics while it holds the scripts")
}

fn always(script: Vec<Step>) -> Script {
    Box::new(move |_| script.clone())
}

fn next_script(scripts: &Scripts, head: &str) -> Vec<Step> {
    let mut scripts = lock(scripts);
    if scripts.len() > 1 {
        return scripts
            .pop_front()
            .map_or_else(Vec::new, |mut script| script(head));
    }
    scripts
        .front_mut()
        .map_or_else(Vec::new, |script| script(head))
}

fn read_request(connection: &mut dyn Connection, buffer: &mut Vec<u8>) -> Option<(String, String)> {
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

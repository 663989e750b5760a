//! A proxy as companies have it: it is told where to by CONNECT, and passes on what it cannot read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running proxy. It ends with the process.
pub struct Tunnel {
    /// Its address: `http://127.0.0.1:PORT`.
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// Starts a proxy that connects everybody to one place, wherever they want to go; without a place it asks for a password.
    pub fn start(to: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let to = to.map(|to| to.trim_start_matches("http://").to_owned());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (to, seen) = (to.clone(), seen.clone());
                std::thread::spawn(move || serve(client, to.as_deref(), &seen));
            }
        });
        Self { address, heads }
    }

    /// Returns the heads of all requests so far, which is all that a proxy can read.
    pub fn heads(&self) -> Vec<String> {
        let heads = self.heads.lock();
        heads.expect("no thread panics while it holds them").clone()
    }
}

fn serve(client: TcpStream, to: Option<&str>, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut from = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    // It ends with a blank line.
    while from.read_line(&mut head).ok()? > 2 {}
    seen.lock()
        .expect("no thread panics while it holds them")
        .push(head);
    let mut client = client;
    let Some(to) = to else {
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n";
        return client.write_all(refusal.as_bytes()).ok();
    };
    let mut server = TcpStream::connect(to).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut back_from, mut back_to) = (server.try_clone().ok()?, client);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut from, &mut server);
    server.shutdown(Shutdown::Both).ok()
}

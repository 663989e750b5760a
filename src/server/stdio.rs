//! The editor's end of stdin and stdout.
//!
//! Entry points: [`input`] and [`output`]. Where the system can tell when they are ready (pipes and sockets on Unix, which is what editors
//! connect), the loop reads and writes them itself: a thread between it and the editor costs two hand-overs for every message, which is
//! most of what a completion spends here. Files, terminals and other systems get tokio's threads.
//!
//! Both are made inside the runtime. They make their end of the pipe non-blocking, which nobody else has.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where the editor's bytes come from.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where ours go to.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Returns stdin.
pub fn input() -> Input {
    #[cfg(unix)]
    if let Some(ready) = unix::input() {
        return ready;
    }
    Box::new(tokio::io::stdin())
}

/// Returns stdout.
pub fn output() -> Output {
    #[cfg(unix)]
    if let Some(ready) = unix::output() {
        return ready;
    }
    Box::new(tokio::io::stdout())
}

/// Returns stdin, which ends when the system asks the process to end, so that what runs is booked and told as when the editor hangs up.
pub fn input_until_told() -> Input {
    Box::new(UntilTold {
        input: input(),
        told: Some(Box::pin(told())),
    })
}

/// Ends when the system asks the process to end: by SIGTERM, SIGINT or SIGHUP, elsewhere by Ctrl-C. Where that cannot be known, never.
pub async fn told() {
    #[cfg(unix)]
    let told = unix::told().await;
    #[cfg(not(unix))]
    let told = tokio::signal::ctrl_c().await;
    if told.is_err() {
        std::future::pending::<()>().await;
    }
}

/// An input that ends when it is told.
struct UntilTold {
    input: Input,
    /// Gone once it has come.
    told: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl AsyncRead for UntilTold {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let Some(told) = &mut self.told else {
            return Poll::Ready(Ok(()));
        };
        if told.as_mut().poll(context).is_ready() {
            self.told = None;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.input).poll_read(context, buffer)
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{Result, stdin, stdout};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt as _;
    use std::os::unix::net::UnixStream as Socket;

    use tokio::net::UnixStream;
    use tokio::net::unix::pipe::{Receiver, Sender};
    use tokio::signal::unix::{SignalKind, signal};

    use super::{Input, Output};

    /// Ends when the system asks the process to end.
    pub async fn told() -> Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
        Ok(())
    }

    enum Kind {
        Pipe(OwnedFd),
        Socket(UnixStream),
    }

    pub fn input() -> Option<Input> {
        Some(match kind(stdin()).ok()?? {
            Kind::Pipe(pipe) => Box::new(Receiver::from_owned_fd(pipe).ok()?),
            Kind::Socket(socket) => Box::new(socket),
        })
    }

    pub fn output() -> Option<Output> {
        Some(match kind(stdout()).ok()?? {
            Kind::Pipe(pipe) => Box::new(Sender::from_owned_fd(pipe).ok()?),
            Kind::Socket(socket) => Box::new(socket),
        })
    }

    /// Returns a handle of its own to what can tell when it is ready.
    fn kind(stdio: impl AsFd) -> Result<Option<Kind>> {
        let file = File::from(stdio.as_fd().try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        let fd = OwnedFd::from(file);
        Ok(if kind.is_fifo() {
            Some(Kind::Pipe(fd))
        } else if kind.is_socket() {
            // Editors that run on Node connect a pair of sockets.
            let socket = Socket::from(fd);
            socket.set_nonblocking(true)?;
            Some(Kind::Socket(UnixStream::from_std(socket)?))
        } else {
            None
        })
    }
}

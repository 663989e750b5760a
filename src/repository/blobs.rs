//! The beginnings of texts that a repository keeps, of many files by one process: a process for each would take seconds for a change of some hundred files, and
//! ten times as long where processes are dear.
//!
//! Entry point: [`Blobs::head`]. `git cat-file --batch` answers a line with an object's name by a line with its kind and size, and then all of it. What is short is
//! read over; behind a long one a new process is cheaper.

use std::process::Stdio;

use tokio::io::{self, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::git::{Failure, Git};
use crate::workspace::HEAD;

/// So much of a text is read over, in bytes.
const SKIPPED: u64 = 1024 * 1024;

/// The longest line that tells what follows, in bytes. It repeats the name of what is not there.
const LINE: u64 = 64 * 1024;

/// The texts that a repository keeps.
pub(super) struct Blobs<'a> {
    git: &'a Git,
    running: Option<Running>,
}

struct Running {
    /// Killed when this is dropped.
    _child: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl<'a> Blobs<'a> {
    /// Begins with no process.
    pub(super) fn of(git: &'a Git) -> Self {
        Self { git, running: None }
    }

    /// Returns the first bytes of a file's text by its object's name (`HEAD:path`), [`HEAD`] at most; `None` if there is no such file.
    pub(super) async fn head(&mut self, object: &str) -> Result<Option<Vec<u8>>, Failure> {
        // Git ends the line at the one and takes the other for a part of the line's end, so it would answer for another file.
        if object.contains(['\n', '\r']) {
            let why = "it takes no name with a line break";
            return Err(Failure::Refused(why.into()));
        }
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start()?,
        };
        let told = running.head(object).await;
        let (head, rest) = told.map_err(|error| Failure::Refused(error.to_string()))?;
        let is_over = rest <= SKIPPED && running.skip(rest).await.is_ok();
        self.running = Some(running).filter(|_| is_over);
        Ok(head)
    }

    fn start(&self) -> Result<Running, Failure> {
        let mut command = self.git.command(&["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn();
        let mut child = child.map_err(|error| Failure::NoGit(error.to_string()))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(asked), Some(told)) => Ok(Running {
                _child: child,
                asked,
                told: BufReader::new(told),
            }),
            _ => Err(Failure::Refused("it cannot be talked to".into())),
        }
    }
}

impl Running {
    /// Asks for an object; returns its first bytes if it is a file's text, and how many bytes there still are to skip.
    async fn head(&mut self, object: &str) -> io::Result<(Option<Vec<u8>>, u64)> {
        self.asked.write_all(object.as_bytes()).await?;
        self.asked.write_all(b"\n").await?;
        self.asked.flush().await?;
        let mut line = Vec::new();
        let told = &mut self.told;
        told.take(LINE).read_until(b'\n', &mut line).await?;
        let line = String::from_utf8_lossy(&line);
        let garbled = || io::Error::new(io::ErrorKind::InvalidData, "it said something else");
        // `<object> missing`, or `<hash> <kind> <size>`.
        let (before, last) = line
            .strip_suffix('\n')
            .and_then(|line| line.rsplit_once(' '))
            .ok_or_else(garbled)?;
        if last == "missing" {
            return Ok((None, 0));
        }
        let size: u64 = last.parse().map_err(|_| garbled())?;
        // A line break follows.
        let all = size.saturating_add(1);
        if !before.ends_with(" blob") {
            return Ok((None, all));
        }
        let mut head = Vec::new();
        let most = size.min(HEAD as u64);
        told.take(most).read_to_end(&mut head).await?;
        if head.len() as u64 != most {
            return Err(garbled());
        }
        Ok((Some(head), all - most))
    }

    async fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let mut rest = (&mut self.told).take(bytes);
        io::copy_buf(&mut rest, &mut io::sink()).await?;
        Ok(())
    }
}

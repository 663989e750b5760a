//! The process that started the server: the server ends when it does (LSP 3.17, `InitializeParams.processId`).
//!
//! Entry points: [`Parent::named`] and [`Parent::ended`]. An editor that dies closes our input, which tells sooner; this is for the one whose other
//! children hold its pipes open. Only a process that is above ours is believed: an editor outside of a container, or on another machine, names a number that
//! here is nobody's or somebody else's. Where the system cannot tell of a process without being asked again and again, and in time (all but Linux since
//! 5.3), the input alone tells.

use serde_json::Value;

/// The process that the editor named.
#[derive(Default)]
pub(super) struct Parent(#[cfg(target_os = "linux")] Option<linux::Watched>);

impl Parent {
    /// Returns the process of `initialize`'s parameters, if it can be watched.
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    pub fn named(params: Option<&Value>) -> Self {
        #[cfg(target_os = "linux")]
        let parent = Self(params.and_then(|params| linux::watch(params["processId"].as_u64()?)));
        #[cfg(not(target_os = "linux"))]
        let parent = Self();
        parent
    }

    /// Returns whether its end would be noticed.
    pub fn is_watched(&self) -> bool {
        #[cfg(target_os = "linux")]
        let is_watched = self.0.is_some();
        #[cfg(not(target_os = "linux"))]
        let is_watched = false;
        is_watched
    }

    /// Waits until it has ended; for ever, if it is not watched.
    pub async fn ended(&self) {
        #[cfg(target_os = "linux")]
        if let Some(watched) = &self.0
            && watched.readable().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    use tokio::net::unix::pipe::Receiver;

    /// A descriptor that is ready for reading once its process has ended. It is no pipe, but what tells that one is ready tells of it, too.
    pub type Watched = Receiver;

    /// So many processes are looked at above ours; wrappers are one or two.
    const MOST: usize = 16;

    pub fn watch(id: u64) -> Option<Watched> {
        let id = Pid::from_raw(i32::try_from(id).ok()?)?;
        // Before the look, so that the number cannot become another's in between.
        let process = pidfd_open(id, PidfdFlags::empty()).ok()?;
        let mut above = std::iter::successors(rustix::process::getppid(), |id| parent_of(*id));
        above.by_ref().take(MOST).find(|above| *above == id)?;
        Receiver::from_owned_fd_unchecked(process).ok()
    }

    /// Returns the parent of a process (`proc_pid_stat(5)`: behind the name, which may hold anything, stand the state and the parent).
    fn parent_of(id: Pid) -> Option<Pid> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).ok()?;
        let (_, behind) = stat.rsplit_once(')')?;
        Pid::from_raw(behind.split_whitespace().nth(1)?.parse().ok()?)
    }
}

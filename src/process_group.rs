//! The processes that a program of ours starts in its turn, which are to end with it.
//!
//! Entry points: [`apart`], before it is started, and [`ProcessGroup::of`], afterwards. Where the system has no such groups nothing is done.

use tokio::process::{Child, Command};

/// Has a program begin a group of processes of its own. It cannot read from the terminal then.
pub fn apart(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(not(unix))]
    let _ = command;
}

/// The group of a program that was started apart; dropping it ends whatever of it still runs.
pub struct ProcessGroup(#[cfg(unix)] Option<rustix::process::Pid>);

impl ProcessGroup {
    /// Takes the group over.
    #[cfg(unix)]
    pub fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    /// Takes the group over.
    #[cfg(not(unix))]
    pub fn of(_: &Child) -> Self {
        Self()
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // They may have ended by themselves.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

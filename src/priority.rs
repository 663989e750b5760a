//! How urgent a thread's work is to the system.
//!
//! On a machine with few processors, a thread that computes for milliseconds and one that answers the editor often want the same processor. The system
//! shares it out in slices of some 3 ms, and may give the first to the one that was just woken to compute.

use std::cell::Cell;

thread_local! {
    static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread [gives way](give_way), whether or not the system knows how.
pub fn gives_way() -> bool {
    GIVES_WAY.get()
}

/// Has the system prefer other threads to this one from now on, for what computes behind the editor's back.
///
/// Only on Linux, where it is a thread that is nice, not its process (`man 7 sched`, "The nice value"); and for good, since nobody but root takes it back.
pub fn give_way() {
    GIVES_WAY.set(true);
    // A tenth of the share of others, where there are others. Where it may not be said, the thread is as urgent as they are.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(10);
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use rustix::process::getpriority_process;

    #[test]
    fn a_thread_that_gives_way_is_less_urgent_and_the_others_are_as_they_were() {
        let before = getpriority_process(None).unwrap();
        let there = std::thread::spawn(|| {
            super::give_way();
            assert!(super::gives_way());
            getpriority_process(None).unwrap()
        });
        assert_eq!(there.join().unwrap(), (before + 10).min(19));
        assert_eq!(getpriority_process(None).unwrap(), before);
        assert!(!super::gives_way());
    }
}

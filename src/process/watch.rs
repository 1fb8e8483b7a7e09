//! Who waits for a signal that would end us, to put something right before it does.

use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use super::{end_by, endings};

/// It ends the watch. Not one of those that are watched for: an ignored one is let through for a moment, and another's
/// could not be told from ours.
const WAKE: Signal = Signal::SIGUSR2;

/// As long as it lives, `hears` is told of each, and says whether it wants to be told of the next. All threads are
/// [`super::Uninterrupted`] meanwhile.
pub(crate) struct Watch {
    thread: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl Watch {
    /// From here on; `None`: there is no thread to be had.
    pub(crate) fn begin(mut hears: impl FnMut(Signal) -> bool + Send + 'static) -> Option<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let watch = move || {
            let heard: SigSet = endings().iter().chain([WAKE]).collect();
            while let Ok(signal) = heard.wait() {
                if over.load(Ordering::SeqCst) {
                    // One that came first is still to be heard.
                    if signal != WAKE {
                        end_by(signal);
                    }
                    break;
                }
                if !hears(signal) {
                    break;
                }
            }
        };
        // The thread has it blocked from its first moment on.
        let before = SigSet::from(WAKE).thread_swap_mask(SigmaskHow::SIG_BLOCK).ok()?;
        let thread = std::thread::Builder::new().name("signals".into()).spawn(watch);
        let _ = before.thread_set_mask();
        Some(Self { thread: Some(thread.ok()?), is_over })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else { return };
        // musl has a pointer for it where std has a number.
        let _ = pthread_kill(thread.as_pthread_t() as _, WAKE);
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::process::{Uninterrupted, within};

    #[test]
    fn it_ends_whatever_it_is_doing() {
        let is_over = within(Duration::from_secs(60), || {
            let _uninterrupted = Uninterrupted::begin();
            for is_busy in [false, true] {
                let (heard, is_heard) = mpsc::channel();
                let (go, may_go) = mpsc::channel();
                let watch = Watch::begin(move |signal| {
                    heard.send(signal).unwrap();
                    may_go.recv().unwrap();
                    // As `end_now_by`: a wake-up that this let through would be lost, or end us.
                    let blocked = endings().thread_swap_mask(SigmaskHow::SIG_UNBLOCK).unwrap();
                    blocked.thread_set_mask().unwrap();
                    true
                });
                let watch = watch.unwrap();
                let thread = watch.thread.as_ref().unwrap().as_pthread_t();
                if is_busy {
                    pthread_kill(thread as _, Signal::SIGTERM).unwrap();
                    assert_eq!(is_heard.recv(), Ok(Signal::SIGTERM));
                }
                let is_over = watch.is_over.clone();
                let end = std::thread::spawn(move || drop(watch));
                while !is_over.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                let _ = go.send(());
                end.join().unwrap();
            }
        });
        assert!(is_over.is_some(), "it waits for a signal that has come already");
    }
}

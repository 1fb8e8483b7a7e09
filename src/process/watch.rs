//! Who waits for a signal that would end us, to put something right before it does.

use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::Signal;

use super::{end_by, endings};

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
            while let Ok(signal) = endings().wait() {
                if over.load(Ordering::SeqCst) {
                    // The last one is our own, unless another came first: that one is still to be heard.
                    if signal != Signal::SIGHUP {
                        end_by(signal);
                    }
                    break;
                }
                // Our own is lost where it comes while that lets an ignored SIGHUP through: it comes once.
                if !hears(signal) || over.load(Ordering::SeqCst) {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("signals".into()).spawn(watch).ok()?;
        Some(Self { thread: Some(thread), is_over })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else { return };
        // musl has a pointer for it where std has a number.
        let _ = pthread_kill(thread.as_pthread_t() as _, Signal::SIGHUP);
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use nix::sys::signal::SigSet;

    use super::*;
    use crate::process::{Uninterrupted, within};

    #[test]
    fn it_ends_though_its_own_signal_is_lost() {
        let is_over = within(Duration::from_secs(60), || {
            let _uninterrupted = Uninterrupted::begin();
            let (heard, is_heard) = mpsc::channel();
            let watch = Watch::begin(move |_| {
                heard.send(()).unwrap();
                // As `end_now_by` under nohup: whatever comes meanwhile is gone.
                SigSet::from(Signal::SIGHUP).wait().unwrap();
                true
            });
            let watch = watch.unwrap();
            let thread = watch.thread.as_ref().unwrap().as_pthread_t();
            pthread_kill(thread as _, Signal::SIGTERM).unwrap();
            is_heard.recv().unwrap();
        });
        assert!(is_over.is_some(), "it waits for a signal that has come already");
    }
}

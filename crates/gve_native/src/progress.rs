//! Long work without the GIL: who hears how far it is, and who may stop it.
//!
//! The work runs on a thread of its own. The thread that called in waits for it, and some twenty times
//! a second takes the GIL, looks for signals (so that Ctrl-C works) and calls back with the newest
//! progress. What the callback raises stops the work and is raised again.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gve_bake::{BakeError, Watch};
use pyo3::prelude::*;

use crate::errors;

/// Time between two calls back.
const INTERVAL: Duration = Duration::from_millis(50);

/// Stops work that was given it; checked inside of long work. May be used from any thread.
#[pyclass(frozen, module = "gve_native")]
#[derive(Default)]
pub(crate) struct CancelToken(Arc<AtomicBool>);

#[pymethods]
impl CancelToken {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Ends the work that holds this token with `Cancelled`. Cannot be taken back.
    fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether `cancel` was called.
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn __repr__(&self) -> &'static str {
        if self.cancelled() { "<CancelToken cancelled>" } else { "<CancelToken>" }
    }
}

/// What a caller wants to hear and may say while work is under way.
pub(crate) struct Caller {
    progress: Option<Py<PyAny>>,
    token: Option<Arc<AtomicBool>>,
}

impl Caller {
    pub(crate) fn new(progress: Option<Py<PyAny>>, cancel: Option<&CancelToken>) -> Self {
        Self { progress, token: cancel.map(|cancel| Arc::clone(&cancel.0)) }
    }

    fn is_cancelled(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.load(Ordering::Relaxed))
    }

    fn tell(&self, py: Python<'_>, share: f32, message: &str) -> PyResult<()> {
        py.check_signals()?;
        match &self.progress {
            Some(progress) => progress.call1(py, (share, message)).map(drop),
            None => Ok(()),
        }
    }

    /// Runs work on another thread, without the GIL; returns or raises what comes first.
    pub(crate) fn watch<T: Send>(
        &self,
        py: Python<'_>,
        message: &str,
        work: impl FnOnce(&Desk) -> Result<T, BakeError> + Send,
    ) -> PyResult<T> {
        let desk = Desk::new(self.token.clone(), message);
        if self.is_cancelled() {
            return Err(errors::from_bake_error(py, &BakeError::Cancelled));
        }
        self.tell(py, 0.0, message)?;
        let (made, heard) = py.detach(|| {
            std::thread::scope(|scope| {
                let worker = scope.spawn(|| {
                    let _done = Done(&desk);
                    work(&desk)
                });
                let mut heard = Ok(());
                while let Some(news) = desk.wait() {
                    if heard.is_ok() {
                        heard = Python::attach(|py| match news {
                            Some((share, message)) => self.tell(py, share, &message),
                            None => py.check_signals(),
                        });
                    }
                    if heard.is_err() {
                        desk.stop.store(true, Ordering::Relaxed);
                    }
                }
                match worker.join() {
                    Ok(made) => (made, heard),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            })
        });
        heard?;
        let made = made.map_err(|error| errors::from_bake_error(py, &error))?;
        self.tell(py, 1.0, &desk.message())?;
        Ok(made)
    }
}

impl Caller {
    /// Runs work on this thread, for work that calls Python itself. What it gives to its second argument
    /// is raised in place of the error that it returns.
    pub(crate) fn watch_here<T: Send>(
        &self,
        py: Python<'_>,
        message: &str,
        work: impl FnOnce(&dyn Watch, &mut dyn FnMut(PyErr)) -> Result<T, BakeError> + Send,
    ) -> PyResult<T> {
        if self.is_cancelled() {
            return Err(errors::from_bake_error(py, &BakeError::Cancelled));
        }
        self.tell(py, 0.0, message)?;
        let direct = Direct {
            caller: self,
            message,
            thread: std::thread::current().id(),
            stop: AtomicBool::new(false),
            state: Mutex::new((Instant::now(), None)),
        };
        let mut raised = None;
        let made = py.detach(|| work(&direct, &mut |error| raised = Some(error)));
        let heard = direct.state.into_inner().unwrap_or_else(PoisonError::into_inner).1;
        if let Some(error) = raised.or(heard) {
            return Err(error);
        }
        let made = made.map_err(|error| errors::from_bake_error(py, &error))?;
        self.tell(py, 1.0, message)?;
        Ok(made)
    }
}

/// Calls back at once, from the thread that called in.
struct Direct<'a> {
    caller: &'a Caller,
    message: &'a str,
    thread: std::thread::ThreadId,
    stop: AtomicBool,
    /// When the caller was last told, and what it raised.
    state: Mutex<(Instant, Option<PyErr>)>,
}

impl Watch for Direct<'_> {
    fn progress(&self, share: f32) {
        // Other threads must not take the GIL: the caller may hold it and wait for them.
        if std::thread::current().id() != self.thread {
            return;
        }
        let Ok(mut state) = self.state.try_lock() else { return };
        if state.1.is_some() || state.0.elapsed() < INTERVAL {
            return;
        }
        if let Err(error) = Python::attach(|py| self.caller.tell(py, share, self.message)) {
            state.1 = Some(error);
            self.stop.store(true, Ordering::Relaxed);
        }
        state.0 = Instant::now();
    }

    fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.caller.is_cancelled()
    }
}

/// Where the work leaves its news and the caller picks them up.
pub(crate) struct Desk {
    token: Option<Arc<AtomicBool>>,
    /// Set when the caller no longer wants the result.
    stop: AtomicBool,
    state: Mutex<State>,
    done: Condvar,
}

struct State {
    share: f32,
    message: String,
    is_new: bool,
    is_done: bool,
}

impl Desk {
    fn new(token: Option<Arc<AtomicBool>>, message: &str) -> Self {
        let state = State { share: 0.0, message: message.to_owned(), is_new: false, is_done: false };
        Self { token, stop: AtomicBool::new(false), state: Mutex::new(state), done: Condvar::new() }
    }

    /// Leaves how far the work is; the caller hears the newest.
    pub(crate) fn leave(&self, share: f32, message: Option<&str>) {
        // Many threads report; none waits for another, the next report will do.
        let Ok(mut state) = self.state.try_lock() else { return };
        if share > state.share {
            state.share = share.min(1.0);
            state.is_new = true;
        }
        if let Some(message) = message.filter(|&message| message != state.message) {
            message.clone_into(&mut state.message);
            state.is_new = true;
        }
    }

    fn message(&self) -> String {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).message.clone()
    }

    /// Waits a while. `None`: the work is over. `Some(None)`: nothing new.
    fn wait(&self) -> Option<Option<(f32, String)>> {
        let until = Instant::now() + INTERVAL;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.is_done {
                return None;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let is_new = std::mem::take(&mut state.is_new);
                return Some(is_new.then(|| (state.share, state.message.clone())));
            }
            state = self.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Watch for Desk {
    fn progress(&self, share: f32) {
        self.leave(share, None);
    }

    fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self.token.as_ref().is_some_and(|token| token.load(Ordering::Relaxed))
    }
}

/// Tells the caller that the work is over, also when it ends in a panic.
struct Done<'a>(&'a Desk);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_done = true;
        self.0.done.notify_all();
    }
}

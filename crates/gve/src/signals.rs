//! Being told to end: nothing unfinished is left behind.
//!
//! On Unix no handler runs: the signals are held back in every thread, and one thread waits for them. It
//! takes away what is unfinished and then lets the signal do what it does.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use gve_assets::replace::remove_unfinished;

use crate::failure::Failure;

/// Set instead of ending at once, the first time, by a program that ends in order.
static IN_ORDER: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// A flag that is set when the user has had enough; a second time ends the program at once.
pub(crate) fn end_in_order() -> Arc<AtomicBool> {
    IN_ORDER.get_or_init(Arc::default).clone()
}

/// Whether to go on because the program ends in order.
fn is_in_order() -> bool {
    IN_ORDER.get().is_some_and(|flag| !flag.swap(true, Ordering::Relaxed))
}

/// From now on a signal to end leaves no temporary file. Must be called before there is another thread.
#[cfg(unix)]
pub(crate) fn clean_up_on_end() -> Result<(), Failure> {
    use nix::sys::signal::{SigSet, Signal};

    let failed = |error: nix::Error| {
        Failure::new("cannot_start", format!("cannot wait for signals: {}", error.desc()))
    };
    let mut awaited = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        if !is_ignored(signal).map_err(failed)? {
            awaited.add(signal);
        }
    }
    awaited.thread_block().map_err(failed)?;
    let wait = move || {
        while let Ok(signal) = awaited.wait() {
            if is_in_order() {
                continue;
            }
            remove_unfinished();
            // Not held back here any more, it ends the program as if nobody had waited for it.
            let _ = SigSet::from(signal).thread_unblock();
            let _ = nix::sys::signal::raise(signal);
        }
    };
    let started = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    started.map(drop).map_err(|error| Failure::new("cannot_start", format!("cannot start a thread: {error}")))
}

/// Whether whoever started this program wants it to go on: `nohup`, or a shell's background.
#[cfg(unix)]
fn is_ignored(signal: nix::sys::signal::Signal) -> nix::Result<bool> {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};

    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    #[expect(unsafe_code, reason = "the only way to ask for a handler is to replace it")]
    // SAFETY: no handler is installed, only the default, and what was there before is put back.
    unsafe {
        let before = sigaction(signal, &default)?;
        sigaction(signal, &before)?;
        Ok(matches!(before.handler(), SigHandler::SigIgn))
    }
}

/// From now on Ctrl-C leaves no temporary file.
#[cfg(not(unix))]
pub(crate) fn clean_up_on_end() -> Result<(), Failure> {
    let handler = || {
        if !is_in_order() {
            remove_unfinished();
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::new("cannot_start", format!("cannot wait for Ctrl-C: {error}")))
}

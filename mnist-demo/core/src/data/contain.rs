//! Turns panics in third-party decoders into errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic on this thread will be caught here, and must not be printed.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder, and returns the message of a panic in it as an error. The panic is not printed.
///
/// A panic may leave values borrowed by `decode` in an inconsistent state, so `decode` should own its data.
pub(super) fn contain<R>(decode: impl FnOnce() -> R) -> Result<R, String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CONTAINED.get() {
                usual(info);
            }
        }));
    });
    let outer = CONTAINED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(decode));
    CONTAINED.set(outer);
    result.map_err(|payload| message(&*payload))
}

/// The message of a panic, in one line.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    let words = text.or_else(owned).unwrap_or("no message");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(contain(|| 7), Ok(7));
        let number = 3;
        let fixed: Result<(), String> = contain(|| panic!("out of range"));
        let formatted: Result<(), String> = contain(|| panic!("{number}\n is out of range"));
        let other: Result<(), String> = contain(|| panic::panic_any(number));
        assert_eq!(fixed.unwrap_err(), "out of range");
        assert_eq!(formatted.unwrap_err(), "3 is out of range");
        assert_eq!(other.unwrap_err(), "no message");
        assert!(!CONTAINED.get());
    }
}

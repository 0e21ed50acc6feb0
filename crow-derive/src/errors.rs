//! All mistakes of a struct at once.

use std::cell::RefCell;
use std::thread;

/// Collects mistakes, so that one compilation reports all of them.
///
/// Panics if it is dropped without [`Errors::check`]: a mistake that is found and not reported
/// would let a wrong model through.
pub(crate) struct Errors(RefCell<Option<Vec<syn::Error>>>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    pub(crate) fn push(&self, error: syn::Error) {
        self.0.borrow_mut().get_or_insert_default().push(error);
    }

    pub(crate) fn check(self) -> Result<(), syn::Error> {
        let errors = self.0.take().unwrap_or_default();
        match errors.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        }) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(
            self.0.get_mut().is_none() || thread::panicking(),
            "the mistakes of a derive were not checked"
        );
    }
}

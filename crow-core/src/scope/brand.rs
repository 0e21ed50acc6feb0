//! The lifetime that names a scope.

use std::marker::PhantomData;

/// Ties a connection, query or subquery, of the types `T`, to the one scope that made it.
///
/// Invariant in `'t`, and `'t` is chosen anew by each call of a scope's closure: the compiler can
/// neither shrink nor unify the brands of two scopes. Only a closure makes `'t` unique; a borrow
/// `&'t Tenant` would let two tenants unify.
pub(crate) struct Brand<'t, T = ()>(PhantomData<fn() -> T>, PhantomData<Invariant<'t>>);

type Invariant<'t> = fn(&'t ()) -> &'t ();

impl<T> Brand<'_, T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData, PhantomData)
    }
}

impl<T> Clone for Brand<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Brand<'_, T> {}

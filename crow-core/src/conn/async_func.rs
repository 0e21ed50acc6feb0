//! Async closures whose futures can cross threads.

/// [`AsyncFnOnce`] with a name for its future, so that a bound can ask for `Fut: Send`.
///
/// Implemented for every async closure and function; users never name it. The standard library's
/// own way to say this (`CallOnceFuture`) is unstable. The technique is diesel-async's, whose
/// trait of the same shape is private.
pub trait AsyncFunc<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> Self::Fut {
    /// What calling the closure returns.
    type Fut: Future<Output = R>;
}

impl<F, T, R, Fut> AsyncFunc<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// [`AsyncFn`] with a name for its future: an async closure that can run again.
///
/// As [`AsyncFunc`], and narrower than [`AsyncFn`] in one point: the future may not borrow from the closure,
/// as that of an `async move` closure does, because such a future has no name yet.
pub trait AsyncRepeat<T, R>: AsyncFn(T) -> R + Fn(T) -> Self::Fut {
    /// What calling the closure returns.
    type Fut: Future<Output = R>;
}

impl<F, T, R, Fut> AsyncRepeat<T, R> for F
where
    F: AsyncFn(T) -> R + Fn(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

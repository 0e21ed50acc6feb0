//! Who asks.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Somebody who has been identified: by a token, an API key, or whatever the application trusts.
///
/// `P` is the application's own type, such as the claims of its tokens, and this derefs to it. A principal may still name
/// any tenant; whether it may act for that one is what [`Membership`](crate::Membership) says. Cloning is cheap.
///
/// ```
/// use crow_core::Principal;
///
/// struct Staff { id: u64, name: String }
///
/// let ada = Principal::new(Staff { id: 7, name: "Ada".into() });
/// assert_eq!(ada.name, "Ada");
/// ```
pub struct Principal<P>(Arc<P>);

impl<P> Principal<P> {
    /// Whoever makes one says that this is who asks.
    pub fn new(principal: P) -> Self {
        Self(Arc::new(principal))
    }
}

impl<P> Clone for Principal<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> Deref for Principal<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

impl<P: fmt::Debug> fmt::Debug for Principal<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Principal").field(&self.0).finish()
    }
}

//! What is compared.

/// A way to serve the same requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Plain diesel-async, `WHERE tenant_id = $1`, no row-level security: what the others are compared with.
    Where,
    /// The shop.
    Crow,
    /// Row-level security by hand: BEGIN, `set_config`, the same statement and COMMIT, each awaited.
    Steps,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Where, Self::Crow, Self::Steps];

    /// For the table, and for the roles of the ways that are not crow's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Where => "load_where",
            Self::Crow => "crow",
            Self::Steps => "load_steps",
        }
    }
}

//! What an attack is.

use std::fmt;

use super::target::Target;

/// What attacks are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Statements of crow's own API.
    Typed,
    /// Seeing another tenant's rows.
    Reads,
    /// Changing them, and making some.
    Writes,
    /// What keys and foreign keys tell, and what hangs on them.
    Keys,
    /// Whom a session, a transaction and its settings belong to.
    Sessions,
    /// What the role may do beside reading and writing rows.
    Doors,
}

impl Group {
    /// All of them, in the order of a matrix.
    pub const ALL: [Self; 6] =
        [Self::Typed, Self::Reads, Self::Writes, Self::Keys, Self::Sessions, Self::Doors];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Keys => "keys",
            Self::Sessions => "sessions",
            Self::Doors => "doors",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One way to another tenant's rows, in SQL.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// What it is worth to whoever succeeds.
    pub(crate) shows: &'static str,
    /// What mends it; `{table}` is the table.
    pub(crate) cure: &'static str,
    pub(crate) control: Control,
    /// What to do; an error says why there is nothing of the kind to do.
    pub(crate) plays: fn(&Target) -> Result<Vec<Play>, String>,
}

/// Where the attack is known to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// Where the tables are the application's own, without policies, with keys that do not know tenants.
    Bare,
    /// The same, for a login that may become any of crow's roles.
    Member,
    /// Where the policy that is usually written reads a setting that a session can change.
    Usual,
}

/// One run of an attack.
pub(crate) enum Play {
    /// It succeeds if the attacker is shown something of the other tenant.
    Sees(Script),
    /// It succeeds if the number that is shown is greater than that of the attacker's own rows.
    Counts(Script),
    /// It succeeds if rows of the other tenant change, go or come.
    Changes(Script),
    /// It succeeds if what is there answers otherwise than what is not.
    Tells { theirs: Script, nobodys: Script },
    /// It succeeds if it is not refused.
    Lands(Script),
    /// It succeeds if the set-up is possible, and then either rows of the other tenant change or the foreign key says that
    /// there is one.
    Hangs { set_up: String, script: Script },
}

/// The statements of a run, each sent by itself.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// Run first; what they show is not looked at, for it is somebody else who runs them.
    pub(crate) before: Vec<String>,
    /// Whether a transaction of the attacker's begins then.
    pub(crate) enters: bool,
    pub(crate) steps: Vec<String>,
    /// Whether what was done stays.
    pub(crate) commits: bool,
    /// Whether crow's `rls_only` can send it too.
    pub(crate) in_scope: bool,
    /// On a connection of its own, with these options of the startup packet.
    pub(crate) options: Option<String>,
}

impl Script {
    /// Steps in a transaction of the attacker's.
    pub(crate) fn new<const N: usize>(steps: [String; N]) -> Self {
        Self { enters: true, in_scope: true, steps: steps.into(), ..Self::default() }
    }

    pub(crate) fn committed(self) -> Self {
        Self { commits: true, ..self }
    }

    /// Only on a bare connection.
    pub(crate) fn bare(self) -> Self {
        Self { in_scope: false, ..self }
    }

    /// Only on a bare connection, on which no tenant is entered.
    pub(crate) fn outside(self) -> Self {
        Self { in_scope: false, enters: false, ..self }
    }

    pub(crate) fn after<const N: usize>(self, before: [String; N]) -> Self {
        Self { before: before.into(), in_scope: false, ..self }
    }

    pub(crate) fn with_options(self, options: impl Into<String>) -> Self {
        Self { options: Some(options.into()), in_scope: false, ..self }
    }
}

impl Play {
    pub(crate) fn scripts(&self) -> Vec<&Script> {
        match self {
            Self::Sees(script) | Self::Counts(script) | Self::Changes(script) | Self::Lands(script) => {
                vec![script]
            }
            Self::Hangs { script, .. } => vec![script],
            Self::Tells { theirs, nobodys } => vec![theirs, nobodys],
        }
    }
}

//! What a database's catalog says, for comparing before with after.

use std::collections::BTreeMap;

use crate::Fallible;
use crate::session::Session;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<String, String>);

impl Snapshot {
    pub(crate) async fn take(session: &Session) -> Fallible<Self> {
        // Names print without their schema where search_path finds them, so all snapshots use the same one.
        let rows = session.query(include_str!("snapshot.sql"), &[]).await?;
        let objects = rows.into_iter().map(|mut row| {
            let definition = row.pop().unwrap_or_default();
            (row.pop().unwrap_or_default(), definition)
        });
        Ok(Self(objects.collect()))
    }

    /// Without the objects of one kind: those that other databases, or other tests, change.
    pub(crate) fn without(mut self, kind: &str) -> Self {
        self.0.retain(|object, _| !object.starts_with(kind));
        self
    }

    /// How many objects differ.
    pub(crate) fn distance(&self, other: &Self) -> usize {
        self.differences(other).len()
    }

    /// Fails with all that differs.
    pub(crate) fn expect_same(&self, after: &Self) -> Fallible {
        let differences = self.differences(after);
        if differences.is_empty() {
            Ok(())
        } else {
            Err(format!("changed:\n{}", differences.join("\n")).into())
        }
    }

    fn differences(&self, after: &Self) -> Vec<String> {
        let objects = self.0.keys().chain(after.0.keys().filter(|object| !self.0.contains_key(*object)));
        objects
            .map(|object| (object, self.0.get(object), after.0.get(object)))
            .filter(|(_, before, after)| before != after)
            .map(|(object, before, after)| format!("{object}: {before:?} became {after:?}"))
            .collect()
    }
}

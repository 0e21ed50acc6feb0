//! The attacks in SQL.

mod doors;
mod keys;
mod reads;
mod sessions;
mod writes;

use super::attack::{Attack, Group};

/// All of them, in the order of a matrix.
pub(crate) fn all() -> impl Iterator<Item = (Group, &'static Attack)> {
    let groups: [(Group, &[Attack]); 5] = [
        (Group::Reads, reads::ATTACKS),
        (Group::Writes, writes::ATTACKS),
        (Group::Keys, keys::ATTACKS),
        (Group::Sessions, sessions::ATTACKS),
        (Group::Doors, doors::ATTACKS),
    ];
    groups.into_iter().flat_map(|(group, attacks)| attacks.iter().map(move |attack| (group, attack)))
}

/// What mends most of it.
const PROTECT: &str = "SELECT crow.protect('{table}')";

/// Where crow's own functions are not what they were.
const REINSTALL: &str =
    "run crow's migration again (CrowMigrations, or install.sql), then SELECT crow.protect('{table}')";

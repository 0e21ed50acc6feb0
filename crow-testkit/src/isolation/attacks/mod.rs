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

#[cfg(test)]
mod tests {
    use super::super::typed;
    use super::*;

    #[test]
    fn the_guide_lists_the_attacks() {
        let page = include_str!("../../../../docs/isolation.md");
        let words = Group::ALL.map(|group| format!("| {group} | "));
        let listed = page.lines().filter(|line| words.iter().any(|word| line.starts_with(word)));
        let row = |group, name, shows| format!("| {group} | {name} | {shows} |");
        let typed = typed::ATTACKS.iter().map(|attack| row(Group::Typed, attack.name, attack.shows));
        let rows = typed.chain(all().map(|(group, attack)| row(group, attack.name, attack.shows)));
        assert_eq!(listed.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    }

    #[test]
    fn names_and_cures_are_words() {
        let mut seen = std::collections::HashSet::new();
        for (group, attack) in all() {
            assert!(seen.insert((group, attack.name)), "two attacks are called {}", attack.name);
            assert!(!attack.cure.is_empty() && !attack.shows.ends_with('.'), "{}", attack.name);
        }
    }
}

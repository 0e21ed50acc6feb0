//! SQL that diesel writes, taken apart.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{QueryBuilder, QueryFragment};

/// With placeholders for the values.
pub(crate) fn text(fragment: &impl QueryFragment<Pg>) -> String {
    let mut sql = PgQueryBuilder::default();
    // What cannot be written fails again, and is reported, when it is sent.
    let _ = fragment.to_sql(&mut sql, &Pg);
    sql.finish()
}

/// The parts between commas that stand in no parentheses and no quotes.
pub(crate) fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, c) in list.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = (c != open).then_some(open),
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(list[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The name of a column that may be behind that of its table.
pub(crate) fn name(column: &str) -> String {
    let (mut start, mut quoted) = (0, false);
    for (at, c) in column.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => start = at + 1,
            _ => {}
        }
    }
    let own = &column[start..];
    own.strip_prefix('"').and_then(|own| own.strip_suffix('"')).unwrap_or(own).replace("\"\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_at_commas_of_their_own() {
        assert_eq!(
            parts(", $1, DEFAULT, lower($2, 'a)'), \"odd, name\""),
            ["$1", "DEFAULT", "lower($2, 'a)')", "\"odd, name\""]
        );
        assert!(parts("").is_empty());
    }

    #[test]
    fn names_are_without_their_table_and_quotes() {
        assert_eq!(name("\"vehicles\".\"make\""), "make");
        assert_eq!(name("\"it.s\".\"an \"\"odd\"\" one\""), "an \"odd\" one");
    }
}

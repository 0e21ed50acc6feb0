//! Expressions that are written as SQL.

/// Why a piece of SQL is not one expression: where it would end early, or not end at all.
///
/// Whether it means anything is the server's to say, when the migration runs.
pub(in crate::schema) fn fault(expression: &str) -> Option<&'static str> {
    if expression.trim().is_empty() {
        return Some("it is empty");
    }
    let mut depth = 0_usize;
    let mut rest = expression.chars().peekable();
    while let Some(next) = rest.next() {
        match (next, rest.peek().copied()) {
            // Skips to the end of it; a doubled quote ends one string and begins the next.
            ('\'' | '"', _) if !rest.by_ref().any(|inner| inner == next) => {
                return Some("a quote is not closed");
            }
            ('(' | '[', _) => depth += 1,
            (')' | ']', _) if depth == 0 => return Some("a parenthesis is closed that was not opened"),
            (')' | ']', _) => depth -= 1,
            (',', _) if depth == 0 => return Some("it is several expressions"),
            (';', _) => return Some("it is several statements"),
            ('-', Some('-')) | ('/', Some('*')) => {
                return Some("it has a comment, which could swallow what follows");
            }
            _ => {}
        }
    }
    (depth > 0).then_some("a parenthesis is not closed")
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn one_expression_passes_and_nothing_else_does() {
        for good in ["1", "now()", "year BETWEEN 1886 AND 2100", "'it''s; --'", "\"a)\" > 0", "ARRAY[1, 2]"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in
            ["", "  ", "(", ")", "1)", "f(1", "'a", "\"a", "1; DROP", "1, 2", "1 -- x", "1 /* x */", "'a''"]
        {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}

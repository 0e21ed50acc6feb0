//! The constants of a constraint, of which one may be what it asks for.

use super::value::of_length;

/// Values to try in a column, the likeliest first.
pub(super) fn candidates(definition: &str, is_text: bool, number: u64) -> Vec<String> {
    let constants = constants(definition);
    let mut found = Vec::new();
    if is_text {
        let lengths =
            constants.iter().filter_map(|text| text.parse().ok()).filter(|length| (1..=200).contains(length));
        found.extend(lengths.map(|length| of_length(number, length)));
    }
    found.extend(constants.iter().cloned());
    // Past a bound that is excluded; and far from it, where nobody else has been.
    let far = i64::try_from(number % 1_000_000).unwrap_or_default();
    for step in [1, -1, far, -far] {
        found.extend(
            constants
                .iter()
                .filter_map(|text| Some((text.parse::<i64>().ok()?.checked_add(step)?).to_string())),
        );
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|text| seen.insert(text.clone()));
    found
}

/// What stands in single quotes, and numbers that are no part of a name.
fn constants(definition: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = definition;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (text, after) = string(&rest[1..]);
            found.push(text);
            rest = after;
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_.".contains(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word.parse::<f64>().is_ok() && first.is_ascii_digit() {
                found.push(word.to_owned());
            }
            rest = after;
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// A string up to its quote, in which two quotes are one; and what follows.
fn string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\'') {
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return (value, after),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_found_as_postgresql_prints_them() {
        let found = constants(
            "CHECK (((year >= 1886) AND (c2 = ANY (ARRAY['gp'::text, 'it''s'::text])) AND (p > '-1.5'::numeric)))",
        );
        assert_eq!(found, ["1886", "gp", "it's", "-1.5"]);
    }

    #[test]
    fn a_text_gets_the_length_that_is_asked_for() {
        assert_eq!(candidates("CHECK ((char_length(code) = 3))", true, 17)[0], "00h");
        assert_eq!(candidates("CHECK ((n > 5))", false, 17), ["5", "6", "4", "22", "-12"]);
    }
}

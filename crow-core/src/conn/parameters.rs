//! Takes parameters out of a connection string, which has one of libpq's two forms.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The value of each parameter that was taken; the last one counts.
pub(super) type Parameters = BTreeMap<&'static str, String>;

/// Takes the parameters `wanted` out of `postgresql://…?a=b&c=d` or `a=b c='d e'`, and gives back
/// the rest as it was.
///
/// `None` for what tokio-postgres would read differently or not at all: nobody may come to see a
/// password as a parameter, or a parameter as part of the user's name.
pub(super) fn take(text: &str, wanted: &[&'static str]) -> Option<(String, Parameters)> {
    let scheme = ["postgres://", "postgresql://"].iter().find(|scheme| text.starts_with(**scheme));
    match scheme {
        Some(scheme) => take_from_url(text, scheme.len(), wanted),
        None => take_from_pairs(text, wanted),
    }
}

fn take_from_url(text: &str, scheme: usize, wanted: &[&'static str]) -> Option<(String, Parameters)> {
    let rest = &text[scheme..];
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let mut ats = rest.match_indices('@').map(|(at, _)| at);
    if ats.next().is_some_and(|at| at > authority) || ats.next().is_some_and(|at| at < authority) {
        return None;
    }
    let mut taken = Parameters::new();
    let Some((base, query)) = text.split_once('?') else { return Some((text.to_owned(), taken)) };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let name = percent_decode_str(name).decode_utf8().ok()?;
        match wanted.iter().find(|wanted| **wanted == name) {
            Some(wanted) => {
                taken.insert(wanted, percent_decode_str(value).decode_utf8().ok()?.into_owned());
            }
            None => kept.push(pair),
        }
    }
    Some((format!("{base}?{}", kept.join("&")), taken))
}

fn take_from_pairs(text: &str, wanted: &[&'static str]) -> Option<(String, Parameters)> {
    let mut taken = Parameters::new();
    let mut kept = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        let (value, next) = value_of_pair(value.trim_start())?;
        match wanted.iter().find(|wanted| **wanted == name) {
            Some(wanted) => {
                taken.insert(wanted, value);
            }
            None => kept.push(&rest[..rest.len() - next.len()]),
        }
        rest = next.trim_start();
    }
    Some((kept.join(" "), taken))
}

/// A value, in single quotes or up to white space, and what comes after it.
fn value_of_pair(text: &str) -> Option<(String, &str)> {
    let (quoted, text) = text.strip_prefix('\'').map_or((false, text), |text| (true, text));
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Some((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Some((value, &text[at..])),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::take;

    const WANTED: [&str; 2] = ["sslmode", "sslrootcert"];

    #[test]
    fn parameters_are_taken_and_the_rest_is_left_as_it_was() {
        for (text, rest, mode, root) in [
            ("postgresql://u:p@h/db", "postgresql://u:p@h/db", None, None),
            ("postgres://h?sslmode=require", "postgres://h?", Some("require"), None),
            (
                "postgresql://u:p%40@h:1,[::1]:2/db?a=%20x&sslmode=verify-full&b=y@z&sslrootcert=%2Fa+b%20c",
                "postgresql://u:p%40@h:1,[::1]:2/db?a=%20x&b=y@z",
                Some("verify-full"),
                Some("/a+b c"),
            ),
            ("postgresql:///db?%73slmode=a&&sslmode=b&", "postgresql:///db?", Some("b"), None),
            ("host=h password='it\\'s = '", "host=h password='it\\'s = '", None, None),
            (
                " host = h sslmode=require password='a b' sslrootcert = 'C:\\\\a b'user=u ",
                "host = h password='a b' user=u",
                Some("require"),
                Some("C:\\a b"),
            ),
            ("", "", None, None),
        ] {
            let (left, taken) = take(text, &WANTED).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(left, rest, "{text}");
            assert_eq!(taken.get("sslmode").map(String::as_str), mode, "{text}");
            assert_eq!(taken.get("sslrootcert").map(String::as_str), root, "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for text in [
            "postgresql://u:p/w@h/db",
            "postgresql://u:p?w@h/db",
            "postgresql://u:p@w@h/db",
            "postgresql://h/db?application_name=a@b&sslmode=require",
            "postgresql://h/db?sslmode",
            "postgresql://h/db?sslmode=%ff",
            "host=h sslmode",
            "host=h password=two words sslmode=require",
            "host=h password='no end sslmode=require",
            "host=h =x sslmode=require",
        ] {
            assert_eq!(take(text, &WANTED), None, "{text}");
        }
    }
}

//! A value of a type, made of a number: another number, another value, as far as the type has so many.

use chrono::{Days, NaiveDate};
use fastrand::Rng;

use super::describe::{Type, Types};

/// What a number becomes; `seed` shows in values that look random.
pub(super) struct Value<'a> {
    pub(super) types: &'a Types,
    pub(super) column: &'a str,
    pub(super) seed: u64,
    pub(super) number: u64,
}

impl Value<'_> {
    /// In the form that PostgreSQL reads; an error is the name of a type that is not known here.
    pub(super) fn of(&self, oid: u32, modifier: i32) -> Result<String, String> {
        let number = self.number;
        Ok(match self.types.get(oid) {
            None => return Err(format!("number {oid}")),
            Some(Type::Base { name, is_text }) => return self.base(name, *is_text, modifier),
            Some(Type::Enum { labels }) => match labels.len() {
                0 => return Err("enum without a value".into()),
                many => labels[(number % many as u64) as usize].clone(),
            },
            Some(Type::Domain { base, modifier: own }) => {
                self.of(*base, if *own < 0 { modifier } else { *own })?
            }
            Some(Type::Array { element }) => format!("{{{}}}", quoted(&self.of(*element, modifier)?)),
            Some(Type::Range { of }) => self.range(*of)?,
            Some(Type::Multirange { of }) => format!("{{{}}}", self.range(*of)?),
            Some(Type::Composite { fields }) => format!("({})", ",".repeat(fields.saturating_sub(1))),
        })
    }

    /// Of one point, so that no two overlap.
    fn range(&self, of: u32) -> Result<String, String> {
        let bound = quoted(&self.of(of, -1)?);
        Ok(format!("[{bound},{bound}]"))
    }

    fn base(&self, name: &str, is_text: bool, modifier: i32) -> Result<String, String> {
        let number = self.number;
        let small = number % 250 + 1;
        Ok(match name {
            "bool" => if number.is_multiple_of(2) { "true" } else { "false" }.into(),
            "int2" => (number % 32_768).to_string(),
            "int4" | "oid" => (number % (1 << 31)).to_string(),
            "int8" | "float4" | "float8" | "money" | "xid8" => number.to_string(),
            "numeric" => numeric(number, modifier),
            "uuid" => self.uuid(),
            "date" => self.day().to_string(),
            "timestamp" => format!("{} 12:00:00", self.day()),
            "timestamptz" => format!("{} 12:00:00+00", self.day()),
            "time" => self.time(),
            "timetz" => format!("{}+00", self.time()),
            "interval" => format!("{number} minutes"),
            "bytea" => format!("\\x{number:016x}"),
            "json" | "jsonb" => format!("{{\"{}\": {number}}}", self.column.escape_default()),
            "xml" => format!("<number>{number}</number>"),
            "inet" | "cidr" => {
                let [_, high, middle, low] = (number as u32).to_be_bytes();
                format!("10.{high}.{middle}.{low}")
            }
            "macaddr" => mac(&number.to_be_bytes()[3..]),
            "macaddr8" => mac(&number.to_be_bytes()[1..]),
            "bit" => bits(number, if modifier < 1 { 1 } else { modifier as usize }),
            "varbit" => bits(number, if modifier < 1 { 64 } else { modifier as usize }),
            "point" => format!("({number},0)"),
            "line" => format!("{{1,0,-{number}}}"),
            "lseg" | "path" => format!("[({number},0),({number},1)]"),
            "box" => format!("({number},1),({number},0)"),
            "polygon" => format!("(({number},0),({number},1),({number},2))"),
            "circle" => format!("<({number},0),1>"),
            "tsvector" | "tsquery" | "ltree" => format!("n{number}"),
            "hstore" => format!("n=>{number}"),
            "pg_lsn" => format!("0/{:X}", number as u32),
            "char" => char::from(b'A' + (small % 26) as u8).into(),
            "name" => text(self.column, number, 63),
            // char without a length in its modifier is char(1) only where it is written so, in which case it has one.
            _ if is_text => {
                text(self.column, number, if modifier < 4 { usize::MAX } else { modifier as usize - 4 })
            }
            _ => return Err(name.into()),
        })
    }

    fn day(&self) -> NaiveDate {
        let first = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default();
        first.checked_add_days(Days::new(self.number % 1_000_000)).unwrap_or(first)
    }

    fn time(&self) -> String {
        let minutes = self.number % (24 * 60);
        format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
    }

    fn uuid(&self) -> String {
        let mut rng = Rng::with_seed(self.seed.rotate_left(32) ^ self.number);
        uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string()
    }
}

/// In double quotes, as an array's or a range's text has them.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `column 17`, or the end of 17 where there is less room.
pub(super) fn text(column: &str, number: u64, room: usize) -> String {
    let text = format!("{column} {number}");
    if text.chars().count() <= room { text } else { of_length(number, room.min(13)) }
}

/// The number in as many letters and digits.
pub(super) fn of_length(mut number: u64, length: usize) -> String {
    let mut text = vec![b'0'; length];
    for place in text.iter_mut().rev() {
        *place = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    text.into_iter().map(char::from).collect()
}

/// Whole numbers first, and fractions when these have run out.
fn numeric(number: u64, modifier: i32) -> String {
    if modifier < 4 {
        return number.to_string();
    }
    let precision = ((modifier - 4) >> 16) & 0xffff;
    let scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    // A number has no more digits than a power of ten that fits here.
    let power = |digits: i32| 10_u128.pow(digits.clamp(0, 20).unsigned_abs());
    let number = u128::from(number);
    if !(0..precision).contains(&scale) {
        return format!("{}e{}", number % power(precision), -scale);
    }
    let whole = power(precision - scale);
    format!("{}.{:0>places$}", number % whole, number / whole % power(scale), places = scale.min(20) as usize)
}

fn mac(bytes: &[u8]) -> String {
    // The first octet's second bit marks an address that somebody has assigned himself.
    let octets = std::iter::once(&2_u8).chain(bytes);
    octets.map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

fn bits(number: u64, length: usize) -> String {
    let digits = format!("{number:0>length$b}");
    digits[digits.len() - length..].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modifier(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    #[test]
    fn numerics_fit_their_precision() {
        assert_eq!(numeric(17, -1), "17");
        assert_eq!(numeric(17, modifier(10, 2)), "17.00");
        assert_eq!(numeric(17, modifier(3, 2)), "7.01");
        assert_eq!(numeric(17, modifier(2, 2)), "17e-2");
        assert_eq!(numeric(1017, modifier(3, 5)), "17e-5");
        assert_eq!(numeric(117, modifier(2, -3)), "17e3");
        assert_eq!(numeric(u64::MAX, modifier(1000, 0)), format!("{}.0", u64::MAX));
    }

    #[test]
    fn texts_fit_their_length_and_differ_by_their_end() {
        assert_eq!(text("plate", 17, 20), "plate 17");
        assert_eq!(text("plate", 17, 7), "000000h");
        assert_eq!(text("plate", 17, 1), "h");
        assert_eq!(text("plate", 17, 0), "");
    }

    #[test]
    fn bits_have_their_length() {
        assert_eq!(bits(5, 8), "00000101");
        assert_eq!(bits(5, 2), "01");
    }
}

//! The functions of the crow schema, as its SQL defines them.

use super::install_statements;

/// What tells one function of crow's from another that goes by its name.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The text between the dollar quotes; none where the body is parsed when the function is made.
    pub(crate) body: Option<&'static str>,
    /// As the catalog has them: volatility, `definer`, settings.
    pub(crate) attributes: String,
}

/// Those that installing makes.
pub(crate) fn functions() -> impl Iterator<Item = Function> {
    install_statements().filter_map(|statement| {
        let (_, definition) = statement.split_once("CREATE OR REPLACE FUNCTION crow.")?;
        let (name, _) = definition.split_once('(')?;
        let (head, body) = match definition.split_once("$$") {
            Some((head, rest)) => (head, Some(rest.rsplit_once("$$")?.0)),
            None => (definition.split_once("\nRETURN ")?.0, None),
        };
        let volatility = [("IMMUTABLE", "i"), ("STABLE", "s")];
        let volatility =
            volatility.iter().find(|(word, _)| head.contains(word)).map_or("v", |(_, letter)| letter);
        let setting = head.split_once("SET ").map(|(_, rest)| {
            let (name, value) = rest.split_once(" = ").unwrap_or((rest, ""));
            format!("{name}={}", value.trim_end().trim_end_matches(" AS"))
        });
        let definer = head.contains("SECURITY DEFINER").then_some("definer");
        let words: Vec<_> = [Some(volatility), definer, setting.as_deref()].into_iter().flatten().collect();
        Some(Function { name, body, attributes: words.join(" ") })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::INSTALL_SQL;
    use super::functions;

    #[test]
    fn every_function_is_read_and_known_by_its_name() {
        let names: Vec<_> = functions().map(|function| function.name).collect();
        assert_eq!(names.len(), INSTALL_SQL.matches("CREATE OR REPLACE FUNCTION").count(), "{names:?}");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn attributes_are_as_the_catalog_has_them() {
        let attributes = |name| {
            let function = functions().find(|function| function.name == name).unwrap();
            (function.attributes, function.body.is_some())
        };
        assert_eq!(attributes("version"), ("i".into(), false));
        assert_eq!(attributes("enter"), ("v definer".into(), true));
        assert_eq!(attributes("family"), ("s search_path=pg_catalog, pg_temp".into(), true));
        assert_eq!(attributes("record_access"), ("v definer search_path=pg_catalog, pg_temp".into(), true));
    }
}

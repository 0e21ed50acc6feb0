//! From what there is to what is left to do. A step that has been done leaves facts that ask for it no more, so a plan that was
//! interrupted is taken up by making it again.

use super::facts::{Facts, ForeignKey, Index, Table};
use super::plan::Step;
use crate::schema::table::{fits, list, literal, quoted};

/// How many pages of a table one transaction of a backfill fills: about a thousand rows, for which others wait no longer than some tens of milliseconds.
const PAGES: u32 = 25;

/// What cannot be done step by step, in the words of `crow.protect` where that says it.
pub(super) fn obstacles(facts: &Facts, expressions: &[Option<&str>]) -> Vec<String> {
    let mut obstacles = facts.obstacles.clone();
    for (table, expression) in facts.tables.iter().zip(expressions) {
        let name = table.name();
        match table.tenant.as_deref() {
            None if expression.is_none() => {
                obstacles.push(format!(
                    "{name} has no column tenant_id: say what a row's tenant is, as SQL behind its name"
                ));
            }
            Some(other) if other != "uuid" => {
                obstacles.push(format!(
                    "{name}.tenant_id is of type {other}: rename it, and say behind the table's name how it becomes a uuid"
                ));
            }
            _ => {}
        }
        if table.kind != "r" || table.related {
            obstacles.push(format!(
                "{name} is partitioned, inherits, or is no table: no index of it can be made while others write, so it needs \
                 a migration of its own"
            ));
        }
        if !table.owned {
            obstacles.push(format!("{name} is not yours: run the plan as a superuser, or as its owner"));
        }
        if table.hidden {
            obstacles.push(hidden(&name));
        }
    }
    for (at, table) in facts.tables.iter().enumerate() {
        if facts.tables[..at].iter().any(|before| before.oid == table.oid) {
            obstacles.push(format!("{} is named twice", table.name()));
        }
    }
    for index in unled(facts).filter(|index| index.unique && index.has_tenant && !index.exclusion) {
        obstacles.push(format!(
            "the unique index {} has tenant_id, but not first: replace it by one that begins with it",
            index.name
        ));
    }
    for sequence in facts.sequences.iter().filter(|sequence| !sequence.serial) {
        obstacles.push(format!(
            "the column {} draws from sequence {}, which is not its own: make it a uuid, or GENERATED ALWAYS AS IDENTITY",
            sequence.column, sequence.sequence
        ));
    }
    for key in unpaired(facts) {
        if !facts.has(key.child) {
            obstacles.push(format!(
                "{} refers to {}: adopt it as well, or drop {}",
                key.child_name, key.parent_name, key.name
            ));
        } else if !facts.has(key.parent) && key.parent_has_tenant {
            obstacles.push(format!("{} refers to {}: adopt that as well", key.child_name, key.parent_name));
        }
        if matches!(&*key.on_update, "n" | "d") {
            obstacles.push(format!(
                "{} of {} would overwrite tenant_id ON UPDATE: do without",
                key.name, key.child_name
            ));
        }
        if key.hidden {
            obstacles.push(hidden(&key.parent_name));
        }
    }
    obstacles.sort();
    obstacles.dedup();
    obstacles
}

fn hidden(name: &str) -> String {
    format!(
        "row-level security hides rows of {name} from you, so nothing would really be validated: run the plan as a role with BYPASSRLS"
    )
}

/// What is left to do before the cut-over, for tables that nothing stands in the way of.
pub(super) fn steps(facts: &Facts, expressions: &[Option<&str>]) -> Vec<Step> {
    let mut steps = Vec::new();
    let tables = parents_first(facts, expressions);
    let without = tables.iter().filter(|(table, _)| table.tenant.is_none());
    steps.extend(without.map(|(table, _)| add_column(table)));
    for (table, expression) in tables {
        if let Some(expression) = expression.filter(|_| to_fill(table)) {
            steps.extend(fill(table, expression));
            steps.push(backfill(table, expression));
        }
        steps.extend(not_null(table));
    }
    steps.extend(new_indexes(facts));
    steps.extend(new_foreign_keys(facts));
    steps.extend(facts.sequences.iter().filter_map(|sequence| {
        let table = facts.table(sequence.relation)?;
        Some(identity(&table.name(), &sequence.column, &sequence.sequence))
    }));
    steps
}

/// A row's tenant is most often that of the row to which it refers.
fn parents_first<'f>(facts: &'f Facts, expressions: &[Option<&'f str>]) -> Vec<(&'f Table, Option<&'f str>)> {
    let mut waiting: Vec<_> = facts.tables.iter().zip(expressions.iter().copied()).collect();
    let mut sorted = Vec::new();
    while !waiting.is_empty() {
        let refers = |child: u32, parent: u32| {
            child != parent && facts.foreign_keys.iter().any(|key| (key.child, key.parent) == (child, parent))
        };
        let free = |(table, _): &(&Table, _)| !waiting.iter().any(|(other, _)| refers(table.oid, other.oid));
        // Those that refer to each other in a circle are taken as they were named.
        sorted.push(waiting.remove(waiting.iter().position(free).unwrap_or(0)));
    }
    sorted
}

fn add_column(table: &Table) -> Step {
    let name = table.name();
    Step::brief(format!("{name}: the column, empty"), format!("ALTER TABLE {name} ADD COLUMN tenant_id uuid"))
}

/// Rows that an application writes which knows nothing of tenants get theirs from a trigger, until it does: also those that
/// it updates, which move away from the pages that are being filled.
fn fill(table: &Table, expression: &str) -> Vec<Step> {
    if table.filling {
        return Vec::new();
    }
    let (name, function) = (table.name(), fill_function(table));
    let row = quoted(&table.bare);
    let body = dollar_quoted(&format!(
        "#variable_conflict use_column
BEGIN
  SELECT ({expression}) INTO NEW.tenant_id FROM (SELECT NEW.*) AS {row};
  RETURN NEW;
END"
    ));
    vec![
        // A mistake in it would otherwise come to light in the application's own statements.
        Step::brief(
            format!("{name}: the expression for the tenant of a row is one, and a uuid"),
            format!("EXPLAIN UPDATE {name} SET tenant_id = ({expression})"),
        ),
        Step::brief(
            format!("{name}: what the tenant of a new row is"),
            format!(
                "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS {body}"
            ),
        ),
        Step::brief(
            format!("{name}: only the trigger calls it"),
            format!("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"),
        ),
        Step::brief(
            format!("{name}: new rows get their tenant"),
            format!(
                "CREATE TRIGGER crow_fill BEFORE INSERT OR UPDATE ON {name}
  FOR EACH ROW WHEN (NEW.tenant_id IS NULL) EXECUTE FUNCTION {function}()"
            ),
        ),
    ]
}

/// Whether rows may be without a tenant.
fn to_fill(table: &Table) -> bool {
    !table.not_null && table.checked != Some(true)
}

fn fill_function(table: &Table) -> String {
    let name = format!("{}_crow_fill", table.bare);
    table.beside(&if fits(&name) { name } else { format!("crow_fill_{}", table.oid) })
}

/// By ranges of pages, so that each row is looked at once; what is updated moves behind the last page, or is filled.
fn backfill(table: &Table, expression: &str) -> Step {
    let name = table.name();
    let literal = literal(&name);
    let body = format!(
        "#variable_conflict use_column
<<crow>>
DECLARE
  page bigint := 0;
  pages CONSTANT bigint := pg_relation_size({literal}) / current_setting('block_size')::bigint;
BEGIN
  WHILE crow.page < crow.pages LOOP
    BEGIN
      UPDATE {name} SET tenant_id = ({expression})
      WHERE ctid >= format('(%s,0)', crow.page)::tid AND ctid < format('(%s,0)', crow.page + {PAGES})::tid AND tenant_id IS NULL;
      crow.page := crow.page + {PAGES};
    EXCEPTION WHEN deadlock_detected THEN
      NULL; -- Somebody else goes first; the same pages again.
    END;
    COMMIT;
  END LOOP;
  IF EXISTS (SELECT FROM {name} WHERE tenant_id IS NULL) THEN
    RAISE EXCEPTION USING MESSAGE = (SELECT count(*) FROM {name} WHERE tenant_id IS NULL)
      || ' rows of ' || {literal} || ' have no tenant: the expression is null for them';
  END IF;
END"
    );
    Step::long(
        format!("{name}: the tenant of each row, {PAGES} pages a transaction"),
        format!("DO {}", dollar_quoted(&body)),
    )
}

/// By way of a check, because SET NOT NULL would look at each row under an exclusive lock.
fn not_null(table: &Table) -> Vec<Step> {
    let name = table.name();
    let check = "crow_tenant_not_null";
    let mut steps = Vec::new();
    if !table.not_null {
        if table.checked.is_none() {
            steps.push(Step::brief(
                format!("{name}: no new row without a tenant"),
                format!("ALTER TABLE {name} ADD CONSTRAINT {check} CHECK (tenant_id IS NOT NULL) NOT VALID"),
            ));
        }
        if table.checked != Some(true) {
            steps.push(Step::long(
                format!("{name}: no old row without a tenant"),
                format!("ALTER TABLE {name} VALIDATE CONSTRAINT {check}"),
            ));
        }
        steps.push(Step::brief(
            format!("{name}: NOT NULL, which the check has proved"),
            format!("ALTER TABLE {name} ALTER COLUMN tenant_id SET NOT NULL"),
        ));
    }
    if !table.not_null || table.checked.is_some() {
        steps.push(Step::brief(
            format!("{name}: the check has served"),
            format!("ALTER TABLE {name} DROP CONSTRAINT {check}"),
        ));
    }
    steps
}

/// The indexes that want a counterpart which the tenant leads: all unique ones, and of the others those that can be led by a
/// uuid.
fn unled(facts: &Facts) -> impl Iterator<Item = &Index> {
    facts.indexes.iter().filter(|index| {
        !index.led && !index.exclusion && (index.unique || index.method == "btree" && !index.has_tenant)
    })
}

fn new_indexes(facts: &Facts) -> Vec<Step> {
    let mut steps = Vec::new();
    for index in unled(facts) {
        let Some(table) = facts.table(index.relation) else { continue };
        let counterpart = facts.indexes.iter().find(|other| other.leads(index));
        if counterpart.is_some_and(|counterpart| counterpart.valid) {
            continue;
        }
        let name = table.name();
        if let Some(broken) = counterpart {
            steps.push(Step::long(
                format!("{name}: an index that was not finished"),
                format!("DROP INDEX CONCURRENTLY {}", table.beside(&broken.name)),
            ));
        }
        let unique = if index.unique { "UNIQUE " } else { "" };
        steps.push(Step::long(
            format!("{name}: {} with the tenant before its columns", index.name),
            format!(
                "CREATE {unique}INDEX CONCURRENTLY {} ON {name} USING {} (tenant_id, {}",
                quoted(&new_name(facts, table, index)),
                index.method,
                index.rest
            ),
        ));
    }
    steps
}

/// What PostgreSQL would call it, unless that is too long or taken.
fn new_name(facts: &Facts, table: &Table, index: &Index) -> String {
    let columns = index.columns.join("_");
    let end = if index.unique { "key" } else { "idx" };
    let name = format!("{}_tenant_id_{columns}_{end}", table.bare);
    let taken = |name: &String| facts.indexes.iter().any(|other| other.name == *name && !other.leads(index));
    if fits(&name) && !taken(&name) { name } else { format!("crow_{}_{}", table.oid, short(&index.name)) }
}

fn short(name: &str) -> &str {
    &name[..name.floor_char_boundary(40)]
}

/// The foreign keys between tables of tenants that do not pair the tenants.
fn unpaired(facts: &Facts) -> impl Iterator<Item = &ForeignKey> {
    facts.foreign_keys.iter().filter(|key| {
        !key.pairs_tenants() && (facts.has(key.parent) || facts.has(key.child) && key.parent_has_tenant)
    })
}

fn new_foreign_keys(facts: &Facts) -> Vec<Step> {
    let mut steps = Vec::from_iter(crossings(facts));
    // In the order of the old ones, whether they are there yet or not.
    let mut unvalidated: Vec<(&str, String)> = Vec::new();
    for key in unpaired(facts) {
        match facts.foreign_keys.iter().find(|other| other.leads(key)) {
            Some(there) if there.validated => {}
            Some(there) => unvalidated.push((&key.child_name, there.name.clone())),
            None => {
                let name = new_key_name(facts, key);
                steps.push(add_foreign_key(key, &name));
                unvalidated.push((&key.child_name, name));
            }
        }
    }
    for key in facts.foreign_keys.iter().filter(|key| key.pairs_tenants() && !key.validated) {
        if !unvalidated.iter().any(|(table, name)| *table == key.child_name && *name == key.name) {
            unvalidated.push((&key.child_name, key.name.clone()));
        }
    }
    steps.extend(unvalidated.into_iter().map(|(table, name)| {
        Step::long(
            format!("{table}: no old row hangs on another tenant's, by {name}"),
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", quoted(&name)),
        )
    }));
    steps
}

/// Rows that hang on another tenant's are all found before the first foreign key refuses new ones.
fn crossings(facts: &Facts) -> Option<Step> {
    let missing = unpaired(facts).filter(|key| !facts.foreign_keys.iter().any(|other| other.leads(key)));
    let counts: String = missing
        .map(|key| {
            let ForeignKey { child_name, parent_name, columns, parent_columns, .. } = key;
            let pairs = columns.iter().zip(parent_columns);
            let pairs: Vec<_> =
                pairs.map(|(child, parent)| format!("c.{} = p.{}", quoted(child), quoted(parent))).collect();
            let rows = format!(
                "FROM {child_name} AS c JOIN {parent_name} AS p ON {} WHERE c.tenant_id <> p.tenant_id",
                pairs.join(" AND ")
            );
            let found = format!(
                " rows of {child_name} refer to {parent_name} of another tenant, by {}: SELECT c.*, p.tenant_id {rows}",
                key.name
            );
            format!(
                "\n  SELECT count(*) INTO crow_rows {rows};
  IF crow_rows > 0 THEN
    crow_found := crow_found || E'\\n  - ' || crow_rows || {};
  END IF;",
                literal(&found)
            )
        })
        .collect();
    let body = format!(
        "DECLARE
  crow_rows bigint;
  crow_found text := '';
BEGIN{counts}
  IF crow_found <> '' THEN
    RAISE EXCEPTION USING MESSAGE = 'rows hang on those of another tenant: change or delete them, and run the plan again' || crow_found;
  END IF;
END"
    );
    (!counts.is_empty()).then(|| {
        Step::long("no row hangs on another tenant's".into(), format!("DO {}", dollar_quoted(&body)))
    })
}

fn add_foreign_key(key: &ForeignKey, name: &str) -> Step {
    let columns = list(&key.columns);
    let clause = |on: &str, action: &str, columns: &str| match action {
        "r" => format!(" ON {on} RESTRICT"),
        "c" => format!(" ON {on} CASCADE"),
        "n" => format!(" ON {on} SET NULL{columns}"),
        "d" => format!(" ON {on} SET DEFAULT{columns}"),
        _ => String::new(),
    };
    let on_update = clause("UPDATE", &key.on_update, "");
    let on_delete = clause("DELETE", &key.on_delete, &format!(" ({columns})"));
    let table = &key.child_name;
    Step::brief(
        format!("{table}: no new row hangs on another tenant's"),
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {} FOREIGN KEY (tenant_id, {columns})
  REFERENCES {} (tenant_id, {}){on_update}{on_delete}{} NOT VALID",
            quoted(name),
            key.parent_name,
            list(&key.parent_columns),
            deferral(key.deferrable, key.deferred)
        ),
    )
}

fn new_key_name(facts: &Facts, key: &ForeignKey) -> String {
    let name = format!("{}_tenant_id_{}_fkey", key.child_bare, key.columns.join("_"));
    let taken = facts.foreign_keys.iter().any(|other| other.child == key.child && other.name == name);
    if fits(&name) && !taken { name } else { format!("crow_{}", short(&key.name)) }
}

fn deferral(deferrable: bool, deferred: bool) -> &'static str {
    match (deferrable, deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        _ => "",
    }
}

/// An identity column needs no grant on its sequence, and goes on where the serial one was.
fn identity(table: &str, column: &str, sequence: &str) -> Step {
    let name = quoted(column);
    let begin = literal(&format!(
        "ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY (START WITH "
    ));
    let body = format!(
        "DECLARE
  crow_next bigint;
BEGIN
  LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
  SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END INTO crow_next FROM {sequence};
  ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;
  DROP SEQUENCE {sequence};
  EXECUTE {begin} || crow_next || ')';
END"
    );
    Step::brief(
        format!("{table}: {column} counts by itself, without a sequence that is granted"),
        format!("DO {}", dollar_quoted(&body)),
    )
}

/// Keys are swapped and tables protected in one transaction, which only changes the catalog: the application finds its old keys, and
/// the indexes below them, until the moment at which it begins to enter tenants.
pub(super) fn cut_over(facts: &Facts, expressions: &[Option<&str>]) -> Option<Step> {
    let mut lines = Vec::new();
    for key in unpaired(facts) {
        lines.push(format!("ALTER TABLE {} DROP CONSTRAINT {}", key.child_name, quoted(&key.name)));
    }
    for index in unled(facts).filter(|index| index.unique) {
        lines.extend(facts.table(index.relation).map(|table| replace(facts, table, index)));
    }
    let filled = facts
        .tables
        .iter()
        .zip(expressions)
        .filter(|(table, expression)| table.filling || expression.is_some() && to_fill(table));
    for (table, _) in filled {
        lines.push(format!("DROP TRIGGER crow_fill ON {}", table.name()));
        lines.push(format!("DROP FUNCTION {}()", fill_function(table)));
    }
    if lines.is_empty() && facts.tables.iter().all(|table| table.protected) {
        return None;
    }
    lines
        .extend(facts.tables.iter().map(|table| format!("PERFORM crow.protect({})", literal(&table.name()))));
    let tables = facts.tables.iter().map(Table::name).collect::<Vec<_>>().join(", ");
    let lines: String = lines.iter().map(|line| format!("  {line};\n")).collect();
    let body = format!("BEGIN\n  LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;\n{lines}END");
    let purpose = "from here on a row is reached by who has entered its tenant".into();
    let sql = format!("DO {}", dollar_quoted(&body));
    Some(Step { locks: facts.tables.len().try_into().unwrap_or(u32::MAX), ..Step::brief(purpose, sql) })
}

fn replace(facts: &Facts, table: &Table, index: &Index) -> String {
    let counterpart = facts.indexes.iter().find(|other| other.leads(index) && other.valid);
    let new =
        counterpart.map_or_else(|| new_name(facts, table, index), |counterpart| counterpart.name.clone());
    let Some(constraint) = &index.constraint else {
        return format!("DROP INDEX {}", table.beside(&index.name));
    };
    let (kind, named) = if index.primary { ("PRIMARY KEY", constraint) } else { ("UNIQUE", &new) };
    format!(
        "ALTER TABLE {}\n    DROP CONSTRAINT {},\n    ADD CONSTRAINT {} {kind} USING INDEX {}{}",
        table.name(),
        quoted(constraint),
        quoted(named),
        quoted(&new),
        deferral(index.deferrable, index.deferred)
    )
}

/// What no key stands on is of no use any more.
pub(super) fn old_indexes(facts: &Facts) -> impl Iterator<Item = Step> {
    unled(facts).filter(|index| !index.unique).filter_map(|index| {
        let table = facts.table(index.relation)?;
        Some(Step::long(
            format!("{}: {} is replaced", table.name(), index.name),
            format!("DROP INDEX CONCURRENTLY {}", table.beside(&index.name)),
        ))
    })
}

/// As a string in SQL, between tags that are not in it.
pub(super) fn dollar_quoted(text: &str) -> String {
    let tags = (1..).map(|n| if n == 1 { "$crow".to_owned() } else { format!("$crow{n}") });
    let tag = tags.into_iter().find(|tag| !text.contains(&**tag)).unwrap_or_default();
    format!("{tag}$\n{text} {tag}$")
}

//! Each way to break a database that the audit knows, and that it finds this and nothing else.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crow_core::audit::{Audit, Finding, Report, Rule, Severity, rules};
use crow_core::{AdminPool, Error, TenantPool};
use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use libtest_mimic::{Completion, Trial};
use serde::Deserialize;

use crate::world::{self, World};
use crate::{Fallible, ignorable_trial, trial};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Whether crow's world is there, or an empty database.
    #[serde(default = "yes")]
    installed: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    setup: String,
    /// What the server has to have for this: an extension.
    needs: Option<String>,
    /// Who asks.
    #[serde(default = "crow_app")]
    role: String,
    /// On behalf of whom, if not of itself.
    of: Option<String>,
    /// What the session does before it asks.
    #[serde(default)]
    session: String,
    #[serde(default = "tenant_tables")]
    tenants: Vec<String>,
    #[serde(default = "shared_tables")]
    shared: Vec<String>,
    /// Whether the finding rests on what models say, which are others where a pool asks.
    #[serde(default)]
    models_alone: bool,
    /// "B3" or, in all of them, "B3 object" or "B3 critical object". What is only good to know is not looked at, unless it is
    /// named.
    rules: BTreeSet<String>,
}

pub(crate) fn trials() -> Vec<Trial> {
    let tenant = cases(include_str!("audit.toml"))
        .map(|case| ignorable_trial(format!("audit::{}", case.name), async move || case.of_tenants().await));
    let admin = cases(include_str!("audit_admin.toml"))
        .map(|case| trial(format!("audit_admin::{}", case.name), async move || case.of_admin().await));
    let others = [
        trial("audit::every rule fires in some case", every_rule),
        trial("audit::F1 fires below the minor release that is demanded, and not at it", minor_release),
        trial("audit::the owner, the admin and a superuser find what the application finds", whoever_asks),
        trial("audit::what is revoked at installation is what B10 and B11 look for", doors),
        trial("audit::what D6 says runs, and makes an index that the tenant leads", led_by_the_tenant),
        trial("audit::five hundred tables take less than a second", many_tables),
    ];
    tenant.chain(admin).chain(others).collect()
}

fn cases(text: &str) -> impl Iterator<Item = Case> {
    let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("audit: {error}"));
    file.case.into_iter()
}

/// What is found in a database in which these tables are expected, by whoever logs in; on any minor release.
pub(crate) async fn found(url: &str, tenants: &[&str], shared: &[&str]) -> Fallible<Vec<Finding>> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    let audit = shared.iter().fold(Audit::new().without_models(), |audit, table| audit.shared_table(*table));
    let audit = tenants.iter().fold(audit, |audit, table| audit.tenant_table(*table));
    let report = audit.any_minor_release().run(&mut conn).await?;
    Ok(report.at_least(Severity::Low).cloned().collect())
}

/// Whether the audit says that nothing guards CREATE TABLE.
pub(crate) async fn unguarded(url: &str) -> Fallible<bool> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    let report = Audit::new().without_models().run(&mut conn).await?;
    Ok(report.findings.iter().any(|finding| finding.rule == "E11"))
}

impl Case {
    /// A database that is broken as the case says; none where the server cannot be broken so.
    async fn database(&self) -> Fallible<Option<crow_testkit::Database>> {
        let world = if self.installed { World::crow() } else { World::empty() };
        let (database, superuser) = world.database(&world::server(self.private)?).await?;
        if let Some(needs) = &self.needs {
            let sql = format!("SELECT FROM pg_available_extensions WHERE name = '{needs}'");
            if superuser.run(&sql).await?.is_empty() {
                return Ok(None);
            }
        }
        superuser.run(&world::fill_in(&self.setup, &[("db", database.name())])).await?;
        Ok(Some(database))
    }

    /// Whoever asks, after what it does before, and the audit of it.
    async fn asks(&self, url: &str) -> Fallible<(AsyncPgConnection, String, Audit)> {
        let mut conn = AsyncPgConnection::establish(url).await?;
        conn.batch_execute(&self.session).await?;
        let asks: String = diesel::select(sql::<Text>("current_user::text")).get_result(&mut conn).await?;
        let audit =
            self.shared.iter().fold(Audit::new().without_models(), |audit, table| audit.shared_table(table));
        let audit = self.tenants.iter().fold(audit, |audit, table| audit.tenant_table(table));
        Ok((conn, asks, audit.any_minor_release()))
    }

    async fn of_tenants(&self) -> Fallible<Completion> {
        let Some(database) = self.database().await? else {
            return Ok(Completion::ignored_with(format!(
                "{} is not installed",
                self.needs.as_deref().unwrap_or_default()
            )));
        };
        let url = world::url(&database, &self.role);
        let (mut conn, asks, audit) = self.asks(&url).await?;
        let audit = match &self.of {
            Some(role) => audit.role(role),
            // What it is if nobody says anything.
            None if asks == "crow_app" => audit,
            None => audit.role(asks),
        };
        let report = audit.run(&mut conn).await?;
        self.judge(&report.findings)?;
        // What a pool knows of tables it has from this program's models.
        if self.session.is_empty() && self.of.is_none() && !self.models_alone {
            agree(&report, |rule| rule.of_tenant_pool, TenantPool::builder(url).connect().await.map(drop))?;
        }
        Ok(Completion::Completed)
    }

    async fn of_admin(&self) -> Fallible {
        let database = self.database().await?.ok_or("needs what is not there")?;
        let url = world::url(&database, &self.role);
        let (mut conn, asks, audit) = self.asks(&url).await?;
        let mut report = audit.role("crow_app").admin(asks).run(&mut conn).await?;
        report.findings.retain(|found| {
            rules()
                .any(|rule| rule.of_admin_pool && (rule.id, rule.severity) == (&*found.rule, found.severity))
        });
        self.judge(&report.findings)?;
        agree(&report, |rule| rule.of_admin_pool, AdminPool::builder(url).connect().await.map(drop))
    }

    fn judge(&self, findings: &[Finding]) -> Fallible {
        let words = self.rules.iter().map(|rule| rule.split(' ').nth(1).map(str::parse::<Severity>));
        let words: Vec<_> = words.flatten().collect();
        let (with_objects, with_severities) = (!words.is_empty(), words.iter().any(Result::is_ok));
        let found: BTreeSet<_> = findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info || self.rules.contains(&finding.rule))
            .filter(|finding| self.is_about(&finding.object))
            .map(|Finding { rule, severity, object, .. }| match (with_objects, with_severities) {
                (_, true) => format!("{rule} {severity} {object}"),
                (true, false) => format!("{rule} {object}"),
                (false, false) => rule.clone(),
            })
            .collect();
        let speechless = findings.iter().any(|found| {
            [&found.object, &found.problem, &found.danger, &found.cure].iter().any(|text| text.is_empty())
        });
        if found == self.rules && !speechless {
            return Ok(());
        }
        Err(format!("expected {:?}, found {findings:#?}", self.rules).into())
    }

    /// Roles belong to the server, and other cases make some; those are named by them.
    fn is_about(&self, object: &str) -> bool {
        let Some(role) = object.strip_prefix("role ") else { return true };
        role.starts_with("crow_")
            || [&*self.role, "postgres"].contains(&role)
            || self.of.as_deref() == Some(role)
            || self.setup.contains(role)
    }
}

/// A pool that opens says what the audit says of what makes a database unsafe to open. It goes by this program's models, which
/// are other ones.
fn agree(report: &Report, asks: impl Fn(&Rule) -> bool, pool: Result<(), Error>) -> Fallible {
    // A letter and a number can stand for several rules, of which a pool asks some; each speaks of a danger of its own.
    let asked: BTreeSet<_> = rules().filter(|rule| asks(rule)).map(|rule| &*rule.danger).collect();
    let of_models = |finding: &Finding| ["S3", "S4"].contains(&&*finding.rule);
    let found = report
        .at_least(Severity::Critical)
        .filter(|finding| asked.contains(&*finding.danger) && !of_models(finding));
    let found: Vec<_> = found.cloned().collect();
    let mut refused = match pool {
        Ok(()) => Vec::new(),
        Err(Error::Unsafe(findings)) => findings,
        Err(other) => return Err(other.into()),
    };
    refused.retain(|finding| !of_models(finding));
    if found == refused {
        Ok(())
    } else {
        Err(format!("the audit finds {found:#?}, the pool {refused:#?}").into())
    }
}

/// The cases would otherwise not notice a rule that never fires.
async fn every_rule() -> Fallible {
    let cases = cases(include_str!("audit.toml")).chain(cases(include_str!("audit_admin.toml")));
    let fired: BTreeSet<String> = cases
        .flat_map(|case| case.rules)
        .map(|rule| rule.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let never: BTreeSet<_> = rules()
        .map(|rule| rule.id)
        .filter(|rule| !["F1", "S11"].contains(rule) && !rule.starts_with('X') && !fired.contains(*rule))
        .collect();
    if never.is_empty() { Ok(()) } else { Err(format!("no case for {never:?}").into()) }
}

async fn minor_release() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    let number: u32 = superuser.run("SHOW server_version_num").await?[0].parse()?;
    let (major, minor) = (u16::try_from(number / 10_000)?, u16::try_from(number % 10_000)?);
    let mut conn = AsyncPgConnection::establish(&database.url("crow_app")).await?;
    for (demanded, fires) in [(minor, false), (minor + 1, true)] {
        let report = Audit::new().at_least(major, demanded).run(&mut conn).await?;
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.rule == "F1").collect();
        assert_eq!(found.len(), usize::from(fires), "{found:#?}");
        assert!(
            found.iter().all(|finding| finding.cure.contains(&format!("{major}.{demanded}"))),
            "{found:#?}"
        );
    }
    // Of other majors nothing is demanded of this one.
    let report = Audit::new().at_least(major, 0).at_least(major + 1, 99).run(&mut conn).await?;
    assert!(report.findings.iter().all(|finding| finding.rule != "F1"), "{report}");
    let report = Audit::new().at_least(major, minor + 1).any_minor_release().run(&mut conn).await?;
    assert!(report.findings.iter().all(|finding| finding.rule != "F1"), "{report}");
    // What is demanded if nobody says anything.
    let known = [(15, 20), (16, 16), (17, 12), (18, 7)].into_iter().find(|(known, _)| *known == major);
    let report = Audit::new().run(&mut conn).await?;
    let fires = report.findings.iter().any(|finding| finding.rule == "F1");
    assert_eq!(fires, known.is_some_and(|(_, floor)| minor < floor), "{report}");
    Ok(())
}

/// Catalogs are open to everybody, so nobody sees more or less.
async fn whoever_asks() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    superuser
        .run(
            "ALTER TABLE doc NO FORCE ROW LEVEL SECURITY; CREATE POLICY oops ON note USING (true);
             GRANT SELECT ON event_2025 TO crow_app; CREATE INDEX ON note (body);
             CREATE VIEW v AS SELECT body FROM doc; GRANT SELECT ON v TO crow_app",
        )
        .await?;
    let mut reports = Vec::new();
    for role in ["crow_app", "crow_migrator", "crow_admin", "superuser"] {
        let mut conn = AsyncPgConnection::establish(&world::url(&database, role)).await?;
        let report = Audit::new().without_models().run(&mut conn).await?;
        assert_eq!(report.role, "crow_app", "{role}");
        reports.push(report);
    }
    assert!(reports[0].findings.len() > 5, "{}", reports[0]);
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:#?}");
    Ok(())
}

/// The two lists are written in different places.
async fn doors() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    let revoked = "SELECT CASE kind WHEN 'FUNCTION' THEN object::regprocedure::text ELSE object::regclass::text END \
                   FROM crow.hardening WHERE kind IN ('FUNCTION', 'TABLE')";
    superuser.run("SET search_path = ''").await?;
    let revoked: BTreeSet<_> = superuser.run(revoked).await?.into_iter().collect();
    let grants = "SELECT format('GRANT %s ON %s %s TO PUBLIC', privilege, kind, object) FROM crow.hardening WHERE kind IN ('FUNCTION', 'TABLE')";
    for grant in superuser.run(grants).await? {
        superuser.run(&grant).await?;
    }
    let found = found(&database.url("crow_app"), &[], &[]).await?;
    let mut looked_for = BTreeSet::new();
    for finding in found.iter().filter(|finding| ["B10", "B11"].contains(&&*finding.rule)) {
        let names = match finding.object.strip_prefix("view pg_catalog.") {
            Some(view) => vec![view.to_owned()],
            None if finding.object.contains("set_config") => vec!["set_config(text,text,boolean)".into()],
            None => {
                let (_, names) = finding.problem.split_once(": ").ok_or("no list")?;
                let normal = names.replace("), ", ")\n").replace(", ", ",").replace("pg_catalog.", "");
                normal.lines().map(str::to_owned).collect()
            }
        };
        looked_for.extend(names);
    }
    assert!(revoked.len() > 40, "{revoked:?}");
    assert_eq!(looked_for, revoked);
    Ok(())
}

async fn led_by_the_tenant() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    superuser
        .run(
            r#"ALTER TABLE doc ADD "At" timestamptz;
               CREATE INDEX "By Time" ON doc ("At" DESC, tenant_id, body text_pattern_ops) INCLUDE (email) WHERE n > 0;
               CREATE INDEX by_hash ON doc USING hash (email);
               CREATE INDEX by_block ON note USING brin (doc_id uuid_minmax_multi_ops);
               CREATE INDEX by_part ON event (body);
               CREATE UNIQUE INDEX by_id ON note (id, tenant_id) NULLS NOT DISTINCT;
               ALTER TABLE note ADD CONSTRAINT one UNIQUE (doc_id, tenant_id) INCLUDE (body);
               ALTER TABLE tally DROP CONSTRAINT tally_pkey, ADD CONSTRAINT tally_pkey PRIMARY KEY (id, tenant_id);
               ALTER TABLE tally ADD CONSTRAINT alone EXCLUDE (body WITH =)"#,
        )
        .await?;
    let url = database.url("crow_app");
    let found = async || -> Fallible<Vec<Finding>> {
        let found = found(&url, &[], &[]).await?;
        Ok(found.into_iter().filter(|finding| finding.rule == "D6").collect())
    };
    let cures = found().await?;
    let objects: Vec<_> = cures.iter().map(|finding| &*finding.object).collect();
    let names = ["\"By Time\"", "alone", "by_block", "by_hash", "by_id", "by_part", "one", "tally_pkey"];
    assert_eq!(objects, names.map(|name| format!("index public.{name}")));
    for cure in cures {
        superuser.run_each(cure.cure.split("; ")).await.map_err(|refused| format!("{cure:?}{refused:?}"))?;
    }
    assert_eq!(found().await?, []);
    let made = superuser
        .run(
            "SELECT pg_get_indexdef(x.indexrelid) FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid
             WHERE c.relname IN ('doc', 'note', 'tally', 'event') AND x.indexrelid::regclass::text !~ '^(doc|note|event)_(pkey|tenant_id_email_key)'
             ORDER BY 1",
        )
        .await?;
    let expected = [
        r#"INDEX "doc_tenant_id_At_body_email_idx" ON public.doc USING btree (tenant_id, "At" DESC, body text_pattern_ops) INCLUDE (email) WHERE (n > 0)"#,
        "INDEX alone ON public.tally USING btree (tenant_id, body)",
        "INDEX doc_tenant_id_email_idx ON public.doc USING btree (tenant_id, email)",
        "INDEX event_tenant_id_body_idx ON ONLY public.event USING btree (tenant_id, body)",
        "INDEX note_tenant_id_doc_id_idx ON public.note USING btree (tenant_id, doc_id)",
        "UNIQUE INDEX note_tenant_id_id_idx ON public.note USING btree (tenant_id, id) NULLS NOT DISTINCT",
        "UNIQUE INDEX one ON public.note USING btree (tenant_id, doc_id) INCLUDE (body)",
        "UNIQUE INDEX tally_pkey ON public.tally USING btree (tenant_id, id)",
    ];
    assert_eq!(made, expected.map(|index| format!("CREATE {index}")));
    Ok(())
}

async fn many_tables() -> Fallible {
    let (database, superuser) = World::crow().database(&world::server(false)?).await?;
    superuser
        .run(
            // What crow.protect does, without its checks, which take longer than all else here.
            "DO $$
             DECLARE tenant CONSTANT text := '(tenant_id = (SELECT crow.current_tenant()))';
             BEGIN FOR i IN 1..500 LOOP
               EXECUTE format('CREATE TABLE t%1$s (tenant_id uuid NOT NULL, id uuid NOT NULL, parent uuid, email text,
                 PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, email),
                 FOREIGN KEY (tenant_id, parent) REFERENCES t%2$s (tenant_id, id));
                 ALTER TABLE t%1$s OWNER TO crow_owner; ALTER TABLE t%1$s ENABLE ROW LEVEL SECURITY;
                 ALTER TABLE t%1$s FORCE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON t%1$s TO crow_app;
                 CREATE POLICY tenant_access ON t%1$s USING %3$s WITH CHECK %3$s;
                 CREATE POLICY tenant_isolation ON t%1$s AS RESTRICTIVE USING %3$s WITH CHECK %3$s',
                 i, greatest(i - 1, 1), tenant);
             END LOOP; END $$",
        )
        .await?;
    let mut conn = AsyncPgConnection::establish(&database.url("crow_app")).await?;
    let mut best = Duration::MAX;
    // Other tests have the machine too: what counts is what it can do.
    for _ in 0..20 {
        let begun = Instant::now();
        let report = Audit::new().without_models().run(&mut conn).await?;
        best = best.min(begun.elapsed());
        assert_eq!(report.tables, 504, "{report}");
        assert!(report.worst() <= Some(Severity::High), "{report}");
        if best < Duration::from_secs(1) {
            return Ok(());
        }
    }
    Err(format!("{best:?}").into())
}

fn yes() -> bool {
    true
}

fn crow_app() -> String {
    "crow_app".into()
}

fn tenant_tables() -> Vec<String> {
    ["doc", "note", "tally", "event"].map(String::from).into()
}

fn shared_tables() -> Vec<String> {
    vec!["plan".into()]
}

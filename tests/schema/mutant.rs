//! That the attacks can succeed: crow's SQL with one defence taken out, and attacks that must notice.

use crow_core::schema::INSTALL_SQL;
use libtest_mimic::Trial;

use crate::{Fallible, attack, trial};

struct Mutant {
    name: &'static str,
    /// Stands in the SQL once.
    defence: &'static str,
    instead: &'static str,
    noticed_by: &'static [&'static str],
}

const MUTANTS: [Mutant; 11] = [
    Mutant {
        name: "an operator of crow.enter left to the caller's search_path",
        defence: "held OPERATOR(pg_catalog.<>) tenant::pg_catalog.text",
        instead: "held <> tenant::pg_catalog.text",
        noticed_by: &["a hostile search_path does not open the set-once check"],
    },
    Mutant {
        name: "a function of crow.enter left to the caller's search_path",
        defence: "ELSE pg_catalog.set_config('crow.scope',\n      pg_catalog.encode(",
        instead: "ELSE pg_catalog.set_config('crow.scope',\n      encode(",
        noticed_by: &["a hostile search_path does not change whose rows are seen"],
    },
    Mutant {
        name: "crow.enter for a second tenant",
        defence: "WHEN pg_catalog.current_setting('crow.scope', true) OPERATOR(pg_catalog.<>) '' THEN false",
        instead: "WHEN false THEN false",
        noticed_by: &[
            "a second tenant in one transaction is refused",
            "one SELECT cannot enter another tenant",
            "a cursor cannot outlive a change of tenant",
        ],
    },
    Mutant {
        name: "a scope that is not bound to its transaction",
        defence: "pg_catalog.encode(pg_catalog.timestamptz_send(CURRENT_TIMESTAMP), 'hex'), 2);\nBEGIN",
        instead: "pg_catalog.left(pg_catalog.current_setting('crow.scope', true), 16), 2);\nBEGIN",
        noticed_by: &["even the true scope of an earlier transaction is inert when kept"],
    },
    Mutant {
        name: "set_config left to everybody",
        defence: "proname IN ('set_config', ",
        instead: "proname IN (",
        noticed_by: &["one SELECT cannot switch by set_config", "one SELECT cannot forge the scope"],
    },
    Mutant {
        name: "a policy of isolation that is permissive",
        defence: "('tenant_isolation', 'RESTRICTIVE')",
        instead: "('tenant_isolation', 'PERMISSIVE')",
        noticed_by: &["a later permissive policy opens nothing"],
    },
    Mutant {
        name: "a reader's session that writes",
        defence: "CASE mode WHEN 'read' THEN 'on' ELSE 'off' END",
        instead: "'off'",
        noticed_by: &["a reader's statement cannot write", "a reader's CTE cannot write"],
    },
    Mutant {
        name: "support for a tenant that is not on record",
        defence: "WHERE l.id = access AND l.tenant = enter_for.tenant;",
        instead: "WHERE l.id = access;",
        noticed_by: &[
            "support cannot enter a tenant by the record of another",
            "support cannot enter a tenant by the record of an access across tenants",
        ],
    },
    Mutant {
        name: "support that writes unasked",
        defence: "IF entry.mode = 'read' THEN",
        instead: "IF false THEN",
        noticed_by: &["support that reads cannot write", "support that reads cannot go on to write"],
    },
    Mutant {
        name: "a log that the admin role may write",
        defence: "GRANT SELECT ON TABLE crow.access_log TO crow_admin",
        instead: "GRANT ALL ON TABLE crow.access_log TO crow_admin",
        noticed_by: &[
            "an admin cannot change a record",
            "an admin cannot truncate the records",
            "an admin cannot insert a record",
            "an admin cannot add a trigger to the log",
        ],
    },
    Mutant {
        name: "a recorder without a search_path of its own",
        defence: "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$\nDECLARE\n  application",
        instead: "LANGUAGE plpgsql SECURITY DEFINER AS $$\nDECLARE\n  application",
        noticed_by: &["a hostile search_path does not change what is recorded"],
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial =
        |mutant: Mutant| trial(format!("mutant::{}", mutant.name), async move || mutant.try_out().await);
    MUTANTS.into_iter().map(trial).collect()
}

impl Mutant {
    async fn try_out(&self) -> Fallible {
        assert_eq!(INSTALL_SQL.matches(self.defence).count(), 1, "crow's SQL has changed: {}", self.defence);
        let install = INSTALL_SQL.replace(self.defence, self.instead);
        for name in self.noticed_by {
            let attack = attack::all().map(|(_, attack)| attack).find(|attack| attack.name == *name);
            let attack = attack.ok_or_else(|| format!("there is no attack named {name:?}"))?;
            if attack.try_crow(&install).await?.is_ok() {
                return Err(format!("{name:?} does not notice").into());
            }
        }
        Ok(())
    }
}

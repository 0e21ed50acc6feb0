//! The two worlds that attacks are tried in, and databases with them.

use std::sync::LazyLock;

use crow_core::schema::{INSTALL_SQL, role_statements};
use crow_testkit::{Database, Server, ServerOptions};

use crate::Fallible;
use crate::session::Session;

/// The tenant that attacks, and the one that is attacked.
const A: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
const B: &str = "bbbbbbbb-0000-4000-8000-00000000000b";

/// A schema that is first in a hostile search_path.
pub(crate) const HOSTILE_SCHEMA: &str = include_str!("hostile.sql");

const LOGINS: &str = "SELECT rolname FROM pg_roles
    WHERE rolname IN ('crow_migrator', 'crow_app', 'crow_admin', 'crow_open', 'crow_naive_app')";

pub(crate) struct World {
    build: Vec<String>,
    /// Grants on the database itself, which a copy does not get from its template.
    grants: &'static str,
}

impl World {
    /// Tables that crow protects.
    pub(crate) fn crow() -> Self {
        Self::crow_installed_by(INSTALL_SQL)
    }

    /// Tables that another crow protects.
    pub(crate) fn crow_installed_by(install: &str) -> Self {
        let tables = [
            ("doc_keys", "PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, email)"),
            (
                "note_keys",
                "PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, doc_id) REFERENCES doc (tenant_id, id) ON DELETE CASCADE",
            ),
        ];
        Self {
            build: vec![install.into(), world(tables), include_str!("crow.sql").into()],
            grants: "REVOKE CREATE, TEMPORARY ON DATABASE {db} FROM PUBLIC; \
                     GRANT CREATE, TEMPORARY ON DATABASE {db} TO crow_owner",
        }
    }

    /// The same tables, protected as is common.
    pub(crate) fn naive() -> Self {
        let tables = [
            ("doc_keys", "PRIMARY KEY (id), UNIQUE (email)"),
            ("note_keys", "PRIMARY KEY (id), FOREIGN KEY (doc_id) REFERENCES doc (id) ON DELETE CASCADE"),
        ];
        Self { build: vec![roles(), world(tables), include_str!("naive.sql").into()], grants: "" }
    }

    /// No tables and no schema, only the roles.
    pub(crate) fn empty() -> Self {
        Self { build: vec![roles()], grants: "" }
    }

    /// A database of one test's own with this world in it, and its superuser.
    pub(crate) async fn database(&self, server: &Server) -> Fallible<(Database, Session)> {
        let template =
            server.template(&self.build.concat(), async |url| self.fill(server, &url).await).await?;
        let database = template.database().await?;
        let superuser = Session::open(&database.superuser_url()).await?;
        superuser.run(&fill_in(self.grants, &[("db", database.name())])).await?;
        Ok((database, superuser))
    }

    async fn fill(&self, server: &Server, url: &str) -> Fallible {
        let superuser = Session::open(url).await?;
        for sql in &self.build {
            superuser.run(sql).await?;
        }
        // Two templates may be built at once, and a role is not updated twice at once.
        superuser.run("BEGIN; LOCK pg_authid IN SHARE ROW EXCLUSIVE MODE").await?;
        for role in superuser.run(LOGINS).await? {
            if let Some(password) = server.role_password(&role) {
                superuser.run(&format!("ALTER ROLE {role} PASSWORD '{password}'")).await?;
            }
        }
        superuser.run("COMMIT").await?;
        Ok(())
    }
}

/// Where a case runs: roles belong to the server, so what makes or changes them, or needs settings, keeps away from the
/// server that other tests share.
pub(crate) fn server(private: bool) -> Fallible<Server> {
    static PRIVATE: LazyLock<Result<Server, String>> = LazyLock::new(|| {
        let options = ServerOptions::default().setting("max_prepared_transactions", "4");
        Server::private(options).map_err(|error| error.to_string())
    });
    if private { Ok(PRIVATE.clone()?) } else { Ok(Server::shared()?) }
}

/// A URL for `role`, which may be "superuser", whatever the server calls it.
pub(crate) fn url(database: &Database, role: &str) -> String {
    if role == "superuser" { database.superuser_url() } else { database.url(role) }
}

/// Replaces `{name}` by its value; the tenants' names are known everywhere.
pub(crate) fn fill_in(sql: &str, values: &[(&str, &str)]) -> String {
    let tenants = [("a", A), ("b", B)];
    values
        .iter()
        .chain(&tenants)
        .fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!("{{{name}}}"), value))
}

fn world(keys: [(&str, &str); 2]) -> String {
    fill_in(include_str!("world.sql"), &keys)
}

/// The installation's first statements, which look at the server's version and make the roles.
fn roles() -> String {
    role_statements().collect::<Vec<_>>().join("\n")
}

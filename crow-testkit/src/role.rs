//! A login for one test.

use std::thread;

use tokio::runtime::Builder;

use crate::fill::literal;
use crate::session::Session;
use crate::{Error, Server, name};

/// A role of the server's that is dropped when this value is; what it was granted in a database has to go with that before.
pub(crate) struct Role {
    server: Server,
    pub(crate) name: String,
}

impl Role {
    /// `clauses` are attributes and memberships, as CREATE ROLE has them.
    pub(crate) async fn create(server: &Server, clauses: &str) -> Result<Self, Error> {
        // Audits of other tests look at roles that begin with crow_.
        let role = Self { server: server.clone(), name: name::fresh("testkit_") };
        let password = server.role_password(&role.name);
        let password =
            password.map(|password| format!("PASSWORD {}", literal(Some(&password)))).unwrap_or_default();
        let session = Session::open(server.address()).await?;
        session
            .run("create a role", &format!("CREATE ROLE {} LOGIN {clauses} {password}", role.name))
            .await?;
        Ok(role)
    }

    /// On a thread and a runtime of its own, as a database is dropped.
    fn drop_from_server(&self) {
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        let dropped = runtime.block_on(async {
            let session = Session::open(self.server.address()).await?;
            session.run("drop a role", &format!("DROP ROLE IF EXISTS {}", self.name)).await
        });
        if let Err(reason) = dropped
            && !self.server.is_throw_away()
        {
            eprintln!("crow-testkit could not drop the role {}: {reason}", self.name);
        }
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        thread::scope(|scope| scope.spawn(|| self.drop_from_server()).join()).unwrap_or_default();
    }
}

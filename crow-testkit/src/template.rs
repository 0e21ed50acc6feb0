//! A database that others are copied from.

use crate::database::Fate;
use crate::session::Session;
use crate::{Database, Error, Server, leftovers, name};

/// What a template is made of if it is not made of another one.
pub(crate) const EMPTY: &str = "template0 ENCODING 'UTF8' LOCALE 'C'";

/// A finished template database on a server.
#[derive(Clone, Debug)]
pub struct Template {
    server: Server,
    name: String,
    copy_strategy: &'static str,
}

impl Server {
    /// The template for `key`, built if this server has none yet.
    ///
    /// The key stands for the content: pass the schema's text, or a hash of it, so that another
    /// schema becomes another template. `build` is given a superuser's URL of a fresh, empty
    /// database (UTF-8, locale C) and fills it; its connections may still be open when it returns.
    /// Of processes that ask at once one builds and the others wait.
    ///
    /// Roles belong to the server, not to the database: make them here, idempotently, never in
    /// tests that run beside each other. What `GRANT … ON DATABASE` and `ALTER DATABASE … SET` say is
    /// not copied to the databases of the tests.
    ///
    /// # Errors
    /// [`Error::Build`] with the error of `build`, after which nothing is left of the attempt;
    /// otherwise if the server is out of reach or refuses.
    pub async fn template<E>(
        &self,
        key: &str,
        build: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Template, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let session = Session::open(self.address()).await?;
        self.template_of(&session, EMPTY, key, async |draft| build(draft.superuser_url()).await).await
    }

    /// As [`template`](Self::template), of which the beginning is a copy of another one.
    pub(crate) async fn template_of<E>(
        &self,
        session: &Session<'_>,
        source: &str,
        key: &str,
        build: impl AsyncFnOnce(&Database) -> Result<(), E>,
    ) -> Result<Template, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let digest = name::digest(&[key.as_bytes()]);
        let name = format!("crow_template_{digest}");
        let template = Template { server: self.clone(), name, copy_strategy: session.copy_strategy() };
        if template.is_finished(session).await? {
            return Ok(template);
        }
        // The session's, so that it ends with it, which a failure and the death of this process also bring about.
        let lock = format!("x'{digest}'::bit(64)::bigint");
        session.run("lock the template", &format!("SELECT pg_advisory_lock({lock})")).await?;
        if !template.is_finished(session).await? {
            self.build_template(session, &template.name, source, key, build).await?;
        }
        session.run("unlock the template", &format!("SELECT pg_advisory_unlock({lock})")).await?;
        Ok(template)
    }

    async fn build_template<E>(
        &self,
        session: &Session<'_>,
        name: &str,
        source: &str,
        key: &str,
        build: impl AsyncFnOnce(&Database) -> Result<(), E>,
    ) -> Result<(), Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        leftovers::drop_old(session).await?;
        let draft_name = format!("{name}_draft");
        // What a builder that was killed left.
        session
            .run("drop an unfinished template", &format!("DROP DATABASE IF EXISTS {draft_name} WITH (FORCE)"))
            .await?;
        let draft = Database::create(self, session, draft_name.clone(), source).await?.with_fate(Fate::Draft);
        build(&draft)
            .await
            .map_err(|error| Error::Build { key: key.chars().take(80).collect(), source: error.into() })?;
        // A connection that the builder has not closed yet would be in the way of the new name.
        let others =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft_name}'");
        session.run("end the connections to a template", &others).await?;
        let publish = format!(
            "BEGIN; ALTER DATABASE {draft_name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false; \
             ALTER DATABASE {draft_name} RENAME TO {name}; COMMIT"
        );
        session.run("publish a template", &publish).await?;
        drop(draft.with_fate(Fate::Released));
        Ok(())
    }
}

impl Template {
    /// A fresh copy for one test.
    ///
    /// # Errors
    /// If the server is out of reach, or has no room.
    pub async fn database(&self) -> Result<Database, Error> {
        self.database_by(&Session::open(self.server.address()).await?).await
    }

    pub(crate) async fn database_by(&self, session: &Session<'_>) -> Result<Database, Error> {
        Database::create(&self.server, session, name::fresh_database(), &self.source()).await
    }

    /// What a copy of it is made of, in SQL.
    pub(crate) fn source(&self) -> String {
        format!("{} {}", self.name, self.copy_strategy)
    }

    async fn is_finished(&self, session: &Session<'_>) -> Result<bool, Error> {
        let finished = format!("SELECT 1 FROM pg_database WHERE datname = '{}'", self.name);
        Ok(!session.run("look for the template", &finished).await?.is_empty())
    }

    /// The server it is on.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }
}

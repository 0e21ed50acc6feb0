//! What a deployment says to the service.

use std::env;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use crow_core::request::{Key, KeySet};
use crow_core::{JobKey, JobKeys};

/// Where the service is, and whom it trusts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; with port 0 on a free one, which the log tells.
    pub listen: SocketAddr,
    /// The database, as `crow_app`.
    pub tenant_url: String,
    /// The database, as `crow_admin`.
    pub admin_url: String,
    /// The database, as `crow_open`.
    pub open_url: String,
    /// Below which shops have their subdomains.
    pub domain: String,
    /// Who issues tokens.
    pub issuer: String,
    /// What tokens are verified with.
    pub token_keys: KeySet,
    /// What jobs are signed and verified with.
    pub job_keys: JobKeys,
    /// How long a connection may be open until the whole head of a request is there, the first and each that follows.
    pub ask_within: Duration,
    /// How long a request may take from its head to its answer.
    pub answer_within: Duration,
}

/// What is wrong with the environment. None of the values is in it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable is not usable.
    #[error("the environment variable {name} cannot be used: {why}")]
    Unusable {
        /// Which one.
        name: &'static str,
        /// What is wrong with it, and what would be right.
        why: String,
    },
}

impl Config {
    /// Longer than the minute for which most proxies keep a connection that nothing happens on: they close it first.
    pub const ASK_WITHIN: Duration = Duration::from_secs(75);

    /// Longer than the work for a request may take in the database, so that the client is told what happened there.
    pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

    /// From the environment.
    ///
    /// # Errors
    ///
    /// If a variable is missing, or cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        let listen = env::var("SHOP_LISTEN").unwrap_or_else(|_| "0.0.0.0:8080".into());
        let keys = Key::of_jwks(&var("SHOP_JWKS")?).and_then(KeySet::new);
        let job_key = JobKey::new(var("SHOP_JOB_KEY_ID")?, var("SHOP_JOB_SECRET")?);
        Ok(Self {
            listen: listen.parse().map_err(unusable("SHOP_LISTEN"))?,
            tenant_url: var("SHOP_TENANT_URL")?,
            admin_url: var("SHOP_ADMIN_URL")?,
            open_url: var("SHOP_OPEN_URL")?,
            domain: var("SHOP_DOMAIN")?,
            issuer: var("SHOP_ISSUER")?,
            token_keys: keys.map_err(unusable("SHOP_JWKS"))?,
            job_keys: JobKeys::new(job_key.map_err(unusable("SHOP_JOB_SECRET"))?),
            ask_within: Self::ASK_WITHIN,
            answer_within: Self::ANSWER_WITHIN,
        })
    }
}

fn var(name: &'static str) -> Result<String, ConfigError> {
    env::var(name).map_err(|_| ConfigError::Missing(name))
}

fn unusable<E: Display>(name: &'static str) -> impl FnOnce(E) -> ConfigError {
    move |error| ConfigError::Unusable { name, why: error.to_string() }
}

//! What a deployment says to the service.

use std::env;

use crow_core::request::{Key, KeySet};
use crow_core::{JobKey, JobKeys};

/// Where the service is, and whom it trusts.
#[derive(Debug, Clone)]
pub struct Config {
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
}

/// What the environment does not say.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable is not usable.
    #[error(transparent)]
    Crow(#[from] crow_core::Error),
}

impl From<crow_core::JobError> for ConfigError {
    fn from(error: crow_core::JobError) -> Self {
        Self::Crow(error.into())
    }
}

impl Config {
    /// From the environment.
    ///
    /// # Errors
    ///
    /// If a variable is missing, or a key is none.
    pub fn from_env() -> Result<Self, ConfigError> {
        let var = |name| env::var(name).map_err(|_| ConfigError::Missing(name));
        let job_key = JobKey::new(var("SHOP_JOB_KEY_ID")?, var("SHOP_JOB_SECRET")?)?;
        Ok(Self {
            tenant_url: var("SHOP_TENANT_URL")?,
            admin_url: var("SHOP_ADMIN_URL")?,
            open_url: var("SHOP_OPEN_URL")?,
            domain: var("SHOP_DOMAIN")?,
            issuer: var("SHOP_ISSUER")?,
            token_keys: KeySet::new(Key::of_jwks(&var("SHOP_JWKS")?)?)?,
            job_keys: JobKeys::new(job_key),
        })
    }
}

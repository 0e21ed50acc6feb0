//! Certificates that are made for a test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;

use crate::shop::Outcome;

/// A CA of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its private key, in PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Outcome<Self> {
        let mut params = named(name)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server that has these names, host names or addresses.
    pub(crate) fn server(&self, names: &[&str]) -> Outcome<Issued> {
        self.issue(CertificateParams::new(strings(names))?)
    }

    /// As [`server`](Self::server), of a time that is over.
    pub(crate) fn expired_server(&self, names: &[&str]) -> Outcome<Issued> {
        let mut params = CertificateParams::new(strings(names))?;
        params.not_after = date_time_ymd(2001, 1, 1);
        self.issue(params)
    }

    /// For a client that logs in as `role`.
    pub(crate) fn client(&self, role: &str) -> Outcome<Issued> {
        self.issue(named(role)?)
    }

    fn issue(&self, params: CertificateParams) -> Outcome<Issued> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?.pem();
        Ok(Issued { certificate, key: key.serialize_pem() })
    }
}

/// Files that go when the test ends.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// Writes a file that its owner alone may read.
    pub(crate) fn write(&self, name: &str, content: &str) -> Outcome<String> {
        let path = self.path(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(path.to_str().ok_or("the path is no text")?.to_owned())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn named(name: &str) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(String::from).collect()
}

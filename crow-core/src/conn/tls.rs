//! Encrypted connections, by rustls.

use std::error::Error as StdError;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::{io, iter};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslNegotiation;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::encryption::{Encryption, Identity, Mode, Roots};
use crate::error::Error;

/// Reads the files anew for each connection, as libpq does, so that certificates can be renewed
/// under a running pool.
pub(super) async fn connector(encryption: &Encryption) -> Result<MakeRustlsConnect, Error> {
    let encryption = encryption.clone();
    tokio::task::spawn_blocking(move || configure(&encryption))
        .await
        .map_err(|error| Error::Connection(format!("the certificates could not be read: {error}")))?
        .map(MakeRustlsConnect::new)
}

fn configure(encryption: &Encryption) -> Result<ClientConfig, Error> {
    // Named, and not the process's default one, which the application may have set or left unset.
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::<CryptoProvider>::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable("the TLS library"))?;
    let roots = encryption.roots.as_ref().map(roots).transpose()?;
    let builder = match (encryption.mode, roots) {
        (Mode::VerifyFull, Some(roots)) => builder.with_root_certificates(roots),
        (_, roots) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyName { roots, algorithms }))
        }
    };
    let mut config = match &encryption.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (certificates, key) = read_identity(identity)?;
            builder.with_client_auth_cert(certificates, key).map_err(unusable(format!(
                "sslcert {} with sslkey {}",
                identity.certificate.display(),
                identity.key.display()
            )))?
        }
    };
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

/// What the modes below `verify-full` ask of a server: that a CA of the roots vouches for it,
/// whatever its name, or nothing at all.
#[derive(Debug)]
struct AnyName {
    /// `None` believes everybody.
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn roots(roots: &Roots) -> Result<RootCertStore, Error> {
    let (name, certificates) = match roots {
        Roots::File(path) => {
            let name = format!("sslrootcert {}", path.display());
            let certificates = certificates(path).map_err(unusable(&name))?;
            (name, certificates)
        }
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            let name = "sslrootcert=system".to_owned();
            if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
                return Err(unusable(&name)(error));
            }
            (name, found.certs)
        }
    };
    let mut store = RootCertStore::empty();
    match store.add_parsable_certificates(certificates) {
        (0, _) => Err(unusable(&name)("it has no certificate of a CA")),
        _ => Ok(store),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    CertificateDer::pem_file_iter(path)?.collect()
}

fn read_identity(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let Identity { certificate, key } = identity;
    let wrong_certificate =
        |reason: &dyn Display| unusable(format!("sslcert {}", certificate.display()))(reason);
    let wrong_key = |reason: &dyn Display| unusable(format!("sslkey {}", key.display()))(reason);
    let chain = certificates(certificate).map_err(|error| wrong_certificate(&error))?;
    if chain.is_empty() {
        return Err(wrong_certificate(&"it has no certificate"));
    }
    if let Some(others) = open_to_others(key).map_err(|error| wrong_key(&error))? {
        return Err(wrong_key(&others));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            wrong_key(&"it has no private key, or one that is locked by a passphrase")
        }
        error => wrong_key(&error),
    })?;
    Ok((chain, key))
}

/// libpq's rule for the file of a private key: the owner alone, or root's and readable for its group.
#[cfg(unix)]
fn open_to_others(key: &Path) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(key)?;
    let forbidden = if found.uid() == 0 { 0o037 } else { 0o077 };
    Ok((found.mode() & forbidden != 0).then_some(
        "others may read it: chmod it to 0600, or to 0640 if it belongs to root and the group is the application's",
    ))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

fn unusable<E: Display>(what: impl Display) -> impl FnOnce(E) -> Error {
    move |reason| Error::Connection(format!("{what} cannot be used: {reason}"))
}

/// What mends a handshake that failed.
pub(super) fn cure(encryption: &Encryption, error: &tokio_postgres::Error) -> Option<String> {
    let mode = encryption.mode;
    if StdError::source(error).is_some_and(|cause| cause.to_string() == "server does not support TLS") {
        return Some(format!(
            "sslmode={mode} connects with TLS only: give the server a certificate and set ssl = on"
        ));
    }
    let cure = match cause(error) {
        Some(rustls::Error::InvalidCertificate(problem)) => match problem {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "sslrootcert has to name the certificate of the CA that issued the server's, and the server has to \
                 send the certificates between the two"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the host of the URL has to be a subject alternative name of the server's certificate: connect by \
                 a name that it has, or have one issued for this host"
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "renew the server's certificate, or set this machine's clock right"
            }
            _ => {
                "let the server have a certificate of its own, of X.509 version 3, that its CA issued for servers"
            }
        },
        Some(rustls::Error::AlertReceived(_)) if encryption.identity.is_some() => {
            "the server refused: its ssl_ca_file has to name the CA that issued sslcert"
        }
        Some(rustls::Error::AlertReceived(_)) => {
            "the server refused: see its log, and add sslcert and sslkey if it asks for a client's certificate"
        }
        Some(rustls::Error::PeerIncompatible(_)) => "the server has to offer TLS 1.2 or newer",
        Some(_) => "check that what listens at host and port is PostgreSQL",
        None if encryption.negotiation == SslNegotiation::Direct && error.code().is_none() => {
            "check that the server runs, that host and port are right, and that it is PostgreSQL 17 or newer, as \
             sslnegotiation=direct needs"
        }
        None => return None,
    };
    Some(format!("sslmode={mode}: {cure}"))
}

/// The TLS library's own error, however it is wrapped.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    iter::successors(Some(error), |&error| {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|error| error as &(dyn StdError + 'static)).or_else(|| error.source())
    })
    .find_map(|error| error.downcast_ref())
}

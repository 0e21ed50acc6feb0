//! Keys that are read, refused and rotated.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_core::Error;
use crow_core::request::{Jwt, Key, KeySet};
use crow_examples::MIGRATIONS;
use http::StatusCode;
use serde_json::{Value, json};

use crate::Outcome;
use crate::issuer::{AUDIENCE, EC, ED, ISSUER, RSA, SECRET, Signer, claims, token};
use crate::service::{Shops, Staff, get_from, send};

const HONDA: &str = "honda.shops.example.com";

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, why: &str) {
    match result {
        Err(Error::Invalid(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?}"),
    }
}

/// The bytes of a public key, which end its PEM.
fn last_bytes(pem: &str, count: usize) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(base64).expect("it is PEM");
    der[der.len() - count..].to_vec()
}

fn jwks(change: impl FnOnce(&mut Value)) -> String {
    let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = last_bytes(EC, 64);
    // 256 bytes of modulus, then the tag and length of the exponent, and the exponent.
    let rsa = last_bytes(RSA, 261);
    let mut set = json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": "ES256", "x": base64(&point[..32]), "y": base64(&point[32..]) },
        { "kty": "OKP", "crv": "Ed25519", "kid": "EdDSA", "alg": "EdDSA", "x": base64(&last_bytes(ED, 32)) },
        { "kty": "RSA", "kid": "RS256", "alg": "RS256", "use": "sig", "n": base64(&rsa[..256]), "e": base64(&rsa[258..]) },
        { "kty": "RSA", "kid": "for secrets", "use": "enc", "n": base64(&rsa[..256]), "e": "AQAB" },
        { "kty": "oct", "kid": "HS256", "alg": "HS256", "k": base64(SECRET) },
        { "kty": "new", "kid": "of another time" },
    ]});
    change(&mut set);
    set.to_string()
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_published_set_verifies_what_its_public_keys_signed(shops: Shops) -> Outcome {
    let keys = KeySet::new(Key::of_jwks(&jwks(|_| {}))?)?;
    let service =
        shops.serve(Jwt::<Staff>::new(keys, ISSUER, AUDIENCE), shops.host_and_token(), shops.members());
    for signer in Signer::ALL {
        let expected = match signer {
            // Whoever reads the set could sign with it.
            Signer::Hs256 => StatusCode::UNAUTHORIZED,
            _ => StatusCode::OK,
        };
        let answer = send(&service, get_from(HONDA, &signer.token("ada", None))).await?;
        assert_eq!(answer.status(), expected, "{signer:?}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn keys_are_rotated_while_the_service_runs(shops: Shops) -> Outcome {
    let keys = KeySet::new([Signer::Es256.key()])?;
    let jwt = Jwt::<Staff>::new(keys.clone(), ISSUER, AUDIENCE);
    let service = shops.serve(jwt, shops.host_and_token(), shops.members());
    let (old, new) = (Signer::Es256.token("ada", None), Signer::EdDsa.token("ada", None));
    let statuses = async || -> Outcome<[StatusCode; 2]> {
        let old = send(&service, get_from(HONDA, &old)).await?.status();
        Ok([old, send(&service, get_from(HONDA, &new)).await?.status()])
    };
    assert_eq!(statuses().await?, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
    keys.replace([Signer::Es256.key(), Signer::EdDsa.key()])?;
    assert_eq!(statuses().await?, [StatusCode::OK, StatusCode::OK]);
    keys.replace([Signer::EdDsa.key()])?;
    assert_eq!(statuses().await?, [StatusCode::UNAUTHORIZED, StatusCode::OK]);
    refused(keys.replace([]), "without keys");
    assert_eq!(statuses().await?, [StatusCode::UNAUTHORIZED, StatusCode::OK]);
    Ok(())
}

/// Which key a token is signed with is not tried out.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_token_that_names_no_key_is_for_the_only_one(shops: Shops) -> Outcome {
    let unnamed = |signer: Signer| {
        let header = json!({ "alg": signer.algorithm() });
        token(&header, &claims("ada", None), |message| signer.sign(message))
    };
    for signer in Signer::ALL {
        let only = Jwt::<Staff>::new(KeySet::new([signer.key()])?, ISSUER, AUDIENCE);
        let only = shops.serve(only, shops.host_and_token(), shops.members());
        for (service, status) in [(&only, StatusCode::OK), (&shops.guarded(), StatusCode::UNAUTHORIZED)] {
            let answer = send(service, get_from(HONDA, &unnamed(signer))).await?;
            assert_eq!(answer.status(), status, "{signer:?}");
        }
    }
    Ok(())
}

#[test]
fn keys_that_would_protect_nothing_are_refused() {
    refused(Key::hs256("a", b"secret"), "32 bytes");
    refused(Key::rs256("a", EC), "RSA public key");
    refused(Key::es256("a", RSA), "P-256");
    refused(Key::es256("a", ED), "P-256");
    refused(Key::ed_dsa("a", EC), "Ed25519");
    refused(Key::ed_dsa("a", "nothing"), "Ed25519");
    refused(Key::rs256("a", "-----BEGIN PRIVATE KEY-----"), "openssl pkey -pubout");
    refused(Key::rs256("a", SHORT_RSA), "2048 bits");
    refused(KeySet::new([]), "without keys");
    refused(KeySet::new([Signer::Hs256.key(), Signer::Hs256.key()]), "`HS256`");
}

/// 1024 bits.
const SHORT_RSA: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCtqfxiOhE1JlBBEgJpWsBiFQbg
vfbHEeZHCWxPrr/QwvoEST+Dw8ezhziD0nzPWkLuk3IezfK/+uzprWmFUgpqiKKN
VQ4i0r/rLqixiVDriKfKkhd99qfKLAcTNIm/wqO8q4FHP5Pg715mCMt9di0p56wN
1E1ctjrkZNz6CpMiWwIDAQAB
-----END PUBLIC KEY-----
";

#[test]
fn sets_that_cannot_be_used_are_refused() {
    refused(Key::of_jwks("{}"), "JSON Web Key Set");
    refused(Key::of_jwks(r#"{ "keys": [] }"#), "RS256, ES256 or EdDSA");
    let keep = |n: usize| move |set: &mut Value| set["keys"] = json!([set["keys"][n]]);
    refused(Key::of_jwks(&jwks(keep(4))), "RS256, ES256 or EdDSA");
    refused(
        Key::of_jwks(&jwks(|set| {
            keep(2)(set);
            set["keys"][0]["n"] = json!("AQAB");
        })),
        "2048 bits",
    );
    refused(
        Key::of_jwks(&jwks(|set| {
            keep(0)(set);
            set["keys"][0]["x"] = json!("AQAB");
        })),
        "P-256",
    );
}

#[test]
fn a_key_does_not_show_itself() {
    let shown = format!("{:?}", KeySet::new([Signer::Hs256.key()]));
    assert!(!shown.contains("secret") && shown.contains("HS256"), "{shown}");
}

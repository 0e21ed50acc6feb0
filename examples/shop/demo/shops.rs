//! Two shops on a throw-away database, and somebody who issues tokens for them.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crow_core::request::{Key, KeySet};
use crow_core::{JobKey, JobKeys, TenantId};
use crow_shop::Config;
use crow_shop::models::{ServiceRecord, Vehicle};
use crow_shop::schema::{service_records, shops, vehicles};
use crow_testkit::{Tenant, TestDb};
use diesel::ExpressionMethods;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) const DOMAIN: &str = "localhost";
pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const SECRET: &str = "what the demo signs its tokens with";

/// The configuration of a service on this database.
pub(crate) fn config(db: &TestDb) -> Outcome<Config> {
    config_at(db.tenant_url(), db.admin_url(), db.open_url())
}

pub(crate) fn config_at(tenant_url: String, admin_url: String, open_url: String) -> Outcome<Config> {
    Ok(Config {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        tenant_url,
        admin_url,
        open_url,
        domain: DOMAIN.into(),
        issuer: ISSUER.into(),
        token_keys: KeySet::new([Key::hs256("demo", SECRET.as_bytes())?])?,
        job_keys: JobKeys::new(JobKey::new("demo", "what the demo signs its jobs with")?),
        ask_within: Config::ASK_WITHIN,
        answer_within: Config::ANSWER_WITHIN,
    })
}

/// A shop that has its first vehicles.
pub(crate) struct Shop {
    pub(crate) slug: &'static str,
    pub(crate) id: TenantId,
    pub(crate) vehicles: Vec<Vehicle>,
}

impl Shop {
    pub(crate) async fn open(db: &TestDb, slug: &'static str, stock: &[[&str; 3]]) -> Outcome<Self> {
        let tenant = db.tenant(slug);
        let mut owner = AsyncPgConnection::establish(&db.owner_url()).await?;
        diesel::insert_into(shops::table)
            .values((shops::id.eq(tenant.id().as_uuid()), shops::slug.eq(slug), shops::name.eq(slug)))
            .execute(&mut owner)
            .await?;
        let mut taken_in = Vec::new();
        for [make, model, plate] in stock {
            taken_in.push(vehicle(&tenant, make, model, plate).await?);
        }
        Ok(Self { slug, id: tenant.id(), vehicles: taken_in })
    }

    /// What lets `sub` work at this shop for a day.
    pub(crate) fn token(&self, sub: &str) -> String {
        token(&json!({ "aud": "shops", "sub": sub, "shop": self.id.as_uuid() }))
    }
}

async fn vehicle(shop: &Tenant, make: &str, model: &str, plate: &str) -> Outcome<Vehicle> {
    let columns = (
        vehicles::make.eq(make),
        vehicles::model.eq(model),
        vehicles::year.eq(2019),
        vehicles::plate.eq(plate),
    );
    let vehicle = shop.insert::<Vehicle>(columns).await?;
    let work = format!("oil change of {plate}");
    let record = (
        service_records::vehicle_id.eq(vehicle.id),
        service_records::work.eq(work),
        service_records::cents.eq(4_900),
    );
    shop.insert::<ServiceRecord>(record).await?;
    Ok(vehicle)
}

/// What lets somebody look across shops for a day.
pub(crate) fn operator_token(sub: &str) -> String {
    token(&json!({ "aud": "operations", "sub": sub }))
}

/// A token of the demo's issuer, good for a day, with these claims. A service has an identity provider for this.
pub(crate) fn token(claims: &Value) -> String {
    let end = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut all = json!({ "iss": ISSUER, "exp": end });
    all.as_object_mut()
        .into_iter()
        .zip(claims.as_object())
        .for_each(|(all, claims)| all.extend(claims.clone()));
    signed(&json!({ "alg": "HS256", "typ": "JWT", "kid": "demo" }), &all, SECRET)
}

/// Any token.
pub(crate) fn signed(head: &Value, claims: &Value, secret: &str) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", part(head), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(&text).finalize());
    let signature = mac.map(|mac| mac.into_bytes().to_vec()).unwrap_or_default();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

//! A service with two shops, and what attackers send it.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use crow_core::request::{
    Identify, Jwt, KeySet, Names, Resolver, Subdomain, TenantLayer, all, of_principal, required,
};
use crow_core::{ClaimedTenant, Error, Membership, Principal, TenantId, TenantPool, TenantScope};
use crow_examples::models::{NewVehicle, Vehicle};
use crow_testkit::{FromTestDb, TestDb};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use tower::ServiceExt;

use crate::Outcome;
use crate::issuer::{AUDIENCE, ISSUER, Signer};

pub(crate) const PARENT: &str = "shops.example.com";

/// Ada works at the shop that has a Honda, and would like to see the other's Toyota.
#[derive(Clone)]
pub(crate) struct Shops {
    pub(crate) pool: TenantPool,
    pub(crate) honda: TenantId,
    pub(crate) toyota: TenantId,
}

impl FromTestDb for Shops {
    async fn from_test_db(db: &TestDb) -> Outcome<Self> {
        let shops = Self { pool: db.tenant_pool().await?, honda: db.new_tenant(), toyota: db.new_tenant() };
        for (shop, make) in [(shops.honda, "Honda"), (shops.toyota, "Toyota")] {
            let new = NewVehicle { make, model: "Sedan", year: 2020, plate: "ABC 1" };
            shops
                .pool
                .scope(shop, async |db| db.insert_into::<Vehicle>().values(new).execute(db).await)
                .await?;
        }
        Ok(shops)
    }
}

/// The claims of a token.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Staff {
    pub(crate) sub: String,
    pub(crate) shop: Option<ClaimedTenant>,
}

impl Staff {
    pub(crate) fn shop(&self) -> Option<ClaimedTenant> {
        self.shop
    }
}

/// The two shops by their names.
#[derive(Clone)]
pub(crate) struct Slugs(pub(crate) [(&'static str, TenantId); 2]);

impl Names for Slugs {
    async fn tenant(&self, name: &str) -> Result<Option<TenantId>, Error> {
        Ok(self.0.iter().find(|(slug, _)| *slug == name).map(|(_, shop)| *shop))
    }
}

impl Shops {
    pub(crate) fn slugs(&self) -> Slugs {
        Slugs([("honda", self.honda), ("toyota", self.toyota)])
    }

    pub(crate) fn subdomain(&self) -> Subdomain<Slugs> {
        Subdomain::of(PARENT, self.slugs()).expect("it is a domain")
    }

    /// Ada works at one shop, Bob at the other.
    pub(crate) fn members(&self) -> impl Membership<Staff> + 'static {
        let (honda, toyota) = (self.honda, self.toyota);
        move |who: Principal<Staff>, shop: TenantId| {
            let works_at = match who.sub.as_str() {
                "ada" => Some(honda),
                "bob" => Some(toyota),
                _ => None,
            };
            async move { Ok(works_at == Some(shop)) }
        }
    }

    /// The service as a team would build it: tokens, the shop in the host and if need be in the token, and members.
    pub(crate) fn guarded(&self) -> Router {
        self.serve(jwt(), self.host_and_token(), self.members())
    }

    pub(crate) fn host_and_token(&self) -> impl Resolver<Staff> + use<> {
        all(required(self.subdomain()), of_principal(Staff::shop))
    }

    pub(crate) fn serve<I, R, M>(&self, identify: I, resolver: R, membership: M) -> Router
    where
        I: Identify,
        R: Resolver<I::Principal>,
        M: Membership<I::Principal> + 'static,
    {
        Router::new()
            .route("/vehicles", get(makes).post(makes))
            .route("/shops/{shop}/vehicles", get(makes).post(makes))
            .layer(TenantLayer::new(self.pool.clone(), identify, resolver, membership))
    }

    /// A token of Ada's, for whatever shop.
    pub(crate) fn ada(&self) -> String {
        Signer::Hs256.token("ada", None)
    }

    /// A token of Ada's for her own shop alone.
    pub(crate) fn ada_at_honda(&self) -> String {
        Signer::Hs256.token("ada", Some(self.honda))
    }
}

pub(crate) fn jwt() -> Jwt<Staff> {
    Jwt::new(keys(), ISSUER, AUDIENCE)
}

pub(crate) fn keys() -> KeySet {
    KeySet::new(Signer::ALL.map(|signer| signer.key())).expect("their ids differ")
}

/// A check that was forgotten.
pub(crate) async fn everybody<P>(_: Principal<P>, _: TenantId) -> Result<bool, Error> {
    Ok(true)
}

async fn makes(shop: TenantScope) -> Result<String, Error> {
    shop.run(async |db| {
        let vehicles: Vec<Vehicle> = db.query().load(db).await?;
        Ok(vehicles.iter().map(|vehicle| &*vehicle.make).collect::<Vec<_>>().join(", "))
    })
    .await
}

pub(crate) fn get_from(host: &str, token: &str) -> Request<Body> {
    request(&[("host", host), ("authorization", &format!("Bearer {token}"))])
}

pub(crate) fn request(headers: &[(&str, &str)]) -> Request<Body> {
    with_headers(Request::get("/vehicles"), headers)
}

pub(crate) fn with_headers(mut request: http::request::Builder, headers: &[(&str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).expect("the request can be sent")
}

pub(crate) struct Answer {
    pub(crate) head: Response<()>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) async fn send(service: &Router, request: Request<Body>) -> Outcome<Answer> {
    let (parts, body) = service.clone().oneshot(request).await?.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await?.into())?;
    Ok(Answer { head: Response::from_parts(parts, ()), body })
}

/// Sends what an attacker sends: it is refused, without a word about the other shop, and shows that shop's rows where
/// the protection is taken out.
pub(crate) async fn attack(
    shops: &Shops,
    attack: impl Fn() -> Request<Body>,
    guarded: Router,
    refused: StatusCode,
    without_the_protection: Router,
) -> Outcome {
    let answer = send(&guarded, attack()).await?;
    assert_eq!(answer.status(), refused, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    for secret in [&shops.toyota.to_string(), &shops.honda.to_string(), "oyota"] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
        assert!(!format!("{:?}", answer.head.headers()).contains(secret), "{:?}", answer.head);
    }
    let leak = send(&without_the_protection, attack()).await?;
    assert_eq!((leak.status(), &*leak.body), (StatusCode::OK, "Toyota"));
    Ok(())
}

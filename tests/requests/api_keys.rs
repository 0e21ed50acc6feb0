//! Keys of programs, looked up in a database before a tenant is known.

use crow_core::request::{ApiKey, Directory, Identify, KeyDigest, Subdomain, of_principal};
use crow_core::{Error, Principal, TenantId, TenantPool};
use crow_examples::MIGRATIONS;
use crow_testkit::TestDb;
use diesel::prelude::*;
use diesel::sql_types::{Bytea, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use http::StatusCode;
use uuid::Uuid;

use crate::Outcome;
use crate::service::{PARENT, Shops, attack, everybody, get_from, jwt, request, send};

const KEY: &str = "crow_5f0d9c0e3b7a4d12";
const OTHER_KEY: &str = "crow_00000000000000000";

/// The page's SQL, and what is in its tables.
async fn prepared(db: &TestDb, shops: &Shops) -> Outcome {
    let mut owner = AsyncPgConnection::establish(&db.owner_url()).await?;
    owner.batch_execute(include_str!("../../docs/login.sql")).await?;
    let (honda, toyota) = (shops.honda, shops.toyota);
    owner
        .batch_execute(&format!(
            "SET ROLE crow_owner; INSERT INTO login.shops VALUES ('honda', '{honda}'), ('toyota', '{toyota}')"
        ))
        .await?;
    for (key, expires) in [(KEY, "infinity"), (OTHER_KEY, "yesterday")] {
        sql_query(format!("INSERT INTO login.api_keys VALUES ($1, '{honda}', 'till', '{expires}')"))
            .bind::<Bytea, _>(KeyDigest::of(key).as_bytes())
            .execute(&mut owner)
            .await?;
    }
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Program {
    #[diesel(sql_type = SqlUuid)]
    tenant: Uuid,
    #[diesel(sql_type = Text)]
    program: String,
}

diesel::define_sql_function! {
    #[sql_name = "login.shop"]
    fn shop(slug: Text) -> diesel::sql_types::Nullable<SqlUuid>;
}

/// As the role that may not enter tenants. A service has a pool of these.
async fn open(url: &str) -> Result<AsyncPgConnection, Error> {
    AsyncPgConnection::establish(url).await.map_err(|error| Error::Connection(error.to_string()))
}

fn programs(url: String) -> impl Identify<Principal = Program> {
    ApiKey::header("x-api-key", move |digest: KeyDigest| {
        let url = url.clone();
        async move {
            let found = sql_query("SELECT * FROM login.api_key($1)")
                .bind::<Bytea, _>(digest.as_bytes())
                .get_result(&mut open(&url).await?)
                .await;
            Ok(found.optional()?)
        }
    })
    .expect("it is the name of a header")
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_program_reaches_the_shop_of_its_key(db: &TestDb, shops: Shops) -> Outcome {
    prepared(db, &shops).await?;
    let shop = of_principal(|program: &Program| TenantId::try_from(program.tenant).ok());
    let named = async |who: Principal<Program>, _: TenantId| Ok(who.program == "till");
    let service = shops.serve(programs(db.database().url("crow_open")), shop, named);
    let answer = send(&service, request(&[("x-api-key", KEY)])).await?;
    assert_eq!((answer.status(), &*answer.body), (StatusCode::OK, "Honda"));
    let long = "x".repeat(257);
    for (key, status) in [
        (OTHER_KEY, StatusCode::UNAUTHORIZED),
        ("crow_5f0d9c0e3b7a4d13", StatusCode::UNAUTHORIZED),
        ("", StatusCode::UNAUTHORIZED),
        ("' OR true --                ", StatusCode::UNAUTHORIZED),
        (&*long, StatusCode::UNAUTHORIZED),
    ] {
        let answer = send(&service, request(&[("x-api-key", key)])).await?;
        assert_eq!(answer.status(), status, "{key}");
        assert_eq!(answer.header("www-authenticate"), Some("ApiKey"));
    }
    let doubled = request(&[("x-api-key", KEY), ("x-api-key", KEY)]);
    assert_eq!(send(&service, doubled).await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

/// A lookup is not asked about what no key can be, whatever it would say.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn what_is_too_short_or_too_long_for_a_key(shops: Shops) -> Outcome {
    let anything = ApiKey::header("x-api-key", async |_: KeyDigest| Ok(Some(())))?;
    let service = shops.serve(anything, shops.subdomain(), everybody);
    for (length, status) in [
        (0, StatusCode::UNAUTHORIZED),
        (19, StatusCode::UNAUTHORIZED),
        (20, StatusCode::OK),
        (256, StatusCode::OK),
        (257, StatusCode::UNAUTHORIZED),
        (10 << 20, StatusCode::UNAUTHORIZED),
    ] {
        let request = request(&[("x-api-key", &"k".repeat(length)), ("host", "honda.shops.example.com")]);
        assert_eq!(send(&service, request).await?.status(), status, "{length}");
    }
    Ok(())
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_key_of_one_shop_with_the_host_of_another(db: &TestDb, shops: Shops) -> Outcome {
    prepared(db, &shops).await?;
    let url = db.database().url("crow_open");
    let request = || request(&[("x-api-key", KEY), ("host", "toyota.shops.example.com")]);
    let of_the_key = async |who: Principal<Program>, shop: TenantId| Ok(who.tenant == shop.as_uuid());
    let guarded = shops.serve(programs(url.clone()), shops.subdomain(), of_the_key);
    let forgotten = shops.serve(programs(url), shops.subdomain(), everybody);
    attack(&shops, request, guarded, StatusCode::FORBIDDEN, forgotten).await
}

#[crow_testkit::test(migrations = MIGRATIONS)]
async fn a_shop_is_found_by_its_slug(db: &TestDb, shops: Shops) -> Outcome {
    prepared(db, &shops).await?;
    let url = db.database().url("crow_open");
    let directory = Directory::new(move |slug: String| {
        let url = url.clone();
        async move {
            let tenant: Option<Uuid> = diesel::select(shop(slug)).get_result(&mut open(&url).await?).await?;
            Ok(tenant.map(TenantId::try_from).transpose()?)
        }
    });
    let service = shops.serve(jwt(), Subdomain::of(PARENT, directory)?, shops.members());
    for (slug, status) in
        [("honda", StatusCode::OK), ("toyota", StatusCode::FORBIDDEN), ("nobody", StatusCode::FORBIDDEN)]
    {
        let host = format!("{slug}.{PARENT}");
        assert_eq!(send(&service, get_from(&host, &shops.ada())).await?.status(), status, "{slug}");
    }
    Ok(())
}

/// The functions are all that `crow_open` has, and nobody else has them. The pool of the application opens beside them.
#[crow_testkit::test(migrations = MIGRATIONS)]
async fn the_functions_are_no_way_round(db: &TestDb, shops: Shops) -> Outcome {
    prepared(db, &shops).await?;
    let enter = format!("SELECT crow.enter('{}')", shops.toyota);
    for (role, sql, refused) in [
        ("crow_open", "SELECT login.shop('honda')", false),
        ("crow_open", "SELECT * FROM login.shops", true),
        ("crow_open", "SELECT * FROM login.api_keys", true),
        ("crow_open", "SELECT * FROM vehicles", true),
        ("crow_open", &*enter, true),
        ("crow_app", "SELECT login.shop('honda')", true),
        ("crow_app", "SELECT * FROM login.api_keys", true),
    ] {
        let mut conn = AsyncPgConnection::establish(&db.database().url(role)).await?;
        let result = conn.batch_execute(sql).await;
        assert_eq!(result.is_err(), refused, "{role}: {sql}: {result:?}");
        if let Err(error) = result {
            assert!(error.to_string().starts_with("permission denied"), "{role}: {sql}: {error}");
        }
    }
    let pool = TenantPool::builder(db.tenant_url()).connect().await?;
    let report = pool.audit().await?;
    assert!(
        report.findings.iter().all(|finding| !finding.to_string().contains("login.")),
        "{:?}",
        report.findings
    );
    Ok(())
}

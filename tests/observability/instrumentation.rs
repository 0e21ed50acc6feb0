//! diesel's own instrumentation works on crow's connections.

use std::sync::Mutex;

use crow_core::{Access, AdminPool, TenantPool};
use crow_examples::models::Vehicle;
use crow_examples::schema::vehicles;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::shop::{Outcome, Shops};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watcher() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SEEN.lock().expect("no panic while it is held").push(query.to_string());
        }
    }))
}

/// It sees the messages that crow adds, and the values of all statements: that is diesel's choice, and the
/// documentation warns of it.
#[tokio::test]
async fn diesels_instrumentation_sees_statements_with_their_values() -> Outcome {
    let shops = Shops::open().await?;
    set_default_instrumentation(watcher)?;
    let pool = TenantPool::builder(shops.db.tenant_url()).max_size(1).connect().await?;
    let admin = AdminPool::builder(shops.db.admin_url()).max_size(1).connect().await?;
    set_default_instrumentation(|| None)?;
    pool.scope(shops.ours, async |db| {
        db.query::<Vehicle>().filter(vehicles::make.eq("seen-by-diesel")).load::<Vehicle>(db).await
    })
    .await?;
    let mut conn = admin.get(Access::new("Ada", "ticket 7")).await?;
    vehicles::table
        .filter(vehicles::make.eq("seen-by-admin"))
        .select(vehicles::id)
        .load::<uuid::Uuid>(&mut conn)
        .await?;
    let seen = SEEN.lock().expect("no panic while it is held").clone();
    for part in ["::crow.tenant", &shops.ours.to_string(), "\"seen-by-diesel\"", "\"seen-by-admin\""] {
        assert!(seen.iter().any(|text| text.contains(part)), "{part} in {seen:#?}");
    }
    Ok(())
}

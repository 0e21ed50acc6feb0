//! Multi-tenant data access for PostgreSQL, on diesel and diesel-async: a query that could see
//! another tenant's rows does not compile, and the database refuses it as well.
//!
//! | to | take |
//! |---|---|
//! | mark a table's row type | [`TenantModel`](derive@TenantModel), [`SharedModel`](derive@SharedModel), [`TenantChangeset`] |
//! | open a tenant's scope | [`TenantPool`], which lends a [`TenantConn`] |
//! | prove which tenant somebody may act for | [`ClaimedTenant`], a [`Membership`], [`VerifiedTenant`], [`TenantScope`] |
//! | read | [`TenantConn::query`], a [`TenantQuery`] |
//! | write | [`TenantConn::insert_into`], [`update`](TenantConn::update), [`delete`](TenantConn::delete) |
//! | join statements | [`TenantConn::transaction`], [`build_transaction`](TenantConn::build_transaction) |
//! | run SQL that the builder cannot say | [`TenantConn::rls_only`] |
//! | do something for every tenant | [`for_each_tenant`] |
//! | hand a tenant's work to a queue | `TenantJob` (feature `jobs`), a `Job`, `JobKeys` |
//! | serve requests of tenants | `request::TenantLayer` (features `tower`, `axum`) |
//! | cross tenants, or help one | [`AdminPool`], with an [`Access`] |
//! | install the database side, create tables | [`schema`] |
//! | prove a live database right | [`audit`] |
//!
//! The guide: [getting started](guide::getting_started), [a first service](guide::first_service), [what a tenant can say](guide::queries),
//! [from plain diesel](guide::porting), [tables that are there already](guide::adopting),
//! [the tenants themselves, and logging in](guide::tenants),
//! [plans](guide::plans), [connections](guide::connections), [requests](guide::requests), [jobs](guide::jobs), [across tenants](guide::admin),
//! [the audit](guide::audit), [what crow shows](guide::observability), [how to read the compile
//! errors](guide::errors), [the threat model](guide::threat_model).
//!
//! The feature `tls` encrypts connections, `tower` and `axum` lead from requests to tenants, `jobs` signs work for queues, `metrics` counts,
//! `report` writes the audit's report for other programs, `cli` is the command `crow`; all are off by default.

// Tables may have 128 columns, and a macro takes a step for each.
#![recursion_limit = "256"]

pub mod audit;
mod column;
mod conn;
mod each;
mod error;
mod fragment;
#[cfg(feature = "jobs")]
mod job;
mod link;
mod membership;
mod model;
mod query;
// `axum` has `tower` with it; the compiler shows this line to those who have forgotten it.
#[cfg(any(feature = "axum", feature = "tower"))]
pub mod request;
pub mod schema;
mod scope;
mod seal;
mod tenant;
mod tenant_bind;

pub use crow_derive::{SharedModel, TenantChangeset, TenantModel};

pub use audit::{Finding, Severity};
pub use column::{ModelColumn, ModelType};
pub use conn::{
    Access, AdminConn, AdminPool, PoolBuilder, PoolStatus, Retrying, TenantConn, TenantPool, TenantScope,
    TransactionBuilder, connect,
};
pub use each::{ForEachTenant, Progress, TenantFailure, TenantReport, for_each_tenant};
pub use error::{Error, Optional};
#[cfg(feature = "jobs")]
pub use job::{Job, JobError, JobKey, JobKeys, TenantJob, VerifiedJob, forget_expired_jobs};
pub use membership::{ClaimedTenant, Membership, Principal, VerifiedTenant};
pub use model::{Model, ModelEntry, Protection, SharedModel, TenantModel, models};
pub use query::{
    Aggregate, AnyOf, Combined, Condition, Delete, Insert, InsertInto, Key, Keyed, Locked, RlsOnly,
    TenantQuery, Update, Window, Write, aggregate, any_of, excluded, exists, window,
};
pub use tenant::{InvalidTenantId, TenantId};

/// Traits and types that appear in bounds and in compile errors. A function over the queries of any model names
/// [`Loads`](bounds::Loads) and [`RowOf`](bounds::RowOf); nobody has to name the others.
pub mod bounds {
    pub use crate::conn::{AsyncFunc, AsyncRepeat};
    pub use crate::membership::OpensScope;
    pub use crate::model::{
        Declared, NoTenantColumn, ScopedSource, ScopedTable, TenantColumn, TenantIdType, TenantTable,
    };
    pub use crate::query::{
        AnyValue, Assigns, Changes, Checked, ColumnsOf, Complete, Deleted, Derived, DoUpdate, Excluded,
        Existence, Form, Frame, Grouped, InPlace, Inline, Inserted, Joined, Joins, KeyValue, KeyedRow, Loads,
        Modifier, ModifierOn, Narrows, NewRows, NotTheTenant, OnConflict, RowOf, RowSet, Rows, Sets, Several,
        Single, Subquery, SubqueryIn, Subselect, Unmodified, Unset, Updated, Upserted, Value, Values,
    };
    pub use crate::scope::{
        CorrelatedIn, InScope, Part, Predicate, Scoped, Selection, Sources, Uncorrelated,
    };
}

/// The guide, page by page.
pub mod guide {
    #[doc = include_str!("../../docs/getting-started.md")]
    pub mod getting_started {}

    #[doc = include_str!("../../docs/first-service.md")]
    pub mod first_service {}

    #[doc = include_str!("../../docs/queries.md")]
    pub mod queries {}

    #[doc = include_str!("../../docs/porting.md")]
    pub mod porting {}

    #[doc = include_str!("../../docs/adopting.md")]
    pub mod adopting {}

    #[doc = include_str!("../../docs/tenants.md")]
    pub mod tenants {}

    #[doc = include_str!("../../docs/plans.md")]
    pub mod plans {}

    #[doc = include_str!("../../docs/connections.md")]
    pub mod connections {}

    #[cfg_attr(feature = "axum", doc = include_str!("../../docs/requests.md"))]
    #[cfg_attr(not(feature = "axum"), doc = "From a request to a tenant: with the feature `axum`.")]
    pub mod requests {}

    #[cfg_attr(feature = "jobs", doc = include_str!("../../docs/jobs.md"))]
    #[cfg_attr(not(feature = "jobs"), doc = "Work that leaves the request: with the feature `jobs`.")]
    pub mod jobs {}

    #[doc = include_str!("../../docs/errors.md")]
    pub mod errors {}

    #[doc = include_str!("../../docs/admin.md")]
    pub mod admin {}

    #[doc = include_str!("../../docs/audit.md")]
    pub mod audit {}

    #[doc = include_str!("../../docs/observability.md")]
    pub mod observability {}

    #[doc = include_str!("../../docs/threat-model.md")]
    pub mod threat_model {}
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What the code of the derives refers to.
#[doc(hidden)]
pub mod __derive {
    pub use crate::column::table_columns;
    pub use crate::fragment::Fragment;
    pub use crate::link::{Link, link};
    pub use crate::model::{
        Derived, Model, ModelEntry, Protection, ScopedTable, SharedModel, TenantModel, TenantTable, absent,
        assert_scoped, assert_shared, assert_tenant, selection, source, table_name, tenant_column,
    };
    pub use crate::query::Keyed;
    pub use crate::tenant::TenantId;
    pub use inventory;
}

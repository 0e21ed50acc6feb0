use crow_tests::prelude::*;
use diesel::query_builder::AsChangeset;

#[derive(TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Move {
    #[diesel(skip_update)]
    to: Uuid,
}

impl AsChangeset for Move {
    type Target = vehicles::table;
    type Changeset = <diesel::dsl::Eq<vehicles::tenant_id, Uuid> as AsChangeset>::Changeset;

    fn as_changeset(self) -> Self::Changeset {
        vehicles::tenant_id.eq(self.to).as_changeset()
    }
}

impl AsChangeset for &Move {
    type Target = vehicles::table;
    type Changeset = <diesel::dsl::Eq<vehicles::tenant_id, Uuid> as AsChangeset>::Changeset;

    fn as_changeset(self) -> Self::Changeset {
        vehicles::tenant_id.eq(self.to).as_changeset()
    }
}

#[cfg(refused)]
fn refused(db: &TenantConn<'_>, changes: Move) {
    let _ = db.update::<Vehicle>().set(changes); //~ compiles
}

//! What names a tenant, and what does not.

use crow_core::{InvalidTenantId, TenantId};
use uuid::Uuid;

#[test]
fn a_tenant_id_is_read_back_as_it_is_written() {
    let id = TenantId::random();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(TenantId::try_from(id.as_uuid()), Ok(id));
    assert_eq!(Uuid::from(id), id.as_uuid());
    assert_eq!(format!("{id:?}"), format!("TenantId({id})"));
    assert_ne!(TenantId::random(), id);
}

#[test]
fn the_nil_uuid_names_no_tenant() {
    assert_eq!(TenantId::try_from(Uuid::nil()), Err(InvalidTenantId::Nil));
    for text in ["00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"] {
        assert_eq!(text.parse::<TenantId>(), Err(InvalidTenantId::Nil));
    }
}

#[test]
fn other_text_names_no_tenant_and_is_not_repeated() {
    for text in ["", " ", "secret", "6f1c2a9e-4f0b-4d56-9a70-5d0a3c1b7e1", "' OR true --", "🚗"] {
        let error = text.parse::<TenantId>().expect_err(text);
        assert_eq!(error, InvalidTenantId::Malformed);
        assert!(!error.to_string().contains("secret"));
    }
}

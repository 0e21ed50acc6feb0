//! Each attack on an envelope is made with everything right but the one thing that is to stop it, and beside it stands the
//! same envelope with that put right, which opens: so nothing else stopped the attack.

use chrono::{TimeDelta, Utc};
use crow_core::{Job, JobError, JobKeys, TenantId, TenantJob};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::forger::{Forged, claims, sealed, signature, tenant};
use crate::{OTHER_SECRET, Outcome, Reminder, SECRET, key, reminder, ring};

#[test]
fn what_was_signed_is_what_is_opened() -> Outcome {
    let shop = TenantId::random();
    let before = Utc::now();
    let text = TenantJob::sign(shop, &reminder(), &ring())?.as_str().to_owned();
    let job = text.parse::<TenantJob<Reminder>>()?.open(&ring())?;
    assert_eq!(job.tenant().id(), shop);
    assert_eq!(job.payload(), &reminder());
    assert!(job.issued_at() >= before && job.issued_at() <= Utc::now());
    assert_eq!(claims(&text)["id"], json!(job.id()));
    Ok(())
}

#[test]
fn no_two_jobs_have_the_same_id() -> Outcome {
    let shop = TenantId::random();
    let id = || -> Outcome<_> { Ok(TenantJob::sign(shop, &reminder(), &ring())?.open(&ring())?.id()) };
    assert_ne!(id()?, id()?);
    Ok(())
}

#[test]
fn an_envelope_travels_as_text_as_bytes_and_by_serde() -> Outcome {
    let job = TenantJob::sign(TenantId::random(), &reminder(), &ring())?;
    let id = job.open(&ring())?.id();
    let bytes = job.as_str().as_bytes();
    assert_eq!(TenantJob::<Reminder>::try_from(bytes)?.open(&ring())?.id(), id);

    #[derive(Serialize, Deserialize)]
    struct Message {
        attempt: u32,
        job: TenantJob<Reminder>,
    }
    let message = serde_json::to_string(&Message { attempt: 1, job })?;
    assert_eq!(serde_json::from_str::<Message>(&message)?.job.open(&ring())?.id(), id);
    Ok(())
}

/// The envelopes that these tests make by hand are crow's own.
#[test]
fn an_envelope_made_by_hand_with_the_secret_opens() -> Outcome {
    let job = Forged::default().job().open(&ring())?;
    assert_eq!(job.tenant().id().as_uuid(), tenant());
    assert_eq!(job.payload(), &reminder());
    Ok(())
}

#[test]
fn an_envelope_of_which_any_character_was_changed_is_refused() {
    let text = Forged::default().text();
    for at in 0..text.len() {
        for change in ["A", "B", "-", ".", ""] {
            let mut changed = text.clone();
            changed.replace_range(at..=at, change);
            if changed == text {
                continue;
            }
            let opened = changed.parse::<TenantJob<Reminder>>().and_then(|job| job.open(&ring()));
            assert!(opened.is_err(), "{changed}");
        }
    }
}

/// Who can write to the queue can read an envelope and write another one, only not sign it.
#[test]
fn other_claims_with_the_signature_of_the_old_ones_are_refused() -> Outcome {
    let other = TenantId::random();
    let stolen = signature(SECRET, &Forged::default().signed());
    for (name, value) in [
        ("tenant", json!(other.as_uuid())),
        ("payload", json!({ "plate": "TOY 1" })),
        ("id", json!(uuid::Uuid::new_v4())),
        ("expires_at", json!("2226-01-12T09:00:00Z")),
        ("kind", json!("reminders")),
    ] {
        let forged = Forged::with(name, value);
        let attack = sealed(&forged.signed(), &stolen).parse::<TenantJob<Reminder>>()?.open(&ring());
        assert_eq!(attack.map(|job| job.id()), Err(JobError::Tampered("new".into())), "{name}");
    }
    // With the secret the same change works.
    assert_eq!(Forged::with("tenant", json!(other.as_uuid())).job().open(&ring())?.tenant().id(), other);
    Ok(())
}

#[test]
fn a_signature_that_is_none_is_refused() -> Outcome {
    let forged = Forged::default();
    let whole = signature(SECRET, &forged.signed());
    let longer = [whole.clone(), vec![0]].concat();
    for attack in [&[][..], &[0; 32], &whole[..31], &whole[..16], &longer] {
        let opened = sealed(&forged.signed(), attack).parse::<TenantJob<Reminder>>()?.open(&ring());
        assert_eq!(opened.map(|job| job.id()), Err(JobError::Tampered("new".into())));
    }
    sealed(&forged.signed(), &whole).parse::<TenantJob<Reminder>>()?.open(&ring())?;
    Ok(())
}

#[test]
fn a_signature_by_another_secret_is_refused() -> Outcome {
    let attack = Forged { secret: OTHER_SECRET, ..Forged::default() }.job();
    assert_eq!(attack.open(&ring()).map(|job| job.id()), Err(JobError::Tampered("new".into())));
    attack.open(&JobKeys::new(key("new", OTHER_SECRET)))?;
    Ok(())
}

#[test]
fn a_key_that_is_not_in_the_ring_opens_nothing() -> Outcome {
    let attack = Forged { key: "old", ..Forged::default() }.job();
    assert_eq!(attack.open(&ring()).map(|job| job.id()), Err(JobError::UnknownKey("old".into())));
    attack.open(&ring().accepting(key("old", SECRET))?)?;
    Ok(())
}

/// What was signed with one key does not pass under the name of another one of the ring.
#[test]
fn a_key_answers_for_its_own_signatures_alone() -> Outcome {
    let ring = ring().accepting(key("old", OTHER_SECRET))?;
    let attack = Forged { key: "old", secret: SECRET, ..Forged::default() }.job();
    assert_eq!(attack.open(&ring).map(|job| job.id()), Err(JobError::Tampered("old".into())));
    Forged { key: "old", secret: OTHER_SECRET, ..Forged::default() }.job().open(&ring)?;
    Ok(())
}

/// A secret that also signs other texts does not thereby sign jobs.
#[test]
fn what_was_signed_as_something_else_is_no_job() -> Outcome {
    let elsewhere = Forged { context: "session-01", ..Forged::default() };
    let stolen = signature(SECRET, &elsewhere.signed());
    assert_eq!(elsewhere.text().parse::<TenantJob<Reminder>>().err(), Some(JobError::Malformed));
    let signed = Forged::default().signed();
    let attack = sealed(&signed, &stolen).parse::<TenantJob<Reminder>>()?.open(&ring());
    assert_eq!(attack.map(|job| job.id()), Err(JobError::Tampered("new".into())));
    let bare = signature(SECRET, signed.rsplit_once('.').ok_or("claims")?.1);
    let attack = sealed(&signed, &bare).parse::<TenantJob<Reminder>>()?.open(&ring());
    assert_eq!(attack.map(|job| job.id()), Err(JobError::Tampered("new".into())));
    Ok(())
}

/// As alike as two kinds can be.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Scrapping {
    plate: String,
}

impl Job for Scrapping {
    const KIND: &'static str = "scrapping";
}

#[test]
fn a_job_of_one_kind_is_not_opened_as_another() -> Outcome {
    let text = TenantJob::sign(TenantId::random(), &reminder(), &ring())?.as_str().to_owned();
    let attack = text.parse::<TenantJob<Scrapping>>()?.open(&ring());
    assert!(matches!(attack, Err(JobError::OtherKind { expected: "scrapping", .. })), "{attack:?}");

    // With the kind put right the payload is taken.
    let renamed = Forged::with("kind", json!("scrapping")).text();
    assert_eq!(renamed.parse::<TenantJob<Scrapping>>()?.open(&ring())?.payload().plate, "CIV 1");
    Ok(())
}

#[test]
fn a_job_can_be_opened_until_it_expires() -> Outcome {
    let signed_at = Utc::now();
    let age = TimeDelta::from_std(Reminder::MAX_AGE)?;
    let job = TenantJob::sign_at(TenantId::random(), &reminder(), &ring(), signed_at)?;
    job.open_at(&ring(), signed_at + age - TimeDelta::milliseconds(1))?;
    for late in [age, age + TimeDelta::days(365)] {
        let refused = job.open_at(&ring(), signed_at + late);
        assert!(matches!(refused, Err(JobError::Expired { .. })), "{refused:?}");
    }
    Ok(())
}

#[test]
fn a_job_that_expired_long_ago_is_refused_now() -> Outcome {
    let last_week = Utc::now() - TimeDelta::days(7);
    let job = TenantJob::sign_at(TenantId::random(), &reminder(), &ring(), last_week)?;
    assert!(matches!(job.open(&ring()), Err(JobError::Expired { .. })));
    job.open_at(&ring(), last_week)?;
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Forever;

impl Job for Forever {
    const KIND: &'static str = "forever";
    const MAX_AGE: std::time::Duration = std::time::Duration::MAX;
}

#[test]
fn an_age_beyond_the_calendar_is_as_long_as_it_goes() -> Outcome {
    let job = TenantJob::sign(TenantId::random(), &Forever, &ring())?;
    job.open_at(&ring(), Utc::now() + TimeDelta::days(365_000))?;
    Ok(())
}

#[test]
fn the_nil_tenant_is_none_also_if_it_was_signed() {
    let attack = Forged::with("tenant", json!(uuid::Uuid::nil())).job();
    assert_eq!(attack.open(&ring()).map(|job| job.id()), Err(JobError::Malformed));
}

/// After an upgrade that forgot about the jobs that wait.
#[test]
fn a_payload_that_no_longer_fits_is_an_error_without_it() {
    let old = Forged::with("payload", json!({ "licence": "secret" })).job();
    let refused = old.open(&ring());
    assert!(matches!(refused, Err(JobError::Payload { kind: "reminder", .. })), "{refused:?}");
    assert!(!refused.map(drop).unwrap_err().to_string().contains("secret"));
}

#[test]
fn a_payload_that_json_cannot_say_is_not_signed() {
    #[derive(Serialize, Deserialize)]
    struct Odd(std::collections::BTreeMap<Vec<u8>, u8>);
    impl Job for Odd {
        const KIND: &'static str = "odd";
    }
    let odd = Odd([(vec![1], 1)].into());
    let refused = TenantJob::sign(TenantId::random(), &odd, &ring());
    assert!(matches!(refused, Err(JobError::Unwritable { kind: "odd", .. })), "{refused:?}");
}

#[test]
fn debug_shows_neither_payload_nor_signature() -> Outcome {
    let job = TenantJob::sign(TenantId::random(), &Reminder { plate: "SECRET 1".into() }, &ring())?;
    let (text, closed) = (job.as_str(), format!("{job:?}"));
    for part in text.split('.').skip(2) {
        assert!(!closed.contains(part), "{closed}");
    }
    let open = format!("{:?}", job.open(&ring())?);
    assert!(!open.contains("SECRET 1"), "{open}");
    assert!(open.contains("tenant"), "{open}");
    Ok(())
}

proptest! {
    #[test]
    fn no_text_but_an_envelope_opens(text in "(crow-job-1)?[.a-zA-Z0-9_\\-=+/ \u{0}é]{0,300}", bytes: Vec<u8>) {
        prop_assert!(text.parse::<TenantJob<Reminder>>().and_then(|job| job.open(&ring())).is_err());
        prop_assert!(TenantJob::<Reminder>::try_from(&bytes[..]).and_then(|job| job.open(&ring())).is_err());
    }

    /// Whatever is signed with the secret, an error is the worst that comes of it.
    #[test]
    fn claims_that_are_none_are_an_error(name in "id|tenant|kind|issued_at|expires_at|payload", value in "[ -~é]{0,40}") {
        let opened = Forged::with(&name, json!(value)).job().open(&ring());
        prop_assert!(opened.is_err() || name == "kind" && value == "reminder");
    }
}

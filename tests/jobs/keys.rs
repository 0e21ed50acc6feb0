//! Keys that come and go.

use crow_core::{JobError, JobKey, JobKeys, TenantId, TenantJob};

use crate::{OTHER_SECRET, Outcome, Reminder, SECRET, key, reminder};

fn sign(keys: &JobKeys) -> Outcome<TenantJob<Reminder>> {
    Ok(TenantJob::sign(TenantId::random(), &reminder(), keys)?)
}

/// The order of steps that `JobKeys` describes: at each of them each worker opens what each sender signs.
#[test]
fn a_key_is_changed_without_a_job_refused() -> Outcome {
    let (old, new) = (key("old", SECRET), key("new", OTHER_SECRET));
    let before = JobKeys::new(old.clone());
    let accepting = before.clone().accepting(new.clone())?;
    let signing = JobKeys::new(new.clone()).accepting(old)?;
    let after = JobKeys::new(new);
    for (sender, worker) in [
        (&before, &before),
        (&before, &accepting),
        (&accepting, &before),
        (&accepting, &signing),
        (&signing, &accepting),
        (&signing, &after),
        (&after, &signing),
    ] {
        sign(sender)?.open(worker)?;
    }
    // The step that is left out is one that refuses.
    assert_eq!(sign(&signing)?.open(&before).map(|job| job.id()), Err(JobError::UnknownKey("new".into())));
    assert_eq!(sign(&before)?.open(&after).map(|job| job.id()), Err(JobError::UnknownKey("old".into())));
    Ok(())
}

#[test]
fn a_ring_has_no_two_keys_of_one_id() -> Outcome {
    let refused = JobKeys::new(key("new", SECRET)).accepting(key("new", OTHER_SECRET));
    assert!(matches!(refused, Err(JobError::Key(_))), "{refused:?}");
    Ok(())
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    for secret in [&b""[..], b"hunter2", &[7; 31]] {
        let refused = JobKey::new("new", secret).map(drop);
        assert!(matches!(&refused, Err(JobError::Key(cause)) if cause.contains("openssl")), "{refused:?}");
    }
    assert!(JobKey::new("new", [7; 32]).is_ok());
}

#[test]
fn an_id_is_made_of_what_stands_in_an_envelope() {
    for id in ["", "two.parts", "line\nbreak", "blank ", "é", &"x".repeat(65)] {
        assert!(matches!(JobKey::new(id, SECRET), Err(JobError::Key(_))), "{id}");
    }
    assert!(JobKey::new("x".repeat(64), SECRET).is_ok());
}

#[test]
fn a_secret_is_not_shown() -> Outcome {
    let keys = JobKeys::new(key("new", SECRET)).accepting(key("old", OTHER_SECRET))?;
    let shown = format!("{keys:?} {keys:#?}");
    assert!(shown.contains("new") && shown.contains("old"), "{shown}");
    for secret in [SECRET, OTHER_SECRET] {
        assert!(!shown.contains(std::str::from_utf8(secret)?), "{shown}");
        assert!(!shown.contains(&format!("{:?}", &secret[..4])[1..]), "{shown}");
    }
    Ok(())
}

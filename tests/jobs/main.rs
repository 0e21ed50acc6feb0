//! Work that leaves the request: envelopes for queues, the ledger of what is done, and work for every tenant.

mod each;
mod envelope;
mod forger;
mod keys;
mod ledger;

use std::error::Error as StdError;

use crow_core::{Job, JobKey, JobKeys};
use serde::{Deserialize, Serialize};

type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

const SECRET: &[u8] = b"the secret of these tests, 32 bytes and more";
const OTHER_SECRET: &[u8] = b"another secret of these tests, as long as that";

/// What a queue carries in these tests.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reminder {
    plate: String,
}

impl Job for Reminder {
    const KIND: &'static str = "reminder";
}

fn key(id: &str, secret: &[u8]) -> JobKey {
    JobKey::new(id, secret).expect("a key")
}

fn ring() -> JobKeys {
    JobKeys::new(key("new", SECRET))
}

fn reminder() -> Reminder {
    Reminder { plate: "CIV 1".into() }
}

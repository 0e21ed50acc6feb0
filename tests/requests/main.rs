//! From a request to a tenant: what is let through, what is refused, and what the answer says.
//!
//! Most tests are attacks by somebody who works at one shop and is after the rows of the other. Each is sent twice: to the
//! service as it is built, and to one of which the protection that it aims at is taken out, where it succeeds.

mod admin;
mod agreement;
mod answers;
mod api_keys;
mod bad_input;
mod cookies;
mod directory;
mod fuzz;
mod handlers;
mod headers;
mod hosts;
mod issuer;
mod keys;
mod naive;
mod paths;
#[path = "../observability/recorder.rs"]
#[expect(dead_code, reason = "the tests of spans use all of it")]
mod recorder;
mod service;
mod tokens;
mod wire;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

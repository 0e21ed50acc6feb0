//! What somebody with a browser is told, where a program is given a problem+json.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::document::document;

/// Longer than any problem.
const LONGEST: usize = 64 * 1024;

/// The part of a problem that tells one from another.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    code: String,
    detail: String,
}

/// Puts a page in the place of each refusal that a browser would show as it is.
pub(crate) async fn for_people(request: Request, next: Next) -> Response {
    let reads_pages = names_html(request.headers(), &ACCEPT);
    let response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if !reads_pages || !failed || names_html(response.headers(), &CONTENT_TYPE) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let problem = to_bytes(body, LONGEST).await.ok();
    let told = problem.and_then(|problem| serde_json::from_slice(&problem).ok()).unwrap_or_default();
    for of_the_problem in [CONTENT_TYPE, CONTENT_LENGTH] {
        head.headers.remove(of_the_problem);
    }
    let page = page(head.status, &told);
    (head, page).into_response()
}

fn names_html(headers: &HeaderMap, name: &axum::http::HeaderName) -> bool {
    headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

fn page(status: StatusCode, told: &Told) -> Markup {
    let (title, text) = match &*told.code {
        "unidentified" => (
            "You are not signed in",
            "This page is for people who work at this shop. Open the link that you were given.",
        ),
        "credentials" => (
            "Your link is not valid any more",
            "Links work for a limited time. Ask whoever gave you this one for a new one.",
        ),
        // One text for a shop of others and for none, or it could be learned which shops there are.
        "forbidden" => (
            "This is not open to you",
            "Your link is for another shop, or another site sent you here. Nothing was shown, and nothing was changed.",
        ),
        "not_found" => ("There is nothing here", "The address is mistyped, or what was here is gone."),
        "misdirected" => (
            "This is no shop's address",
            "Each shop has an address of its own. Open the link that you were given.",
        ),
        _ => ("This did not work", &*told.detail),
    };
    let reason = status.canonical_reason().unwrap_or("Error");
    document(
        title,
        html! {
            h1 { (title) }
            p { (text) }
            p.quiet { (status.as_u16()) " " (reason) }
        },
    )
}

//! What all pages have in common.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use maud::{DOCTYPE, Markup, html};
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing that a customer's name could smuggle in would run, or be sent anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser may do with an answer.
pub(crate) fn policy() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
}

/// What is one shop's is kept nowhere on the way, nor for whoever uses the browser next.
pub(crate) fn kept_nowhere() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// A page with this title.
pub(crate) fn document(title: &str, main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (STYLE) }
            }
            body { main { (main) } }
        }
    }
}

const STYLE: &str = "
    :root { color-scheme: light dark; --line: light-dark(#d5d9de, #444b54); --quiet: light-dark(#56606b, #a5aeb8);
        --wrong: light-dark(#b00020, #ff8a80); --mark: light-dark(#0b57d0, #8ab4f8) }
    body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; overflow-wrap: anywhere }
    main { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
    h1, h2, h3 { line-height: 1.2 } h1 { margin: 0 } .shop { text-transform: capitalize } h2 { margin-top: 2.5rem } h3 { margin: 0 }
    a { color: var(--mark) } .quiet { color: var(--quiet); margin: .25rem 0 }
    .card { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0 }
    .card:target { border-color: var(--mark) }
    table { border-collapse: collapse; width: 100%; margin-top: .5rem }
    th, td { text-align: start; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line) }
    th { color: var(--quiet); font-weight: normal } td:first-child { white-space: nowrap }
    th:last-child, td:last-child { text-align: end; white-space: nowrap; padding-right: 0 }
    label { display: block; margin-top: 1rem; font-weight: 600 }
    input { font: inherit; box-sizing: border-box; width: 100%; padding: .5rem; border: 1px solid var(--quiet);
        border-radius: .25rem }
    [aria-invalid] { border: 2px solid var(--wrong) } .wrong, [role=alert] { color: var(--wrong); margin: .25rem 0 }
    button { font: inherit; font-weight: 600; margin-top: 1.5rem; padding: .6rem 1.25rem; border: 0; border-radius: .25rem;
        color: light-dark(#fff, #111); background: var(--mark) }
    :focus-visible { outline: 3px solid var(--mark); outline-offset: 2px }
";

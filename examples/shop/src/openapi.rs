//! The OpenAPI document: what the routes say of themselves, and what is so for all of them.

use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, Object, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder, Schema, Type,
};

/// The document before any route is in it.
pub(crate) fn blank() -> OpenApi {
    let info = InfoBuilder::new().title("Shop").version(env!("CARGO_PKG_VERSION")).build();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let mut components = Components::new();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.schemas.insert("Problem".into(), problem().into());
    for status in PROBLEMS {
        components.responses.insert(status.as_str().into(), answer(status).into());
    }
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", [""; 0])]))
        .build()
}

/// The document with, for each operation, the problems that it can end in.
pub(crate) fn with_problems(mut openapi: OpenApi) -> OpenApi {
    for path in openapi.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let problems: Vec<_> =
                PROBLEMS.into_iter().filter(|status| can_end_in(operation, *status)).collect();
            let responses = &mut operation.responses.responses;
            for problem in problems {
                responses.insert(problem.as_str().into(), Ref::from_response_name(problem.as_str()).into());
            }
            for (status, response) in responses {
                if let RefOr::T(response) = response {
                    // OpenAPI wants one, and the status says it.
                    response.description = reason(status).into();
                }
            }
        }
    }
    openapi
}

const PROBLEMS: [StatusCode; 11] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

fn reason(status: &str) -> &'static str {
    status.parse().ok().and_then(|status: StatusCode| status.canonical_reason()).unwrap_or_default()
}

/// By what the operation takes in. That a key is taken already it has to say itself.
fn can_end_in(operation: &Operation, problem: StatusCode) -> bool {
    let takes = |place: ParameterIn| {
        operation
            .parameters
            .iter()
            .flatten()
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place))
    };
    let has_body = operation.request_body.is_some();
    match problem {
        StatusCode::NOT_FOUND => takes(ParameterIn::Path),
        StatusCode::CONFLICT => operation.responses.responses.contains_key(problem.as_str()),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => has_body,
        StatusCode::UNPROCESSABLE_ENTITY => has_body || takes(ParameterIn::Query),
        _ => true,
    }
}

fn answer(status: StatusCode) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new()
        .description(reason(status.as_str()))
        .content("application/problem+json", content);
    let header = |schema: Type| HeaderBuilder::new().schema(Some(Object::with_type(schema))).build();
    match status {
        StatusCode::UNAUTHORIZED => response.header(WWW_AUTHENTICATE.as_str(), header(Type::String)),
        StatusCode::SERVICE_UNAVAILABLE => response.header(RETRY_AFTER.as_str(), header(Type::Integer)),
        _ => response,
    }
    .build()
}

/// What `crow_core::request::Problem` writes, and the shop adds.
fn problem() -> Object {
    let text = || Object::with_type(Type::String);
    ObjectBuilder::new()
        .description(Some("What went wrong, as RFC 9457 has it."))
        .property("title", text())
        .property("status", Object::with_type(Type::Integer))
        .property("code", ObjectBuilder::new().schema_type(Type::String).description(Some("For programs.")))
        .property("detail", ObjectBuilder::new().schema_type(Type::String).description(Some("For people.")))
        .property(
            "fields",
            ObjectBuilder::new()
                .additional_properties(Some(Schema::Object(text())))
                .description(Some("What is wrong, by field.")),
        )
        .required("title")
        .required("status")
        .required("code")
        .build()
}

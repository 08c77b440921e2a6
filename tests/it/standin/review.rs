//! Whether a role allows something, as the server says it of whoever asks.

use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::fault::Fault;
use super::reply::failure;
use super::serve::{Answer, State, whole};

pub const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

pub async fn answer(
    request: Request<Incoming>,
    fault: Option<Fault>,
    state: &Arc<State>,
) -> Result<Answer, io::Error> {
    if fault == Some(Fault::Forbidden) {
        let body = failure(403, "Forbidden", "no reviews").body;
        return Ok(Response::builder()
            .status(403)
            .body(whole(Bytes::from(body)))
            .unwrap());
    }
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?;
    let review: Value = serde_json::from_slice(&body.to_bytes()).map_err(io::Error::other)?;
    let asked = &review["spec"]["resourceAttributes"];
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let (mut plural, part) = (text("resource"), text("subresource"));
    if !part.is_empty() {
        plural = format!("{plural}/{part}");
    }
    let allowed = !state.forbids(&plural, &text("namespace"));
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": review["spec"], "status": {"allowed": allowed},
    });
    let response = Response::builder().status(201);
    let response = response.header("Content-Type", "application/json");
    Ok(response.body(whole(Bytes::from(body.to_string()))).unwrap())
}

//! Requests out, answers in: limits, statuses and JSON.

use bytes::{Bytes, BytesMut};
use gve_types::api::ErrorBody;
use reqwest::{Method, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{Rest, RestError};
use crate::config::duration;

/// Longest answer in JSON, in bytes: a page of documents, each with a recipe, stays far below.
pub(super) const MAX_JSON_BYTES: usize = 64 << 20;
/// Most bytes of an unexpected answer that are shown.
const MAX_SHOWN_BYTES: usize = 200;

/// A request that is being put together.
pub(super) struct Call<'a> {
    rest: &'a Rest,
    request: reqwest::RequestBuilder,
    url: Url,
}

impl Rest {
    pub(super) fn call(&self, method: Method, segments: &[&str]) -> Call<'_> {
        let url = self.config.url(segments);
        Call { rest: self, request: self.http.request(method, url.clone()), url }
    }

    /// The part of an answer that the caller needs.
    pub(crate) async fn get_json<T: DeserializeOwned>(&self, segments: &[&str]) -> Result<T, RestError> {
        self.call(Method::GET, segments).read().await
    }
}

impl Call<'_> {
    pub(super) fn query(mut self, query: &impl Serialize) -> Self {
        self.request = self.request.query(query);
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub(super) fn json_text(mut self, text: String) -> Self {
        self.request = self.request.header(header::CONTENT_TYPE, "application/json").body(text);
        self
    }

    /// Sends it, and reads the answer as JSON.
    pub(super) async fn read<T: DeserializeOwned>(self) -> Result<T, RestError> {
        let url = self.url.clone();
        let (_, bytes) = self.limited_in_time().send(MAX_JSON_BYTES).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| RestError::BadAnswer { url: url.into(), message: error.to_string() })
    }

    /// Sends it, and expects nothing but success.
    pub(super) async fn done(self) -> Result<(), RestError> {
        self.limited_in_time().send(MAX_JSON_BYTES).await.map(|_| ())
    }

    /// The whole exchange must be over in time, not only each read of it.
    fn limited_in_time(mut self) -> Self {
        self.request = self.request.timeout(duration(self.rest.config.timeout_secs));
        self
    }

    /// Sends it; the headers and the body of a success, or the error.
    pub(super) async fn send(self, limit: usize) -> Result<(header::HeaderMap, Bytes), RestError> {
        let secs = self.rest.config.timeout_secs;
        let failed = |error: reqwest::Error| RestError::from_reqwest(&error, &self.url, secs);
        let mut response = self.request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            let body = read_body(&mut response, &self.url, secs, MAX_JSON_BYTES).await?;
            return Err(refusal(status, &body, self.url));
        }
        let body = read_body(&mut response, &self.url, secs, limit).await?;
        Ok((std::mem::take(response.headers_mut()), body))
    }
}

async fn read_body(response: &mut Response, url: &Url, secs: f32, limit: usize) -> Result<Bytes, RestError> {
    let too_large = || RestError::TooLarge { url: url.to_string(), limit };
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| RestError::from_reqwest(&error, url, secs))?
    {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        if body.is_empty() {
            // The announced length is within the limit, and the first bytes of it have come.
            body.reserve(announced.max(chunk.len()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn refusal(status: StatusCode, body: &[u8], url: Url) -> RestError {
    if let Ok(body) = serde_json::from_slice::<ErrorBody>(body) {
        return RestError::Refused { status: status.as_u16(), body: Box::new(body) };
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_SHOWN_BYTES)]).into_owned();
    RestError::UnexpectedStatus { url: url.into(), status: status.as_u16(), text }
}

/// A document's id as a path segment.
pub(super) fn document_id(id: &str) -> Result<&str, RestError> {
    let is_id = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let what = "the id of an asset has 24 hexadecimal digits";
    if is_id { Ok(id) } else { Err(RestError::BadArgument { what, found: shorten(id) }) }
}

/// A material's code as a path segment.
pub(super) fn material_id(id: &str) -> Result<&str, RestError> {
    let is_code = !id.is_empty()
        && id.len() <= 128
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let what = "the code of a material has letters, digits and underscores";
    if is_code { Ok(id) } else { Err(RestError::BadArgument { what, found: shorten(id) }) }
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

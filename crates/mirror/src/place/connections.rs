//! What places share: the thread that their requests run on, and the connections to web servers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, Error as StoreError};
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use tokio::runtime::{Builder, Runtime};

use super::REQUEST_MAX;
use crate::client::{CONNECT_MAX, USER_AGENT, same_host};

/// Where the requests of one place or of many run. Places that share it share their connections to
/// a web server, whichever thread asks.
#[derive(Debug, Clone)]
pub struct Connections {
    pub(super) runtime: Arc<Runtime>,
    /// How long a web server may leave a request without an answer, repetitions included.
    pub(super) answer: Duration,
    /// Made when a web server is first asked: most places are none.
    client: Arc<OnceLock<Client>>,
}

impl Connections {
    /// Returns connections for many places, which several threads may use. A web server is given no
    /// longer than `answer` until something of an answer comes.
    ///
    /// # Errors
    ///
    /// Fails if the system gives no means to wait for answers.
    pub fn shared(answer: Duration) -> std::io::Result<Self> {
        // One thread sees to connections between requests: those that servers end are let go.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self::on(runtime, answer))
    }

    /// Returns connections for one place alone.
    pub(super) fn alone() -> std::io::Result<Self> {
        Ok(Self::on(Builder::new_current_thread().enable_all().build()?, REQUEST_MAX))
    }

    fn on(runtime: Runtime, answer: Duration) -> Self {
        Self { runtime: Arc::new(runtime), answer, client: Arc::default() }
    }
}

impl HttpConnector for Connections {
    /// Connects as the client of captures does: a redirect does not leave the host.
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient, StoreError> {
        if let Some(client) = self.client.get() {
            return Ok(HttpClient::new(Measured(client.clone())));
        }
        // Who says nothing leaves it to the server (RFC 9110, section 12.5.3).
        let plain = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(HeaderMap::from_iter([plain]))
            .connect_timeout(self.answer.min(CONNECT_MAX))
            .read_timeout(self.answer)
            .timeout(REQUEST_MAX)
            .redirect(Policy::custom(same_host))
            .build();
        let client =
            client.map_err(|e| StoreError::Generic { store: "HTTP", source: Box::new(e) })?;
        Ok(HttpClient::new(Measured(self.client.get_or_init(|| client).clone())))
    }
}

/// How many bytes whoever sends a request takes of its answer. It travels with the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most(pub(super) u64);

/// How much is read of the body of a refusal.
const REFUSAL: Most = Most(4096);

/// A client whose answers tell their lengths, which the interface to places asks for: HTTP has
/// bodies that come in chunks, or that end with the connection. That interface also reads a refusal
/// to its end, which may never come, so it is given the beginning alone.
#[derive(Debug)]
struct Measured(Client);

#[async_trait]
impl HttpService for Measured {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let most = request.extensions().get::<Most>().copied();
        let answer = self.0.call(request).await?;
        let found = answer.status().is_success();
        let told = answer.headers().contains_key(CONTENT_LENGTH);
        let most = if found { most.filter(|_| !told) } else { Some(REFUSAL) };
        let Some(most) = most else {
            return Ok(answer);
        };
        let (mut head, body) = answer.into_parts();
        let mut bytes = beginning(body, most).await?;
        if !found {
            // What is no text would be told in place of the status.
            bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        }
        head.headers.insert(CONTENT_LENGTH, bytes.len().into());
        Ok(HttpResponse::from_parts(head, bytes.into()))
    }
}

/// Returns a body to its end, or to where it is seen to be larger than it may be.
async fn beginning(body: HttpResponseBody, most: Most) -> Result<Vec<u8>, HttpError> {
    let (mut bytes, mut chunks) = (Vec::new(), body.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() as u64 > most.0 {
            break;
        }
    }
    Ok(bytes)
}

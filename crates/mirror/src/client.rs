//! One HTTP client, blocking outside, on one thread inside.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{RequestBuilder, Response, StatusCode, Url, header};
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::backoff;

/// How servers know the program.
pub const USER_AGENT: &str = concat!("tally/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take to come about.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The most redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// How much of the body of a refusal is kept, in bytes.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// What a fetch may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// The longest time for one address, waits included.
    pub total: Duration,
    /// How often a busy server is asked again.
    pub waits_max: u32,
    /// The longest single wait; a server that asks for more is not waited for.
    pub wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024 * 1024,
            total: Duration::from_mins(5),
            waits_max: 5,
            wait_max: Duration::from_mins(1),
        }
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The address that answered, after redirects.
    pub url: String,
    /// Its media type, as the server names it.
    pub media_type: Option<String>,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// A wait that a busy server asked for, or that this client keeps by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The status that the server answered with: 429 or 503.
    pub status: u16,
    /// How long.
    pub length: Duration,
}

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
    /// The address is none that can be asked.
    #[error("{url} is no address to fetch: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// No connection came about.
    #[error("{url}: no connection: {reason}")]
    Connect {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{url}: no whole answer within {seconds} seconds")]
    TimedOut {
        /// The address.
        url: String,
        /// The longest time allowed.
        seconds: u64,
    },
    /// A redirect leads elsewhere.
    #[error("{url}: the server redirects {reason}")]
    Redirected {
        /// The address.
        url: String,
        /// Where to, or how often.
        reason: String,
    },
    /// The body is too large.
    #[error("{url}: the answer is larger than {most} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The largest size allowed.
        most: usize,
    },
    /// The answer ended before its end.
    #[error("{url}: the answer broke off after {received} bytes: {reason}")]
    BrokeOff {
        /// The address.
        url: String,
        /// How many bytes of the body came.
        received: usize,
        /// Why.
        reason: String,
    },
    /// The server refused.
    #[error("{url}: the server answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: Vec<u8>,
    },
    /// The server is busy and was waited for long enough.
    #[error(
        "{url}: the server answered {status} {times} times, and asks to wait {} seconds",
        next.as_secs()
    )]
    Busy {
        /// The address.
        url: String,
        /// The last status: 429 or 503.
        status: u16,
        /// How often it was asked.
        times: u32,
        /// How long it would have to be waited for now.
        next: Duration,
    },
}

/// An HTTP client.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    limits: Limits,
}

impl Client {
    /// Returns a client with these limits.
    ///
    /// # Errors
    ///
    /// Fails if the system gives it no event queue or no TLS.
    pub fn new(limits: Limits) -> Result<Self, FetchError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| FetchError::Setup { reason: e.to_string() })?;
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_MAX)
            .redirect(Policy::custom(same_host))
            .build()
            .map_err(|e| FetchError::Setup { reason: causes(&e) })?;
        Ok(Self { runtime, http, limits })
    }

    /// Fetches the bytes at `url`. `waiting` is told of each wait before it begins.
    ///
    /// # Errors
    ///
    /// Fails if the server cannot be reached, refuses, redirects to another host, is busy for too
    /// long, or if its answer is too large, too late or cut.
    pub fn get(&self, url: &str, waiting: impl FnMut(Wait)) -> Result<Answer, FetchError> {
        self.ask(url, None, waiting)
    }

    /// Sends `body` to `url` and returns what is answered. `waiting` is told of each wait before it
    /// begins.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        waiting: impl FnMut(Wait),
    ) -> Result<Answer, FetchError> {
        self.ask(url, Some(body), waiting)
    }

    fn ask(
        &self,
        url: &str,
        body: Option<Vec<u8>>,
        mut waiting: impl FnMut(Wait),
    ) -> Result<Answer, FetchError> {
        let address = address(url)?;
        let total = self.limits.total;
        let request = match body {
            None => self.http.get(address),
            Some(body) => self.http.post(address).body(body),
        };
        let fetch = self.fetch(url, &request, &mut waiting);
        let fetched = self.runtime.block_on(async { tokio::time::timeout(total, fetch).await });
        fetched.unwrap_or_else(|_| {
            Err(FetchError::TimedOut { url: url.to_owned(), seconds: total.as_secs() })
        })
    }

    async fn fetch(
        &self,
        url: &str,
        request: &RequestBuilder,
        waiting: &mut impl FnMut(Wait),
    ) -> Result<Answer, FetchError> {
        let mut waits = 0;
        loop {
            let next = request.try_clone().expect("a body of bytes can be sent again");
            let sent = next.send().await;
            let response = sent.map_err(|error| not_sent(url, &error))?;
            let status = response.status();
            let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
            if !busy.contains(&status) {
                return self.answer(url, response).await;
            }
            let asked = response.headers().get(header::RETRY_AFTER);
            let asked = asked.and_then(|value| value.to_str().ok());
            let next = backoff::wait(asked, OffsetDateTime::now_utc(), waits);
            if waits == self.limits.waits_max || next > self.limits.wait_max {
                let (url, status, times) = (url.to_owned(), status.as_u16(), waits + 1);
                return Err(FetchError::Busy { url, status, times, next });
            }
            waiting(Wait { status: status.as_u16(), length: next });
            tokio::time::sleep(next).await;
            waits += 1;
        }
    }

    async fn answer(&self, url: &str, mut response: Response) -> Result<Answer, FetchError> {
        let status = response.status();
        if !status.is_success() {
            let body = refusal(&mut response).await;
            return Err(FetchError::Status { url: url.to_owned(), status: status.as_u16(), body });
        }
        let most = self.limits.body_bytes_max;
        let too_large = || FetchError::TooLarge { url: url.to_owned(), most };
        if response.content_length().is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let at = response.url().to_string();
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| FetchError::BrokeOff {
                url: url.to_owned(),
                received: body.len(),
                reason: causes(&error),
            })?;
            match chunk {
                None => return Ok(Answer { url: at, media_type, body }),
                Some(chunk) if body.len() + chunk.len() > most => return Err(too_large()),
                Some(chunk) => body.extend_from_slice(&chunk),
            }
        }
    }
}

/// Returns the beginning of a refusal's body, as far as it comes.
async fn refusal(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= REFUSAL_BYTES_MAX {
            body.truncate(REFUSAL_BYTES_MAX);
            break;
        }
    }
    body
}

/// Returns the address that `url` is, if it can be fetched and kept.
fn address(url: &str) -> Result<Url, FetchError> {
    let refused = |reason: &str| FetchError::Address {
        url: url.chars().take(200).collect(),
        reason: reason.to_owned(),
    };
    let address = Url::parse(url).map_err(|e| refused(&e.to_string()))?;
    if !["http", "https"].contains(&address.scheme()) {
        return Err(refused("expected http or https"));
    }
    // The address is kept beside what it gave, and handed on with it.
    if !address.username().is_empty() || address.password().is_some() {
        return Err(refused("it holds a user name or password"));
    }
    Ok(address)
}

/// Follows a redirect on the same host, a few times, and never from TLS to none.
pub(crate) fn same_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let Some(last) = attempt.previous().last() else {
        return attempt.follow();
    };
    let (from, to) = (last.host_str().unwrap_or_default(), attempt.url());
    let downgraded = last.scheme() == "https" && to.scheme() != "https";
    if attempt.previous().len() > REDIRECTS_MAX {
        return attempt.error(Refused(format!("more than {REDIRECTS_MAX} times")));
    }
    if to.host_str() != Some(from) || downgraded {
        let elsewhere = format!("to {to}, expected another address of {from}");
        return attempt.error(Refused(elsewhere));
    }
    attempt.follow()
}

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn not_sent(url: &str, error: &reqwest::Error) -> FetchError {
    let (url, reason) = (url.to_owned(), causes(error));
    if error.is_redirect() {
        FetchError::Redirected { url, reason }
    } else if error.is_connect() {
        FetchError::Connect { url, reason }
    } else {
        FetchError::BrokeOff { url, received: 0, reason }
    }
}

/// Returns what lies behind an error; its own words repeat the address.
fn causes(error: &reqwest::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

#[cfg(test)]
mod tests;

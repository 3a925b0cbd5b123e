//! From the name of a place to where it is.

use std::path::PathBuf;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, Error as StoreError, ObjectStore, RetryConfig};
use reqwest::Url;
use reqwest::redirect::Policy;

use super::{PlaceError, REQUEST_MAX, causes, is_remote};
use crate::client::{CONNECT_MAX, USER_AGENT, same_host};

/// Where a place is.
pub(super) struct Opened {
    pub(super) store: Box<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The directory, if the place is one.
    pub(super) dir: Option<PathBuf>,
}

/// Opens a place by its name. A web server is given no longer than `answer` until something of an
/// answer comes.
///
/// # Errors
///
/// Fails if the name is that of no place, a directory is missing, or a setting is refused.
pub(super) fn open(
    name: &str,
    options: &[(String, String)],
    answer: Duration,
) -> Result<Opened, PlaceError> {
    let wrong = |reason: String| PlaceError::Name { name: shown(name), reason };
    let failed = |e: &dyn std::error::Error| wrong(causes(e));
    if !is_remote(name) {
        let root = LocalFileSystem::new_with_prefix(name).map_err(|e| failed(&e))?;
        // The checkpoint is not to survive a power cut that its files do not.
        let store = Box::new(root.with_fsync(true));
        return Ok(Opened { store, prefix: Path::default(), dir: Some(PathBuf::from(name)) });
    }
    let url: Url = name.parse().map_err(|e| failed(&e))?;
    let web = matches!(url.scheme(), "http" | "https");
    if url.password().is_some() || web && !url.username().is_empty() {
        return Err(wrong("it holds a user name or password".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it holds a query or a fragment".to_owned()));
    }
    let (store, prefix): (Box<dyn ObjectStore>, Path) = if web {
        let prefix = Path::from_url_path(url.path()).map_err(|e| failed(&e))?;
        (Box::new(web_server(&url, answer).map_err(|e| failed(&e))?), prefix)
    } else {
        let options = options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        object_store::parse_url_opts(&url, options).map_err(|e| failed(&e))?
    };
    Ok(Opened { store, prefix, dir: None })
}

fn web_server(url: &Url, answer: Duration) -> Result<impl ObjectStore, StoreError> {
    HttpBuilder::new()
        .with_url(url.origin().ascii_serialization())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_http_connector(SameHost { answer })
        .with_retry(RetryConfig { retry_timeout: answer, ..RetryConfig::default() })
        .build()
}

/// Connects as the client of captures does: a redirect does not leave the host.
#[derive(Debug)]
struct SameHost {
    answer: Duration,
}

impl HttpConnector for SameHost {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient, StoreError> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(self.answer.min(CONNECT_MAX))
            .read_timeout(self.answer)
            .timeout(REQUEST_MAX)
            .redirect(Policy::custom(same_host))
            .build();
        let failed = |e| StoreError::Generic { store: "HTTP", source: Box::new(e) };
        Ok(HttpClient::new(client.map_err(failed)?))
    }
}

/// Returns a name without what is no part of an address that may be told.
fn shown(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else {
        return name.to_owned();
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{}", rest.split(['?', '#']).next().unwrap_or_default())
}

//! From the name of a place to where it is.

use std::path::PathBuf;

use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, Error as StoreError, ObjectStore, RetryConfig};
use reqwest::Url;

use super::connections::Connections;
use super::{PlaceError, causes, is_remote};

/// Where a place is.
pub(super) struct Opened {
    pub(super) store: Box<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// The directory, if the place is one.
    pub(super) dir: Option<PathBuf>,
}

/// Opens a place by its name.
///
/// # Errors
///
/// Fails if the name is that of no place, a directory is missing, or a setting is refused.
pub(super) fn open(
    name: &str,
    options: &[(String, String)],
    connections: &Connections,
) -> Result<Opened, PlaceError> {
    let wrong = |reason: String| PlaceError::Name { name: shown(name), reason };
    let failed = |e: &dyn std::error::Error| wrong(causes(e));
    if !is_remote(name) {
        let found = std::fs::metadata(name).map_err(|e| wrong(e.to_string()))?;
        if !found.is_dir() {
            return Err(wrong("it is no folder".to_owned()));
        }
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
        (Box::new(web_server(&url, connections).map_err(|e| failed(&e))?), prefix)
    } else {
        let options = options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        object_store::parse_url_opts(&url, options).map_err(|e| failed(&e))?
    };
    Ok(Opened { store, prefix, dir: None })
}

fn web_server(url: &Url, connections: &Connections) -> Result<impl ObjectStore, StoreError> {
    let retry_timeout = connections.answer;
    HttpBuilder::new()
        .with_url(url.origin().ascii_serialization())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_http_connector(connections.clone())
        .with_retry(RetryConfig { retry_timeout, ..RetryConfig::default() })
        .build()
}

/// Returns a name without what is no part of an address that may be told.
fn shown(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else {
        return name.to_owned();
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{}", rest.split(['?', '#']).next().unwrap_or_default())
}

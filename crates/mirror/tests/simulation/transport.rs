//! A transport that drops, delays, reorders, truncates, corrupts and equivocates.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use tally_testkit::random::Random;

/// How many answers of a hundred are harmed on a bad line.
const HARM: u64 = 12;

/// A published ledger as it is seen over a bad line.
pub(crate) struct Line {
    /// Where the files are read from, and another history of the same log.
    stores: [Arc<InMemory>; 2],
    random: Mutex<Random>,
    bad: bool,
    /// Answers from before, which may be given again.
    stale: Vec<Bytes>,
    /// How many answers were harmed.
    pub(crate) harmed: Arc<AtomicU64>,
}

impl Line {
    /// A line to the first store. A good one harms nothing.
    pub(crate) fn new(
        stores: [Arc<InMemory>; 2],
        random: Random,
        bad: bool,
        stale: Vec<Bytes>,
    ) -> Self {
        Self { stores, random: Mutex::new(random), bad, stale, harmed: Arc::default() }
    }

    /// Answers with `bytes`, or with what becomes of them on the way.
    async fn carried(&self, location: &Path, bytes: Bytes) -> Result<Bytes> {
        let harm = {
            let mut random = self.random.lock().unwrap();
            if !self.bad || !random.chance(HARM) {
                return Ok(bytes);
            }
            (random.below(6), random.index(bytes.len().max(1)), random.below(8))
        };
        self.harmed.fetch_add(1, Ordering::Relaxed);
        let lost = |what: &'static str| Error::Generic { store: "line", source: what.into() };
        match harm {
            (0, ..) => Err(lost("the answer was lost")),
            (1, at, _) => Ok(bytes.slice(..at)),
            (2, at, bit) => {
                let mut bytes = bytes.to_vec();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                Ok(bytes.into())
            }
            (3, ..) => {
                let other = self.stores[1].get(location).await?;
                other.bytes().await
            }
            (4, at, _) if location.as_ref() == "checkpoint" && !self.stale.is_empty() => {
                Ok(self.stale[at % self.stale.len()].clone())
            }
            (4, ..) => Ok([&bytes[..], &bytes[..]].concat().into()),
            _ => Err(Error::NotFound { path: location.to_string(), source: "gone".into() }),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("line")
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

#[async_trait]
impl ObjectStore for Line {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let found = self.stores[0].get_opts(location, options).await?;
        let (mut meta, attributes) = (found.meta.clone(), found.attributes.clone());
        let extensions = found.extensions.clone();
        let bytes = self.carried(location, found.bytes().await?).await?;
        meta.size = bytes.len() as u64;
        let range = 0..meta.size;
        let payload = GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed());
        Ok(GetResult { payload, meta, range, attributes, extensions })
    }

    async fn get_ranges(&self, _: &Path, _: &[Range<u64>]) -> Result<Vec<Bytes>> {
        Err(Error::NotImplemented { operation: "ranges".into(), implementer: "line".into() })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(Error::NotImplemented { operation: "put".into(), implementer: "line".into() })
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented { operation: "put".into(), implementer: "line".into() })
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::empty().boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::empty().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(Error::NotImplemented { operation: "list".into(), implementer: "line".into() })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented { operation: "copy".into(), implementer: "line".into() })
    }
}

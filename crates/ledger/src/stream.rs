//! Reading a CBOR sequence (RFC 8742) item by item from a stream, within limits.

use std::io::{self, Read};

use crate::cbor::{self, ProfileRule};

/// Why an item could not be read.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// The medium failed.
    Io(io::Error),
    /// The bytes are not the item they should be; what was found instead.
    Broken(String),
}

impl From<ProfileRule> for StreamError {
    fn from(rule: ProfileRule) -> Self {
        Self::Broken(rule.to_string())
    }
}

impl From<io::Error> for StreamError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::UnexpectedEof {
            ProfileRule::Truncated.into()
        } else {
            Self::Io(e)
        }
    }
}

/// A reader that can look at the head of the next item.
pub(crate) struct Stream<R> {
    reader: R,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader }
    }

    /// Reads the head of the next item: its major type and argument. `None` at the end.
    pub(crate) fn head(&mut self) -> Result<Option<(u8, u64)>, StreamError> {
        let mut bytes = [0; 9];
        if !self.first(&mut bytes[0])? {
            return Ok(None);
        }
        let more = match bytes[0] & 0x1f {
            low @ 24..=27 => 1 << (low - 24),
            _ => 0,
        };
        self.reader.read_exact(&mut bytes[1..=more])?;
        match cbor::head(&bytes[..=more]) {
            Ok((major, argument, _)) => Ok(Some((major, argument))),
            Err(rule) => Err(rule.into()),
        }
    }

    /// Reads exactly `length` bytes; memory grows only with what is really there.
    pub(crate) fn bytes(&mut self, length: u64) -> Result<Vec<u8>, StreamError> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(length).read_to_end(&mut bytes)?;
        if read as u64 == length { Ok(bytes) } else { Err(ProfileRule::Truncated.into()) }
    }

    /// Reads at most `length` bytes, fewer only at the end.
    pub(crate) fn bytes_up_to(&mut self, length: u64) -> Result<Vec<u8>, StreamError> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns whether the stream is at its end.
    pub(crate) fn ended(&mut self) -> Result<bool, StreamError> {
        Ok(!self.first(&mut 0)?)
    }

    /// Returns the reader, at the start of the next unread byte.
    pub(crate) fn reader(&mut self) -> &mut R {
        &mut self.reader
    }

    fn first(&mut self, byte: &mut u8) -> Result<bool, StreamError> {
        loop {
            match self.reader.read(std::slice::from_mut(byte)) {
                Ok(read) => return Ok(read == 1),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(StreamError::Io(e)),
            }
        }
    }
}

//! The store of one ledger directory.
//!
//! This crate keeps the entries of a ledger, its checkpoints, signed roots and evidence files on
//! disk, and is the only user of sled. `docs/STORE.md` describes the directory, the order of
//! writing and what each accident does.
//!
//! Every entry exists twice: in a plain bundle file and in sled. The `head` file names the last
//! entry that was acknowledged; it is written last. So
//!
//! > acknowledged ⊆ sled ⊆ bundle files
//!
//! holds whenever a process dies, and an opening for writing restores equality.
//!
//! Out of scope: keys, signatures, clocks, and the meaning of an entry. An entry is a string of
//! bytes whose id is its leaf hash; of its content the store reads `seq` and `prev`, and those only
//! to tell a whole entry from the remains of a crash.

mod aside;
mod batch;
mod bundle;
mod checkpoint;
mod db;
pub mod doctor;
mod durable;
mod error;
mod evidence;
mod head;
mod layout;
mod link;
mod lock;
mod reader;
mod recovery;
mod root;
mod store;

pub use checkpoint::Checkpoint;
pub use error::{Error, FoundId};
pub use evidence::Evidence;
pub use head::Head;
pub use reader::{Entries, Reader, StoredEntry};
pub use recovery::Recovered;
pub use store::Store;

/// The largest entry that the format allows, in bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

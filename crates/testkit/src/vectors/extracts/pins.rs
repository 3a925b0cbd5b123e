//! Pins on an extract, and whether it is complete.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tally_ledger::fault::Code;
use tally_ledger::hash::Hash;
use tally_ledger::note::{Purpose, Vkey};

use super::{extract, ledger, of};
use crate::forge::vkey;
use crate::keyring::{self, checkpoint, public};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let key = keyring::key("witness 1");
    let witness = Vkey::new("w1.example", Purpose::Cosignature, public(&key)).expect("a name");
    let mut cosigned = ledger();
    cosigned.checkpoint();
    cosigned.cosign("w1.example", 1_795_306_800, &key);
    let cosigned = of(cosigned, &[0, 1, 3, 5, 6, 7]).bytes();
    let under = |name: &str, complete: &str, bytes: &[u8], quorum: &[&str]| {
        let vector = Vector::unpinned(name, "whole", bytes.to_vec()).line("complete", complete);
        let lines = [format!("log {}", vkey(&checkpoint())), format!("witness w1 {witness}")];
        let lines = lines.iter().map(String::as_str).chain(quorum.iter().copied());
        lines.fold(vector, |vector, line| vector.line("policy", line))
    };
    let seen = |name: &str, verdict: &str, size: u64, root: &Hash| {
        let value = format!("{size} {}", STANDARD.encode(root.0));
        Vector::unpinned(name, verdict, extract().bytes()).line("seen", &value)
    };
    let group = ["group verifiers any w1", "quorum none"];
    vec![
        under("ok-extract-complete-shown", "shown", &cosigned, &group)
            .note("a mirror that verifies all it cosigns vouches for the last checkpoint"),
        under("ok-extract-complete-by-witness-alone", "not-checked", &cosigned, &["quorum w1"])
            .note("the witness is in no group of verifiers"),
        under("ok-extract-complete-not-checked", "not-checked", &extract().bytes(), &group)
            .note("the verifier has not cosigned"),
        seen("ok-extract-seen-checkpoint", "whole", 4, &ledger().root_at(4))
            .note("a size at which the extract has a checkpoint"),
        seen("extract-seen-elsewhere", "consistent-with-itself", 5, &ledger().root_at(5))
            .note("a size without a checkpoint: the pin is not checked, and there is no other"),
        seen("extract-seen-other-root", "failed", 4, &ledger().root_at(5))
            .line("code", Code::Pin.name())
            .note("another history"),
        seen("extract-seen-larger", "failed", 9, &ledger().root())
            .line("code", Code::Pin.name())
            .note("entries are gone"),
    ]
}

//! What is too large for a test vector: the first item of a container.

use ciborium::Value;
use tally_ledger::bundle::MANIFEST_MAX;
use tally_ledger::cbor;
use tally_ledger::fault::Code;
use tally_ledger::note::NOTE_MAX;
use tally_ledger::verify::{self, Pins, Verification};
use tally_testkit::container::Container;
use tally_testkit::forge::{Forge, event, note};
use tally_testkit::keyring::author;
use tally_testkit::value::{at, map};

/// The entries, each under a checkpoint; as many notes as fill the first item.
const COUNT: usize = 256;

/// Fills a note up with a line of an unknown key, to `size` bytes.
fn fill(note: &mut Value, size: usize) {
    let text = note.as_text().expect("a note").to_owned();
    let name = size - text.len() - "\u{2014}  AAAAAAAA\n".len();
    *note = Value::Text(format!("{text}\u{2014} {} AAAAAAAA\n", "a".repeat(name)));
}

/// Returns a bundle whose first item has exactly `size` bytes.
fn of_size(size: u64) -> Container {
    let mut forge = Forge::new();
    forge.checkpoint();
    for _ in 1..COUNT {
        forge.note("bug-1");
        forge.checkpoint();
    }
    let mut bundle = forge.bundle();
    let notes = at(&mut bundle.first, "checkpoints").as_array_mut().expect("checkpoints");
    let (last, others) = notes.split_last_mut().expect("a checkpoint");
    for note in others {
        fill(note, NOTE_MAX);
    }
    fill(last, 60_000);
    let missing = usize::try_from(size).expect("a size") - cbor::encode(&bundle.first).len();
    let last = format!("checkpoints.{}", COUNT - 1);
    let text = at(&mut bundle.first, &last).as_text().expect("a note").to_owned();
    let longer = text.replacen("\u{2014} aa", &format!("\u{2014} aa{}", "a".repeat(missing)), 1);
    *at(&mut bundle.first, &last) = Value::Text(longer);
    assert_eq!(cbor::encode(&bundle.first).len() as u64, size);
    bundle
}

fn verified(bundle: &Container) -> Verification {
    let bytes = bundle.bytes();
    verify::stream(&bytes[..], &Pins::default(), |_| ()).expect("a bundle")
}

#[test]
fn a_first_item_has_at_most_16_mib() {
    let most = verified(&of_size(MANIFEST_MAX));
    assert_eq!(most.fault, None);
    assert_eq!(most.checkpoints.len(), COUNT);
    let more = verified(&of_size(MANIFEST_MAX + 1));
    assert_eq!(more.fault.map(|fault| fault.code), Some(Code::Container));
}

/// The shortest names there are: 36 of one character, and 1,404 of two.
#[test]
fn an_extract_may_list_every_short_incident() {
    let first: Vec<char> = ('a'..='z').chain('0'..='9').collect();
    let second: Vec<char> = first.iter().copied().chain("._-".chars()).collect();
    let pairs = first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}{b}")));
    let names: Vec<String> = first.iter().map(char::to_string).chain(pairs).collect();
    assert_eq!(names.len(), 1440);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut forge = Forge::new();
    for eight in names.chunks(8) {
        forge.record(note(eight), &author());
    }
    let heads = forge.feeds().iter().map(|(feed, seq)| (feed.as_str().into(), (*seq).into()));
    let heads = map([("heads", Value::Map(heads.collect()))]);
    forge.record(event(&["heads"], "heads", heads), &author());
    let chosen = forge.chosen(&names);
    assert_eq!(verified(&forge.extract(&names, &chosen)).fault, None);
}

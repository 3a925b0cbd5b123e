//! A key file or a passphrase file named by mistake: it is refused, and nothing of it is shown.

use super::Place;

/// Every argument that takes a vkey, a policy, a checkpoint, a proof, a ledger, a document or a
/// text in a file; `SECRET` stands for the file.
const ARGUMENTS: [&str; 30] = [
    "verify SECRET",
    "verify L.tally --key SECRET",
    "verify L.tally --policy SECRET",
    "verify L.tally --seen SECRET",
    "verify 0.tlog-proof --key SECRET",
    "verify 0.tlog-proof --seen SECRET",
    "timeline SECRET",
    "show 0 SECRET",
    "list entries SECRET",
    "key list SECRET",
    "diverge SECRET",
    "audit SECRET",
    "diverge L.tally --policy-pack SECRET",
    "trust add ledger.example/x --key SECRET",
    "trust add ledger.example/x --policy SECRET",
    "trust add ledger.example/x --seen SECRET",
    "restore SECRET --ledger R",
    "restore P --ledger R --key SECRET",
    "witness add W SECRET",
    "mirror add M P --key SECRET",
    "mirror add M P --policy SECRET",
    "mirror compare P P --key SECRET",
    "prove --from SECRET --ledger L",
    "prove 0 --source SECRET",
    "checkpoint --ledger L --policy SECRET",
    "checkpoint --ledger L --witness http://localhost:1/ SECRET",
    "checkpoint --ledger L --checkpoint-key SECRET",
    "record --from SECRET --ledger L",
    "capture bugzilla SECRET -o C",
    "publish SECRET --ledger L",
];

#[test]
fn nothing_of_a_secret_that_is_named_by_mistake_is_printed() {
    let place = Place::with_ledger();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place.tally(&["export", "--ledger=L", "-o", "L.tally"]).ok();
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    place.tally(&["prove", "0", "--ledger=L", "-o", "0.tlog-proof"]).ok();
    place.tally(&["witness", "init", "W", "--name=w.example", "--unencrypted-keys"]).ok();
    place.tally(&["mirror", "init", "M", "--name=m.example", "--unencrypted-keys"]).ok();
    std::fs::copy(place.path("L/keys/author.pem"), place.path("author.pem")).unwrap();
    let passphrases = [
        "correct horse battery staple\n",
        "old correct horse battery staple",
        "correct=horse=battery=staple\n",
        "log correct-horse-battery-staple\n",
    ];
    let named = ["pass-1", "pass-2", "pass-3", "pass-4"];
    named.iter().zip(passphrases).for_each(|(name, text)| place.write(name, text));
    for secret in named.iter().chain(&["author.pem"]) {
        let content = place.read(secret);
        for line in ARGUMENTS {
            let key = line.ends_with("--checkpoint-key SECRET") && *secret == "author.pem";
            if line.starts_with("capture") && *secret != "author.pem" {
                // What is no answer of a tracker is quoted, but for a key.
                continue;
            }
            let line = line.replace("SECRET", secret);
            let run = place.tally(&line.split(' ').collect::<Vec<_>>());
            assert!(key || run.status >= 2, "{line}: {run:?}");
            let shown = (run.stdout + &run.stderr).replace(secret, "");
            for part in parts(&content) {
                assert!(!shown.contains(&part), "{line} shows {part:?}: {shown}");
            }
        }
    }
    for line in ["verify L.tally --key author.pem", "witness add W author.pem"] {
        place
            .tally(&line.split(' ').collect::<Vec<_>>())
            .refused("is a private key, expected a vkey");
    }
    let run = place.tally(&["verify", "author.pem"]).refused("is a private key, expected a ledger");
    assert!(run.stderr.contains("ledger.vkey"), "{run:?}");
}

/// Returns the parts of a secret that must not be shown: its longer words, halves of the key, and
/// the first bytes as hexadecimal digits.
fn parts(content: &str) -> Vec<String> {
    let body = content.lines().filter(|line| !line.starts_with("-----")).collect::<Vec<_>>();
    let words = body.iter().flat_map(|line| line.split([' ', '=', '-']));
    let words = words.filter(|word| word.len() > 4).flat_map(|word| {
        let half = word.len().min(8);
        [word[..half].to_owned(), word[word.len() - half..].to_owned()]
    });
    words.chain([hex::encode(&content.as_bytes()[..4])]).collect()
}

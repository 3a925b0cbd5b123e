//! A ledger and its witnesses, as their processes meet.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::serve::Served;
use super::{Place, Run, copy_folder};

/// A ledger `L` with an incident, and witnesses `W1`, `W2` that know it.
fn witnessed() -> Place {
    let place = Place::with_ledger();
    let open = ["incident", "open", "--about", "Example CA", "--title", "A matter"];
    place.tally(&[&open[..], &["--incident=x", "--ledger=L"]].concat()).ok();
    for n in ["1", "2"] {
        let (dir, name) = (format!("W{n}"), format!("--name=w.example/{n}"));
        place.tally(&["witness", "init", &dir, &name, "--unencrypted-keys"]).ok();
        let told = place.tally(&["witness", "add", &dir, "L/ledger.vkey"]).ok();
        assert_eq!(told, "ledger.example/l: 1 key added\n");
    }
    place
}

fn serve(place: &Place, dir: &str) -> Served {
    Served::new(place.command(&["witness", "serve", dir, "--listen=127.0.0.1:0"]))
}

fn policy(place: &Place, urls: [&str; 2]) {
    let vkey = |dir: &str| fs::read_to_string(place.path(dir).join("witness.vkey")).unwrap();
    let lines = format!(
        "witness one {} {}\nwitness two {} {}\ngroup both all one two\nquorum both\n",
        vkey("W1").trim(),
        urls[0],
        vkey("W2").trim(),
        urls[1]
    );
    place.write("policy", lines);
}

fn checkpoint(place: &Place, ledger: &str) -> Run {
    place.tally(&["checkpoint", "--policy=policy", "--ledger", ledger])
}

fn note(place: &Place, ledger: &str, text: &str) {
    place.tally(&["note", "--on=1", text, "--ledger", ledger]).ok();
}

fn cosignatures(run: &Run) -> usize {
    run.stdout.lines().filter(|line| line.starts_with("\u{2014} w.example/")).count()
}

#[test]
fn a_checkpoint_is_cosigned_by_those_who_answer_and_later_by_the_others() {
    let place = witnessed();
    let (one, two) = (serve(&place, "W1"), serve(&place, "W2"));
    policy(&place, [&one.address, "http://127.0.0.1:9"]);
    let run = checkpoint(&place, "L").exits(2);
    assert_eq!(cosignatures(&run), 1, "{run:?}");
    for line in [
        "w.example/1 cosigned at ",
        "not cosigned: http://127.0.0.1:9/add-checkpoint: no connection",
        "error: the quorum of the policy is not met; what came is stored",
    ] {
        assert!(run.stderr.contains(line), "{line}: {run:?}");
    }
    policy(&place, [&one.address, &two.address]);
    let run = checkpoint(&place, "L").exits(0);
    assert_eq!(cosignatures(&run), 2, "{run:?}");
    assert!(run.stderr.contains("w.example/1 has cosigned it already"), "{run:?}");
    // Later sizes are asked for from the one before.
    note(&place, "L", "a remark");
    assert_eq!(cosignatures(&checkpoint(&place, "L").exits(0)), 2);
    let status = place.tally(&["witness", "status", "W1", "--format=json"]).exits(0).json();
    assert_eq!((&status["logs"][0]["size"], &status["logs"][0]["notes"]), (&3.into(), &2.into()));
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    let verified = ["verify", "P", "--key=L/ledger.vkey", "--policy=policy"];
    place.tally(&verified).exits(0);
}

#[test]
fn cosignatures_are_taken_over_from_a_mirror() {
    let place = witnessed();
    let one = serve(&place, "W1");
    policy(&place, [&one.address, "http://127.0.0.1:9"]);
    checkpoint(&place, "L").exits(2);
    // The ledger lost what the witness still shows.
    let stored = place.path("L/checkpoints/00000000000000000002");
    let bare = fs::read_to_string(&stored).unwrap();
    let bare: String = bare.split_inclusive('\n').filter(|l| !l.contains(" w.example/")).collect();
    fs::write(&stored, bare).unwrap();
    let vkey = ["--witness", "http://127.0.0.1:9", "W2/witness.vkey"];
    let mirror = ["checkpoint", "--ledger=L", "--mirror", &one.address];
    let unknown = place.tally(&[&mirror[..], &vkey].concat()).exits(2);
    assert_eq!(cosignatures(&unknown), 0, "{unknown:?}");
    place.tally(&mirror).refused("no key is known whose cosignatures could be taken");
    policy(&place, ["http://127.0.0.1:9"; 2]);
    let run = place.tally(&[&mirror[..], &["--policy=policy"]].concat()).exits(2);
    assert_eq!(cosignatures(&run), 1, "{run:?}");
    assert!(run.stderr.contains(" had 1 more cosignature\n"), "{run:?}");
}

#[test]
fn an_old_copy_is_told_that_a_mirror_holds_more() {
    let place = witnessed();
    let one = serve(&place, "W1");
    policy(&place, [&one.address, "http://127.0.0.1:9"]);
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    copy_folder(&place.path("L"), &place.path("OLD"));
    note(&place, "L", "a remark");
    checkpoint(&place, "L").exits(2);
    fs::rename(place.config(), place.path("elsewhere")).unwrap();
    let policy = fs::read_to_string(place.path("policy")).unwrap();
    let nobody = policy.replace(&one.address, "").replace("quorum both", "quorum none");
    place.write("nobody", nobody.replace("http://127.0.0.1:9", ""));
    let mirror = ["checkpoint", "--policy=nobody", "--mirror", &one.address];
    let old = place.tally(&[&mirror[..], &["--ledger=OLD"]].concat()).exits(3);
    assert!(old.stderr.contains("it has seen 3 entries of this log, and here are 2"), "{old:?}");
    assert!(old.stderr.contains("hint: this copy may be older"), "{old:?}");
    place.tally(&[&mirror[..], &["--ledger=L"]].concat()).exits(0);
}

#[test]
fn what_is_recorded_while_witnesses_take_their_time_is_no_older_copy() {
    let place = witnessed();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let run = std::thread::scope(|scope| {
        let (listener, place) = (&listener, &place);
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
            note(place, "L", "a remark");
            let head = "HTTP/1.1 409 Conflict\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
            stream.write_all(format!("{head}3\n").as_bytes()).unwrap();
        });
        place.tally(&["checkpoint", "--ledger=L", "--witness", &address, "W1/witness.vkey"])
    });
    let run = run.exits(2);
    assert!(run.stderr.contains("it has seen 3 entries of this log, and here are 2"), "{run:?}");
    assert!(run.stderr.contains("error: 1 of 1 witnesses did not cosign"), "{run:?}");
}

#[test]
fn another_history_is_told_and_kept_as_proof() {
    let place = witnessed();
    let (one, two) = (serve(&place, "W1"), serve(&place, "W2"));
    policy(&place, [&one.address, &two.address]);
    copy_folder(&place.path("L"), &place.path("F"));
    note(&place, "L", "a remark");
    checkpoint(&place, "L").exits(0);
    // The copy knows nothing of it.
    fs::rename(place.config(), place.path("elsewhere")).unwrap();
    for text in ["another", "and one more"] {
        note(&place, "F", text);
        let run = checkpoint(&place, "F").exits(3);
        assert_eq!(cosignatures(&run), 0, "{run:?}");
        assert!(run.stderr.contains("another history of this log, at size 3"), "{run:?}");
        assert!(run.stderr.contains(".equivocation proves it"), "{run:?}");
    }
    let proofs = fs::read_dir(place.config().join("conflicts")).unwrap();
    for proof in proofs {
        let text = fs::read_to_string(proof.unwrap().path()).unwrap();
        let proof: tally_ledger::equivocation::Equivocation = text.parse().unwrap();
        proof.check().unwrap();
    }
    let status = place.tally(&["witness", "status", "W1"]).exits(3);
    assert!(status.stdout.contains("EQUIVOCATION: it signed 2 roots at size 3"), "{status:?}");
    assert!(status.stdout.contains("PROOF: it signed two histories, at size 3\n"), "{status:?}");
    assert!(status.stdout.contains("two histories, at sizes 3 and 4\n"), "{status:?}");
    let status = place.tally(&["witness", "status", "W1", "--format=json"]).exits(3).json();
    let proofs = status["logs"][0]["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 2, "{status}");
    for proof in proofs {
        let file = proof["file"].as_str().unwrap();
        place.tally(&["verify", file, "--key=L/ledger.vkey"]).exits(0);
        place.tally(&["verify", file, "--unpinned"]).exits(0);
    }
}

#[test]
fn a_witness_that_lost_its_key_gets_no_other_and_an_origin_is_one_line() {
    let place = witnessed();
    fs::remove_file(place.path("W1/witness.pem")).unwrap();
    let again = ["witness", "init", "W1", "--name=w.example/9", "--unencrypted-keys"];
    place.tally(&again).refused("W1 holds a witness already");
    assert!(!place.path("W1/witness.pem").exists());
    let two = ["witness", "add", "W2", "L/ledger.vkey", "--origin=a\nb"];
    place.tally(&two).refused("is no origin, expected one line without control characters");
    place.tally(&["witness", "status", "W2"]).exits(0);
}

/// Sends a request and returns the status and the body.
pub(super) fn ask(address: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).ok()?;
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// The requests that put the sizes before a witness, each from the one before.
fn requests(place: &Place, ledger: &str, notes: u64) -> Vec<String> {
    use tally_ledger::consistency::Consistency;
    use tally_ledger::tree::Tree;
    let mut tree = Tree::default();
    let mut requests = Vec::new();
    let mut old = 0;
    for n in 0..=notes {
        if n > 0 {
            note(place, ledger, &format!("remark {n} in {ledger}"));
        }
        let told = place.tally(&["checkpoint", "--ledger", ledger]).ok();
        let checkpoint: tally_ledger::note::Checkpoint = told.parse().unwrap();
        place.tally(&["export", "-o", "whole.tally", "--ledger", ledger]).ok();
        let args = ["list", "entries", "whole.tally", "--unpinned", "--format=json"];
        let entries = place.tally(&args).exits(0).json();
        let entries = entries["entries"].as_array().unwrap();
        let known = usize::try_from(tree.size()).unwrap();
        for entry in &entries[known..] {
            tree.push(entry["id"].as_str().unwrap().parse().unwrap());
        }
        fs::remove_file(place.path("whole.tally")).unwrap();
        let proof = tree.consistency(old, checkpoint.size()).unwrap_or_default();
        let size = checkpoint.size();
        requests.push(Consistency { old, proof, checkpoint }.to_string());
        old = size;
    }
    requests
}

#[test]
fn what_is_asked_by_http_has_the_answers_of_the_protocol() {
    let place = witnessed();
    let served = serve(&place, "W1");
    let requests = requests(&place, "L", 1);
    let add = |body: &str| ask(&served.address, "POST", "/add-checkpoint", body).unwrap();
    assert_eq!(add("old 0\n").0, 400);
    assert_eq!(add(&requests[0].replace("ledger.example", "other.example")).0, 404);
    assert_eq!(add(&requests[0].replace("\n2\n", "\n3\n")).0, 403);
    assert_eq!(add(&requests[1]), (409, "0\n".to_owned()));
    assert_eq!(add(&requests[0]).0, 200);
    assert_eq!(add(&requests[1].replacen("old 2", "old 4", 1)).0, 400);
    assert_eq!(add(&"x".repeat(200 * 1024)).0, 413);
    let hash = tally_ledger::hash::Hash::of(b"ledger.example/l");
    let get = |path: &str| ask(&served.address, "GET", path, "").unwrap();
    let (status, shown) = get(&format!("/{hash}/checkpoint"));
    assert_eq!((status, cosignatures_in(&shown)), (200, 1), "{shown}");
    assert_eq!(get(&format!("/{}/checkpoint", "0".repeat(64))).0, 404);
    assert_eq!(get("/witness.pem").0, 404);
    assert_eq!(get("/add-checkpoint").0, 405);
    let metrics = get("/metrics").1;
    assert!(metrics.contains("tally_witness_size{origin=\"ledger.example/l\"} 2"), "{metrics}");
    let contradicting = "tally_witness_equivocations{origin=\"ledger.example/l\"} 0";
    assert!(metrics.contains(contradicting), "{metrics}");
    assert_eq!(get("/health"), (200, "ok\n".to_owned()));
}

fn cosignatures_in(note: &str) -> usize {
    note.lines().filter(|line| line.starts_with("\u{2014} w.example/")).count()
}

#[test]
fn of_two_histories_asked_at_once_one_is_cosigned() {
    let place = witnessed();
    copy_folder(&place.path("L"), &place.path("F"));
    let served = serve(&place, "W1");
    let ours = requests(&place, "L", 1);
    fs::rename(place.config(), place.path("elsewhere")).unwrap();
    let theirs = requests(&place, "F", 1);
    assert_eq!(ask(&served.address, "POST", "/add-checkpoint", &ours[0]).unwrap().0, 200);
    let cosigned = std::thread::scope(|scope| {
        let both = [&ours[1], &theirs[1]];
        let asked: Vec<_> = (0..50)
            .map(|n| {
                let (address, body) = (&served.address, both[n % 2]);
                scope.spawn(move || (n % 2, ask(address, "POST", "/add-checkpoint", body)))
            })
            .collect();
        let answers = asked.into_iter().map(|thread| thread.join().unwrap());
        let cosigned = answers.filter(|(_, answer)| answer.as_ref().unwrap().0 == 200);
        cosigned.map(|(history, _)| history).collect::<BTreeSet<_>>()
    });
    assert_eq!(cosigned.len(), 1, "one history was cosigned, and never the other");
    place.tally(&["witness", "status", "W1"]).exits(3);
}

#[test]
#[ignore = "needs strace"]
fn a_witness_killed_at_any_write_never_goes_behind_what_it_answered() {
    let place = witnessed();
    let requests = requests(&place, "L", 2);
    let mut killed = 0;
    for call in ["write", "openat", "fsync", "rename", "unlink", "mkdir"] {
        for nth in 1..60 {
            copy_folder(&place.path("W1"), &place.path("K"));
            let traced =
                place.killed_at(call, nth, &["witness", "serve", "K", "--listen=127.0.0.1:0"]);
            let Some(served) = Served::begin(traced) else {
                fs::remove_dir_all(place.path("K")).unwrap();
                killed += 1;
                continue;
            };
            let mut answered = 0;
            for (index, body) in requests.iter().enumerate() {
                match ask(&served.address, "POST", "/add-checkpoint", body) {
                    Some((200, _)) => answered = index + 2,
                    _ => break,
                }
            }
            let whole = answered == requests.len() + 1;
            drop(served);
            let status = place.tally(&["witness", "status", "K", "--format=json"]).exits(0).json();
            let size = status["logs"][0]["size"].as_u64().unwrap_or(0);
            let size = usize::try_from(size).unwrap();
            assert!(size >= answered, "{call} {nth}: {size} kept, {answered} answered");
            assert!(size <= answered.max(1) + 1, "{call} {nth}: {size} kept, {answered} answered");
            let again = serve(&place, "K");
            let next = requests.get(size.saturating_sub(1)).or(requests.last()).unwrap();
            let status = ask(&again.address, "POST", "/add-checkpoint", next).unwrap().0;
            assert!([200, 409].contains(&status), "{call} {nth}: {status}");
            drop(again);
            fs::remove_dir_all(place.path("K")).unwrap();
            if whole {
                break;
            }
            killed += 1;
        }
    }
    assert!(killed > 10, "{killed} times only");
}

#[test]
#[ignore = "needs Python with aics-witness"]
fn a_foreign_witness_cosigns_our_checkpoints() {
    let place = witnessed();
    let aics = |args: &[&str]| {
        let interpreter = std::env::var_os("TALLY_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(interpreter);
        command.args(["-m", "aics_witness", args[0], "-c", "w.json"]).args(&args[1..]);
        place.place(&mut command);
        command
    };
    let init = ["init", "--name=aics.example/w", "--listen=127.0.0.1:0"];
    let vkey = Run::of(&mut aics(&init)).ok().trim().to_owned();
    let key = fs::read_to_string(place.path("L/ledger.vkey")).unwrap();
    Run::of(&mut aics(&["add-log", "--origin=ledger.example/l", "--vkey", key.trim()])).ok();
    let served = Served::telling(aics(&["serve"]), "listening on ").expect("it listens");
    let address = served.address.split(' ').next().unwrap();
    for text in ["", "a remark", "another"] {
        if !text.is_empty() {
            note(&place, "L", text);
        }
        let args = ["checkpoint", "--ledger=L", "--witness", address, &vkey];
        let run = place.tally(&args).exits(0);
        assert!(run.stdout.contains("\u{2014} aics.example/w "), "{run:?}");
        assert!(run.stderr.contains("aics.example/w cosigned at "), "{run:?}");
    }
}

#[test]
#[ignore = "needs Python with cryptography"]
fn a_foreign_log_is_cosigned() {
    let place = witnessed();
    let log = |args: &[&str]| {
        let mut command = crate::foreign::python("log.py");
        command.args(args);
        crate::foreign::last_line(&mut command)
    };
    place.tally(&["witness", "add", "W1", &log(&["vkey"])]).ok();
    let served = serve(&place, "W1");
    let vkey = fs::read_to_string(place.path("W1/witness.vkey")).unwrap();
    let told = log(&["submit", &served.address, vkey.trim()]);
    assert_eq!(told, "11 checkpoints cosigned");
}

#[test]
fn the_name_of_a_witness_or_mirror_is_a_url_without_its_scheme() {
    let place = Place::empty();
    for sort in ["witness", "mirror"] {
        for name in ["https://w.example/x", "w.example/", "W.example", "w example", ""] {
            let init = [sort, "init", "D", "--unencrypted-keys", "--name", name];
            place.tally(&init).refused("a URL without its scheme, such as witness.example");
        }
    }
    assert!(!place.path("D").exists());
}

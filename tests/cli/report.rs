//! Reports that are written into files: their form, and what is never overwritten.

use super::{Place, Run};

/// A ledger with a checkpoint, and its bundle.
fn place() -> Place {
    let place = Place::with_ledger();
    place.tally(&["checkpoint", "--ledger=L"]).ok();
    place.tally(&["export", "--ledger=L", "-o", "L.tally"]).ok();
    place
}

fn audit(place: &Place, more: &[&str]) -> Run {
    place.tally(&[&["audit", "L.tally", "--unpinned"], more].concat())
}

#[test]
fn the_form_follows_the_name_of_the_file_unless_it_is_given() {
    let place = place();
    for (args, start) in [
        (&["-o", "a.html"][..], "<!DOCTYPE html>"),
        (&["-o", "A.HTM"], "<!DOCTYPE html>"),
        (&["-o", "a.json"], "{"),
        (&["-o", "a.txt"], "Source "),
        (&["-o", "a.txt", "--format", "html"], "<!DOCTYPE html>"),
        (&["-o", "without-an-end", "--format", "json"], "{"),
    ] {
        let run = audit(&place, args).exits(0);
        assert!(run.stdout.starts_with("No claim is recorded"), "{args:?}: {}", run.stdout);
        assert!(run.stdout.ends_with(&format!("The report is in {}\n", args[1])), "{args:?}");
        let written = std::fs::read_to_string(place.path(args[1])).unwrap();
        assert!(written.starts_with(start) && written.ends_with('\n'), "{args:?}: {written:.40}");
    }
    audit(&place, &["-o", "a.pdf"]).refused("a.pdf does not say the form");
    audit(&place, &["-o", "a"]).refused("--format");
}

#[test]
fn what_goes_into_a_file_is_what_goes_to_standard_output() {
    let place = place();
    for command in ["audit", "diverge"] {
        for format in ["text", "json", "html"] {
            let args = [command, "L.tally", "--unpinned", "--format", format];
            let printed = place.tally(&args).exits(0).stdout;
            place.tally(&[&args[..], &["-o", "file"]].concat()).exits(0);
            assert_eq!(std::fs::read_to_string(place.path("file")).unwrap(), printed);
        }
    }
}

#[test]
fn only_a_regular_file_is_replaced_and_never_what_the_report_is_about() {
    let place = place();
    std::fs::create_dir(place.path("folder.html")).unwrap();
    place.write("old.html", "old");
    #[cfg(unix)]
    std::os::unix::fs::symlink(place.path("old.html"), place.path("link.html")).unwrap();
    let before = place.content();
    audit(&place, &["-o", "folder.html"]).refused("folder.html is there and is no regular file");
    audit(&place, &["-o", "L.tally", "--format=html"])
        .refused("L.tally is what the report is about");
    audit(&place, &["-o", "./L.tally", "--format=html"]).refused("what the report is about");
    audit(&place, &["-o", "no/such/folder.html"]).refused("no/such/folder.html");
    #[cfg(unix)]
    audit(&place, &["-o", "link.html"]).refused("link.html is there and is no regular file");
    assert_eq!(place.content(), before);
    audit(&place, &["-o", "old.html"]).exits(0);
    assert_ne!(std::fs::read_to_string(place.path("old.html")).unwrap(), "old");
}

#[test]
fn a_page_of_a_ledger_without_a_pin_or_with_a_fault_says_so() {
    let place = place();
    // Without the trust store of the one who began it, nothing says that it is the right ledger.
    std::fs::remove_dir_all(place.config()).unwrap();
    let run = place.tally(&["audit", "L.tally", "-o", "r.html"]).exits(2);
    assert!(run.stderr.contains("give a pin"), "{}", run.stderr);
    let page = |place: &Place| std::fs::read_to_string(place.path("r.html")).unwrap();
    assert!(page(&place).contains("Consistent with itself:"));
    let mut bytes = std::fs::read(place.path("L.tally")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    place.write("L.tally", bytes);
    place.tally(&["audit", "L.tally", "-o", "r.html"]).exits(3);
    assert!(page(&place).contains("Failed:"));
}

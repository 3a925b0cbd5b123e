//! The names of places: what is no address is no folder either, and a place that cannot be reached
//! is told so.

use std::net::TcpListener;

use super::Run;
use super::publish::{publish, with_checkpoint};

#[test]
fn half_an_address_is_no_folder() {
    let place = with_checkpoint();
    let before = place.content();
    for name in ["s3:/bkt/ledger", "https:/ledger.example", "HTTP:ledger.example", "host:8080/x"] {
        let run = publish(&place, name).refused(name);
        assert!(run.stderr.contains("begins with http:// or https://"), "{run:?}");
        place.tally(&["verify", name]).refused(name);
        place.tally(&["prove", "0", "--source", name, "-o", "proof"]).refused(name);
        place.tally(&["restore", name, "--ledger=R"]).refused(name);
    }
    assert_eq!(place.content(), before);
    publish(&place, "./2026-11-22T08:00").ok();
}

#[test]
fn a_place_that_refuses_is_told_in_its_own_words_with_what_to_do() {
    let place = with_checkpoint();
    // Nobody listens at a port that was just given back.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = place.tally(&["verify", &format!("http://{free}/x")]).refused("refused");
    assert!(run.stderr.contains("hint: see that the address is right"), "{run:?}");
    for word in ["credentials", "Generic", "max_retries", "client error"] {
        assert!(!run.stderr.contains(word), "{run:?}");
    }
    let mut bucket = place.command(&["publish", "s3://bkt/ledger", "--ledger=L"]);
    bucket.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x");
    let run = Run::of(bucket.env("AWS_ENDPOINT_URL", format!("http://{free}")));
    let run = run.refused("its address begins with http://, which has no TLS");
    assert!(run.stderr.contains("hint: set AWS_ALLOW_HTTP=true"), "{run:?}");
    place.tally(&["prove", "0", "--source", "absent"]).refused("No such file or directory");
}

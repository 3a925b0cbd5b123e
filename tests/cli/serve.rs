//! A published ledger is served, and read from the server as from anywhere else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{Place, Run};

/// A server of ours, ended when the test is.
pub(super) struct Served {
    child: Child,
    /// Where it listens, `http://` included.
    pub(super) address: String,
    told: BufReader<std::process::ChildStderr>,
}

impl Served {
    /// Runs a command that serves, and waits until it listens.
    #[track_caller]
    pub(super) fn new(command: Command) -> Self {
        Self::begin(command).expect("it listens")
    }

    /// Runs a command that serves, and waits until it listens; `None` if it ends before.
    pub(super) fn begin(command: Command) -> Option<Self> {
        Self::telling(command, "listening at ")
    }

    /// Runs a program that tells its address after `words`.
    pub(super) fn telling(mut command: Command, words: &str) -> Option<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self { child, address: String::new(), told };
        while served.address.is_empty() {
            let mut line = String::new();
            if served.told.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let address = line.trim_end().split_once(words).map_or("", |(_, address)| address);
            address.clone_into(&mut served.address);
        }
        Some(served)
    }

    /// Sends the process a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid()]).status();
        assert!(sent.unwrap().success());
    }

    pub(super) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Waits for the end, and returns the status and what was told until then.
    pub(super) fn ended(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        std::io::Read::read_to_string(&mut self.told, &mut told).unwrap();
        (self.child.wait().unwrap().code(), told)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn published() -> Place {
    let place = Place::with_ledger();
    place.tally(&["publish", "P", "--ledger=L"]).ok();
    place
}

fn serve(place: &Place) -> Served {
    Served::new(place.command(&["serve", "P", "--listen=127.0.0.1:0"]))
}

#[test]
fn a_served_ledger_is_read_as_the_folder_itself() {
    let place = published();
    let served = serve(&place);
    let json = |source: &str| {
        let args = ["verify", source, "--key", "L/ledger.vkey", "--format", "json"];
        let json = place.tally(&args).exits(0).json();
        (json["verdict"].clone(), json["entries"].clone())
    };
    assert_eq!(json(&served.address), json("P"));
    assert_eq!(json("P").0, "whole");
}

#[test]
#[cfg(unix)]
fn it_ends_when_it_is_told_to() {
    let place = published();
    for signal in ["TERM", "INT"] {
        let served = serve(&place);
        served.signal(signal);
        let (status, told) = served.ended();
        assert_eq!(status, Some(0), "{told}");
        assert_eq!(told, "told to end; every request was answered\n");
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let place = published();
    let serve = |args: &[&str]| -> Run { place.tally(&[&["serve"][..], args].concat()) };
    serve(&["L"]).refused("L is no published ledger: it holds format");
    serve(&["config"]).refused("config is no published ledger: config/checkpoint: No such file");
    serve(&["P", "--listen=nowhere"]).refused("cannot listen at nowhere");
}

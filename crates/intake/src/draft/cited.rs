//! Citations of bugs, comments and certificates whose form leads nowhere, or elsewhere.
//!
//! Only the form is looked at; whether the thing cited exists is not known here.

use std::ops::Range;

use super::prose::{Pattern, Sentence};
use super::{Draft, Found};

/// The most digits that the number of a bug has.
const BUG_DIGITS_MAX: usize = 7;

/// Returns links and numbers that lead nowhere.
pub(super) fn broken(draft: &Draft<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, _) in draft.text.match_indices("show_bug.cgi") {
        let rest = &draft.text[at..];
        let address = &rest[..address_len(rest)];
        let id = address.split_once("id=").map_or("", |(_, id)| id);
        let number = &id[..digits(id)];
        if number.is_empty() || number.len() > BUG_DIGITS_MAX {
            let message = "this address names no bug of the tracker";
            let help = "write https://bugzilla.mozilla.org/show_bug.cgi?id=NUMBER";
            found.push(Found::new(at..at + address.len(), message).label("no bug").help(help));
        }
    }
    for (at, start) in draft.text.match_indices("crt.sh/?sha256=") {
        let rest = &draft.text[at + start.len()..];
        let hash = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let is_hash = hash == 64 && rest[..hash].bytes().all(|c| c.is_ascii_hexdigit());
        // A placeholder of the template is for another check.
        if !is_hash && !rest.starts_with('[') {
            let message = format!("a SHA-256 has 64 hexadecimal digits, this has {hash}");
            let span = at + start.len()..at + start.len() + hash.max(1).min(rest.len());
            let span = if rest.is_empty() { at..at + start.len() } else { whole(draft.text, span) };
            let help = "copy the fingerprint of the certificate again";
            found.push(Found::new(span, message).label("no fingerprint").help(help));
        }
    }
    found.extend(draft.sentences.iter().flat_map(too_long));
    found
}

/// Returns numbers after "bug" that no bug has.
fn too_long<'a>(sentence: &'a Sentence<'_>) -> impl Iterator<Item = Found> + 'a {
    let pairs = sentence.words.windows(2).filter(|pair| pair[0].is_among(&["bug", "bugzilla"]));
    pairs.filter_map(|pair| {
        let number = pair[1].as_str();
        let is_number = number.bytes().all(|c| c.is_ascii_digit());
        (is_number && number.len() > BUG_DIGITS_MAX).then(|| {
            let message = format!("bug numbers have {BUG_DIGITS_MAX} digits, this has more");
            let span = pair[0].span.start..pair[1].span.end;
            Found::new(span, message).label("no bug").help("check the number")
        })
    })
}

/// Returns links whose words name another bug than they lead to.
pub(super) fn two_bugs(draft: &Draft<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (middle, _) in draft.text.match_indices("](") {
        let rest = draft.text[middle + 2..].trim_start();
        let address = &rest[..address_len(rest)];
        let Some((_, id)) = address.split_once("show_bug.cgi?id=") else {
            continue;
        };
        let line = draft.text[..middle].rfind('\n').map_or(0, |end| end + 1);
        let Some(open) = draft.text[line..middle].rfind('[') else {
            continue;
        };
        let words = &draft.text[line + open + 1..middle];
        let target = &id[..digits(id)];
        let named = words.split(|c: char| !c.is_ascii_digit()).find(|number| number.len() >= 6);
        if let Some(named) = named.filter(|named| !target.is_empty() && *named != target) {
            let message = format!("the link says {named} and leads to bug {target}");
            let at = address.as_ptr() as usize - draft.text.as_ptr() as usize;
            let mut told = Found::new(line + open + 1..middle, message)
                .label(format!("says {named}"))
                .help("correct the number that is wrong");
            told.others.push((at..at + address.len(), format!("leads to {target}")));
            found.push(told);
        }
    }
    found
}

const COMMENT_FIRST: Pattern = &[
    &["comment"],
    &["_"],
    &["of", "on", "in", "from"],
    &["", "the"],
    &["bug", "bugzilla"],
    &["_"],
];

/// Returns comments that the tracker links to the wrong bug: it reads `comment 3` as one of the bug
/// that the text is posted in.
pub(super) fn comment_first(draft: &Draft<'_>) -> Vec<Found> {
    let of = |sentence: &Sentence<'_>| {
        let words = sentence.find(COMMENT_FIRST)?;
        let (comment, bug) = (&sentence.words[words.start + 1], &sentence.words[words.end - 1]);
        let is_number = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        let fits = is_number(comment.as_str()) && is_number(bug.as_str());
        let (comment, bug) = (comment.as_str(), bug.as_str());
        let span = sentence.span(words);
        fits.then(|| {
            Found::new(span, "the tracker will link this comment to the bug it is posted in")
                .label(format!("links to comment {comment} here"))
                .help(format!("write: bug {bug} comment {comment}"))
        })
    };
    draft.sentences.iter().filter_map(of).collect()
}

/// Returns how long the address at the beginning of a text is.
fn address_len(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || "<>()[]\"`".contains(c)).unwrap_or(text.len())
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Returns the span widened to whole characters.
fn whole(text: &str, span: Range<usize>) -> Range<usize> {
    span.start..text.ceil_char_boundary(span.end)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, silent};

    const HASH: &str = "57e5e699d847da98f58aed2098cd1237925a6fec03871b69b920bdfb425c92b2";

    #[test]
    fn an_address_without_a_number_or_with_a_short_fingerprint_is_found() {
        for text in [
            "https://bugzilla.mozilla.org/show_bug.cgi?id=",
            "see https://bugzilla.mozilla.org/show_bug.cgi?id=191080512 for it",
            "https://crt.sh/?sha256=57E5E6",
            "https://crt.sh/?sha256=",
            "https://crt.sh/?sha256=\u{e9}",
            "as noted in bug 191080512",
        ] {
            assert_eq!(codes(text), ["D050"], "{text}");
        }
        silent(&format!("https://crt.sh/?sha256={HASH} and https://crt.sh/?id=13044926341"));
        silent("https://bugzilla.mozilla.org/show_bug.cgi?id=1910805#c36, bug 1910805 comment 4");
        silent("https://crt.sh/?sha256=[sha256 fingerprint of the certificate]");
    }

    #[test]
    fn a_link_that_names_another_bug_than_it_leads_to_is_found() {
        let link = |says, leads| {
            format!("see [Bug {says}](https://bugzilla.mozilla.org/show_bug.cgi?id={leads}#c1).")
        };
        assert_eq!(codes(&link(1_910_805, 1_910_322)), ["D051"]);
        silent(&link(1_910_805, 1_910_805));
        silent("[the other bug](https://bugzilla.mozilla.org/show_bug.cgi?id=1910322)");
    }

    #[test]
    fn a_comment_ahead_of_its_bug_is_found() {
        assert_eq!(codes("In comment #19 of bug 1897538 we said so."), ["D052"]);
        assert_eq!(codes("See comment 36 on Bugzilla 1910322."), ["D052"]);
        silent("In bug 1897538 comment 19 we said so; see comment 3 of this bug.");
        silent("a comment in bug 1897538");
    }
}

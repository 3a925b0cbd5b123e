//! The page of each rule: what `tally explain` prints is what docs/DIVERGENCE.md says.

use std::collections::BTreeSet;

use tally_divergence::rules::{RULES, rule};

const DOCS: &str = include_str!("../../../docs/DIVERGENCE.md");

#[test]
fn every_rule_has_its_section_and_every_section_its_rule() {
    for rule in RULES {
        let section = format!("### {} {}\n\n{}", rule.code, rule.title, rule.explanation);
        assert!(DOCS.contains(&section), "docs/DIVERGENCE.md lacks, word for word:\n{section}");
    }
    let is_code = |word: &str| word.len() == 4 && word.starts_with(['P', 'T']);
    let headings = DOCS.lines().filter_map(|line| line.strip_prefix("### ")?.split(' ').next());
    let documented: BTreeSet<&str> = headings.filter(|word| is_code(word)).collect();
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(documented, codes);
}

#[test]
fn a_page_says_what_it_looks_at_what_it_decides_and_gives_an_example() {
    for rule in RULES {
        for part in ["**Looks at**", "**Decides", "**Example.**"] {
            assert!(rule.explanation.contains(part), "{} lacks {part}", rule.code);
        }
    }
}

#[test]
fn codes_ascend_are_unique_and_are_found_in_any_case() {
    assert!(RULES.windows(2).all(|pair| pair[0].code < pair[1].code));
    assert_eq!(rule("t101").map(|rule| rule.code), Some("T101"));
    assert!(rule("T999").is_none());
}

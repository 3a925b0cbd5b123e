//! Blame put on a person.
//!
//! The reports of the community are blameless: they ask what let an error through, not who made
//! it. What is found is a person or a role as the cause, in a few plain wordings; a team, a company
//! or "we" is none, and neither is somebody else's quoted word.

use super::prose::{Pattern, Sentence};
use super::{Draft, Found};

const DETERMINER: &[&str] =
    &["the", "an", "a", "one", "our", "this", "that", "by", "some", "these", "two", "their"];

const MANNER: &[&str] = &[
    "",
    "responsible",
    "new",
    "junior",
    "senior",
    "single",
    "individual",
    "internal",
    "validation",
    "registration",
    "ra",
    "pki",
    "system",
    "systems",
    "security",
    "network",
    "software",
    "database",
    "certificate",
    "compliance",
    "operations",
    "support",
    "key",
    "vetting",
    "issuing",
    "on-call",
    "involved",
    "concerned",
    "assigned",
    "former",
];

const ROLE: &[&str] = &[
    "employee",
    "employees",
    "engineer",
    "engineers",
    "operator",
    "operators",
    "administrator",
    "administrators",
    "admin",
    "admins",
    "developer",
    "developers",
    "technician",
    "technicians",
    "specialist",
    "specialists",
    "agent",
    "agents",
    "officer",
    "officers",
    "validator",
    "validators",
    "reviewer",
    "reviewers",
    "trainee",
    "intern",
    "contractor",
    "contractors",
    "colleague",
    "colleagues",
    "individual",
    "individuals",
    "person",
    "analyst",
    "analysts",
    "manager",
    "staff",
];

/// A person did wrong.
const WRONG: &[Pattern] = &[
    &[DETERMINER, MANNER, MANNER, ROLE, &["failed"], &["to"]],
    &[
        DETERMINER,
        MANNER,
        MANNER,
        ROLE,
        &["", "had", "has", "have", "simply"],
        &[
            "forgot",
            "forgotten",
            "neglected",
            "overlooked",
            "ignored",
            "disregarded",
            "misread",
            "misunderstood",
            "mistakenly",
            "erroneously",
            "accidentally",
            "inadvertently",
            "carelessly",
            "wrongly",
            "negligently",
        ],
    ],
    &[
        DETERMINER,
        MANNER,
        MANNER,
        ROLE,
        &["", "had", "has", "have"],
        &["made"],
        &["a", "an", "the"],
        &["", "manual", "simple"],
        &["mistake", "error"],
    ],
    &[
        DETERMINER,
        MANNER,
        MANNER,
        ROLE,
        &["did"],
        &["not"],
        &[
            "follow",
            "notice",
            "check",
            "read",
            "realize",
            "realise",
            "verify",
            "perform",
            "report",
            "notify",
            "understand",
            "respect",
            "comply",
            "adhere",
            "pay",
        ],
    ],
    &[
        DETERMINER,
        MANNER,
        MANNER,
        ROLE,
        &["was", "were"],
        &["careless", "negligent", "inattentive", "distracted", "at"],
    ],
];

/// A wrong is a person's.
const OF_A_PERSON: &[Pattern] = &[
    &[
        &[
            "mistake",
            "error",
            "oversight",
            "negligence",
            "carelessness",
            "fault",
            "failure",
            "inattention",
        ],
        &["", "made", "committed"],
        &["by", "of"],
        DETERMINER,
        MANNER,
        MANNER,
        ROLE,
    ],
    &[
        &["human"],
        &["error", "errors", "mistake", "oversight"],
        &["", "made", "committed"],
        &["by"],
    ],
];

/// The cause is that somebody erred.
const CAUSE: &[Pattern] = &[
    &[
        &["due", "attributed", "attributable"],
        &["to"],
        &["", "a", "an"],
        &["", "simple", "manual", "individual", "pure"],
        &["human"],
        &["error", "errors", "mistake", "oversight", "negligence"],
    ],
    &[
        &["caused", "because", "result", "resulted", "stemmed", "resulting"],
        &["by", "of", "from"],
        &["", "a", "an"],
        &["", "simple", "manual", "individual", "pure"],
        &["human"],
        &["error", "errors", "mistake", "oversight", "negligence"],
    ],
    &[
        &["cause"],
        &["", "of"],
        &["", "the", "this"],
        &["", "incident", "issue", "problem"],
        &["", "was", "is"],
        &["", "a", "an"],
        &["", "simple", "pure"],
        &["human"],
        &["error", "errors", "mistake"],
    ],
    &[&["contributing"], &["factor"], &["", "_"], &["human"], &["error", "errors", "mistake"]],
];

/// A person is punished.
const PUNISHED: &[Pattern] = &[
    &[&["disciplinary"], &["action", "actions", "measures", "procedure", "proceedings"]],
    &[
        DETERMINER,
        MANNER,
        ROLE,
        &["was", "were", "has", "have", "will"],
        &["", "been", "be"],
        &[
            "reprimanded",
            "disciplined",
            "dismissed",
            "fired",
            "sanctioned",
            "penalized",
            "penalised",
            "punished",
        ],
    ],
];

/// What turns such a wording round.
const NOT: &[&str] = &["no", "not", "neither", "nor", "never", "without", "rather", "blame", "if"];

/// Returns where a person or a role is named as the cause.
pub(super) fn find(draft: &Draft<'_>) -> Vec<Found> {
    draft.sentences.iter().filter_map(of_sentence).collect()
}

fn of_sentence(sentence: &Sentence<'_>) -> Option<Found> {
    let kinds = [
        (WRONG, "the cause is put on a person"),
        (OF_A_PERSON, "the cause is put on a person"),
        (CAUSE, "human error is given as the cause"),
        (PUNISHED, "a person is held to account in public"),
    ];
    let (words, message) = kinds.iter().find_map(|(patterns, message)| {
        let words = patterns.iter().find_map(|pattern| sentence.find(pattern))?;
        Some((words, *message))
    })?;
    let ahead = &sentence.words[words.start.saturating_sub(4)..words.start];
    if ahead.iter().any(|word| word.is_among(NOT)) {
        return None;
    }
    let found = Found::new(sentence.span(words), message)
        .label("says who erred, not what let it through")
        .help(
            "say what in the system, the process or the training let an error through, and what \
             would have caught it",
        );
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FULL, codes, silent};

    #[test]
    fn a_person_as_the_cause_is_found() {
        for text in [
            "The employee failed to follow the procedure.",
            "On 3 May a validation specialist overlooked the difference.",
            "This was a mistake by one of our engineers.\n\nIt was an oversight of the operator.",
            "The root cause was human error.",
            "It happened due to a simple human mistake, which we regret.",
            "This was human error by an engineer.",
            "The responsible administrator did not check the date.",
            "The operator was reprimanded.",
            "We have taken disciplinary measures.",
        ] {
            assert_eq!(codes(text), ["D040"], "{text}");
        }
        let title = "the register's address was changed by hand";
        assert_eq!(codes(&FULL.replace(title, "Human error")), ["D040"]);
    }

    #[test]
    fn what_a_system_a_team_or_an_organisation_did_is_no_blame() {
        for text in [
            "The validation team failed to update the list.",
            "We failed to respond in time.",
            "The linter did not check the field.",
            "An engineer deployed the change at 12:00 UTC.",
            "The process relied on one person and had no second check.",
            "The root cause was not human error but a missing check.",
            "No employee failed to follow the procedure.",
            "We do not attribute this to human error.",
            "> The employee failed to follow the procedure.",
            "You wrote \u{201c}the operator failed to look\u{201d}, which is so.",
            "The Subscriber\u{2019}s administrator failed to reply.",
            "The tool reduces the room for human error.",
            "If the operator forgot the flag, the tool would now refuse.",
        ] {
            silent(text);
        }
    }
}

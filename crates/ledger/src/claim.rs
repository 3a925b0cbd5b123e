//! Claims: the atomic assertions inside a statement (docs/VOCABULARY.md, "Claims").
//!
//! All members of a claim stand on one level: `says` chooses the assertion, and the assertion's
//! members stand beside those that every claim has.

use std::collections::BTreeMap;

use ciborium::Value;
use serde::{Deserialize, Serialize};

use crate::name::Kind;
use crate::time::When;
use crate::vocabulary::decode::Misfit;
use crate::vocabulary::describe::tail;
use crate::vocabulary::members::{self, Known, Member, Unknown, members, words};
use crate::vocabulary::words::{Metric, Qualifier, Strength, Unit};

/// One atomic assertion inside a statement, and how it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Claim {
    /// What is asserted.
    #[serde(flatten)]
    pub assertion: Assertion,
    /// How the claim came to be recorded.
    pub origin: Origin,
    /// A short paraphrase, or a quotation in quotation marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes of the statement that make the claim, end exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<[u64; 2]>,
    /// How firmly it is made; left out where firm.
    #[serde(skip_serializing_if = "is_firm")]
    pub strength: Strength,
    /// How exact it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<Qualifier>,
    /// Where it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Under what condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The members that this version of the vocabulary does not know.
    #[serde(flatten, serialize_with = "members::serialize_extra")]
    pub extra: BTreeMap<String, Value>,
}

words! {
    /// How a claim came to be recorded.
    closed Origin {
        /// The speaker declared it with the statement.
        Declared = "declared",
        /// It was read from a template's field.
        Parsed = "parsed",
        /// A reader marked it.
        Annotated = "annotated",
        /// A phrase rule suggested it, and nobody has confirmed it yet.
        Suggested = "suggested",
    }
}

/// Lists the assertions: the word in `says`, and the struct of its members.
macro_rules! assertions {
    ($($(#[$doc:meta])* $name:ident($type:ident) = $says:literal,)*) => {
        $crate::vocabulary::members::words! {
            /// The word that chooses an assertion.
            closed Says { $($(#[$doc])* $name = $says,)* }
        }

        /// What a claim asserts. Things are named by kind and subject, as entries have them.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "says")]
        pub enum Assertion {
            $($(#[$doc])* #[serde(rename = $says)] $name($type),)*
        }

        impl Assertion {
            /// The words that `says` may be, each with the members of its assertion.
            pub const SAYS: &'static [(&'static str, &'static [Member])] =
                &[$(($says, $type::MEMBERS)),*];

            /// Returns the word that stands in `says`.
            pub fn says(&self) -> Says {
                match self { $(Self::$name(_) => Says::$name,)* }
            }

            /// Returns the first of the assertion's own members in `value` that does not fit.
            fn misfit(value: &Value, at: &str) -> Option<Misfit> {
                let members = value.as_map()?.iter();
                let says = members.filter(|(name, _)| name.as_text() == Some("says"));
                match says.map(|(_, says)| says.as_text()).next()?? {
                    $($says => $type::misfit(value, at),)*
                    _ => None,
                }
            }

            fn members(&self) -> &'static [Member] {
                match self { $(Self::$name(_) => $type::MEMBERS,)* }
            }

            fn unknown(&self, at: &str, found: &mut Vec<Unknown>) {
                match self { $(Self::$name(inner) => inner.unknown(at, found),)* }
            }
        }
    };
}

assertions! {
    /// Something happened at a time.
    Occurred(Occurred) = "occurred",
    /// Nothing of a kind happened.
    Absent(Absent) = "none",
    /// An item has a status.
    Status(Status) = "status",
    /// Items are all complete.
    AllComplete(AllComplete) = "all_complete",
    /// A number.
    Count(Count) = "count",
    /// A member of a subject's entry has a value.
    Value(Attribute) = "value",
    /// Something will happen.
    Will(Will) = "will",
    /// Something will not happen.
    WillNot(WillNot) = "will_not",
    /// An inquiry was answered.
    Answered(Answered) = "answered",
    /// One thing happened before another.
    Order(Order) = "order",
    /// A text says so.
    Said(Said) = "said",
    /// An opinion: never decided, shown to the reader.
    Characterises(Characterises) = "characterises",
}

members! {
    /// Something of `kind` happened at `when`.
    closed pub struct Occurred {
        /// The kind, whole or its beginning, or with a step.
        pub kind: Kind,
        /// When.
        pub when: When,
        /// The subject.
        pub subject: Option<String>,
    }
}

members! {
    /// Nothing of `kind` happened.
    closed pub struct Absent {
        /// The kind, whole or its beginning, or with a step.
        pub kind: Kind,
        /// The subject; absent: any.
        pub subject: Option<String>,
        /// During which time; absent: until the statement.
        pub period: Option<When>,
    }
}

members! {
    /// An item has a status.
    closed pub struct Status {
        /// The item.
        pub item: String,
        /// The status; for action items, in the CCADB's terms.
        pub status: String,
        /// The time for which it holds; absent: when the statement was published.
        pub as_of: Option<When>,
    }
}

members! {
    /// Items are all complete.
    closed pub struct AllComplete {
        /// Which; empty: all that are open.
        pub items: Vec<String>,
    }
}

members! {
    /// A number; the claim's scope and qualifier apply.
    closed pub struct Count {
        /// What is counted.
        pub metric: Metric,
        /// In what unit.
        pub unit: Unit,
        /// The number.
        pub value: u64,
    }
}

members! {
    /// The member `attribute` of the subject's entry has a value.
    closed pub struct Attribute {
        /// The subject.
        pub subject: String,
        /// The name of the member.
        pub attribute: String,
        /// Its value, as text.
        pub value: String,
    }
}

members! {
    /// Something of a kind will happen.
    closed pub struct Will {
        /// The kind, whole or its beginning, or with a step.
        pub what: Kind,
        /// The subject.
        pub subject: Option<String>,
        /// By when.
        pub due: Option<When>,
    }
}

members! {
    /// Nothing of a kind will happen.
    closed pub struct WillNot {
        /// The kind, whole or its beginning, or with a step.
        pub what: Kind,
        /// The subject; absent: any.
        pub subject: Option<String>,
        /// During which time; absent: for good.
        pub period: Option<When>,
    }
}

members! {
    /// The inquiry was answered.
    closed pub struct Answered {
        /// The id of the inquiry.
        pub question: String,
    }
}

members! {
    /// One thing happened before another.
    closed pub struct Order {
        /// The earlier one.
        pub before: Event,
        /// The later one.
        pub after: Event,
    }
}

members! {
    /// An event, named by kind and subject.
    open pub struct Event {
        /// The kind, whole or its beginning, or with a step.
        pub kind: Kind,
        /// The subject.
        pub subject: Option<String>,
    }
}

members! {
    /// A text says so.
    closed pub struct Said {
        /// The text.
        pub cited: Place,
        /// The organisation or role that is said to have said it.
        pub by: Option<String>,
        /// When it is said to have been said.
        pub at: Option<When>,
        /// The words that are said to stand there.
        pub quotation: Option<String>,
    }
}

members! {
    /// Where a public text stands.
    open pub struct Place {
        /// Its address.
        pub url: String,
        /// The number of the item at that address.
        pub item: Option<u64>,
    }
}

members! {
    /// An opinion of somebody or something.
    closed pub struct Characterises {
        /// Of whom or what.
        pub subject: String,
        /// The words used.
        pub words: String,
    }
}

members! {
    /// A claim as it is written: what every claim has, and the assertion's members in `extra`.
    open struct Written {
        pub origin: Origin,
        pub text: Option<String>,
        pub span: Option<[u64; 2]>,
        pub strength: Option<Strength>,
        pub qualifier: Option<Qualifier>,
        pub scope: Option<String>,
        pub condition: Option<String>,
    }
}

impl Place {
    /// Returns the place in words, unescaped: `comment 36 of bug 1910322` where the address is one
    /// of a tracker's bugs, else the address and the item.
    pub fn words(&self) -> String {
        let page = self.url.split_once('#').map_or(self.url.as_str(), |(page, _)| page);
        match (page.split_once("show_bug.cgi?id="), self.item) {
            (Some((_, bug)), Some(item)) => format!("comment {item} of bug {bug}"),
            (Some((_, bug)), None) => format!("bug {bug}"),
            (None, Some(item)) => format!("item {item} of {}", self.url),
            (None, None) => self.url.clone(),
        }
    }
}

impl TryFrom<Written> for Claim {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut extra = written.extra;
        let members = extra.iter().map(|(name, value)| (name.clone().into(), value.clone()));
        let assertion: Assertion = Value::Map(members.collect())
            .deserialized()
            .map_err(|ciborium::value::Error::Custom(message)| message)?;
        let known = assertion.members();
        extra.retain(|name, _| name != "says" && known.iter().all(|member| member.name != name));
        Ok(Self {
            assertion,
            origin: written.origin,
            text: written.text,
            span: written.span,
            strength: written.strength.unwrap_or(Strength::Firm),
            qualifier: written.qualifier,
            scope: written.scope,
            condition: written.condition,
            extra,
        })
    }
}

impl Known for Claim {
    fn misfit(value: &Value, at: &str) -> Option<Misfit> {
        Written::misfit(value, at)
            .or_else(|| members::member_misfit::<Says>(value, "says", true, at))
            .or_else(|| Assertion::misfit(value, at))
    }

    fn unknown(&self, at: &str, found: &mut Vec<Unknown>) {
        self.assertion.unknown(at, found);
        let known = [Written::MEMBERS, self.assertion.members()].concat();
        members::strays(&self.extra, &known, at, found);
    }
}

impl Assertion {
    /// Returns the assertion in plain words, of any length and unescaped.
    pub fn summary(&self) -> String {
        let named = |kind: &Kind, subject: &Option<String>| {
            let subject = subject.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            format!("{}{subject}", kind.as_str().replace(['.', '_'], " "))
        };
        match self {
            Self::Occurred(a) => format!("{} occurred {}", named(&a.kind, &a.subject), a.when),
            Self::Absent(a) => {
                let period = tail(" in ", a.period.as_ref());
                format!("no {}{period}", named(&a.kind, &a.subject))
            }
            Self::Status(a) => {
                format!("{} is {}{}", a.item, a.status, tail(" as of ", a.as_of.as_ref()))
            }
            Self::AllComplete(a) if a.items.is_empty() => "all items are complete".to_owned(),
            Self::AllComplete(a) => format!("{} are all complete", a.items.join(", ")),
            Self::Count(a) => format!("{}: {} {}", a.metric, a.value, a.unit),
            Self::Value(a) => format!("{} of {} is {}", a.attribute, a.subject, a.value),
            Self::Will(a) => {
                let due = tail(" by ", a.due.as_ref());
                format!("{} will follow{due}", named(&a.what, &a.subject))
            }
            Self::WillNot(a) => {
                let period = tail(" in ", a.period.as_ref());
                format!("no {} will follow{period}", named(&a.what, &a.subject))
            }
            Self::Answered(a) => format!("{} was answered", a.question),
            Self::Order(a) => format!(
                "{} came before {}",
                named(&a.before.kind, &a.before.subject),
                named(&a.after.kind, &a.after.subject)
            ),
            Self::Said(a) => {
                let by = tail(" by ", a.by.as_ref());
                let written = match (&a.by, &a.at) {
                    (_, Some(at)) => format!(" was written{by}, {at}"),
                    (Some(_), None) => format!(" was written{by}"),
                    (None, None) => " is cited".to_owned(),
                };
                let quotation = a.quotation.as_ref().map(|words| format!("\"{words}\""));
                format!("{}{written}{}", a.cited.words(), tail("; it says ", quotation.as_ref()))
            }
            Self::Characterises(a) => format!("calls {}: {}", a.subject, a.words),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_firm(strength: &Strength) -> bool {
    *strength == Strength::Firm
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Claim;

    fn summary(mut claim: Json) -> String {
        claim["origin"] = "annotated".into();
        serde_json::from_value::<Claim>(claim).unwrap().assertion.summary()
    }

    #[test]
    fn a_citation_is_told_as_what_is_said_of_the_text_cited() {
        let said = |more: Json| {
            let url = "https://bugzilla.mozilla.org/show_bug.cgi?id=1910322";
            let mut claim = json!({ "says": "said", "cited": { "url": url, "item": 36 } });
            let members = more.as_object().unwrap().clone();
            claim.as_object_mut().unwrap().extend(members);
            summary(claim)
        };
        let place = "comment 36 of bug 1910322";
        for (more, words) in [
            (json!({}), "is cited"),
            (json!({ "by": "X" }), "was written by X"),
            (json!({ "by": "X", "at": "2024-10-04" }), "was written by X, 2024-10-04"),
            (json!({ "at": "2024-10-04" }), "was written, 2024-10-04"),
            (json!({ "quotation": "no" }), "is cited; it says \"no\""),
        ] {
            assert_eq!(said(more), format!("{place} {words}"));
        }
    }

    #[test]
    fn what_is_to_come_is_told_without_the_names_of_kinds() {
        let promise =
            json!({ "says": "will_not", "what": "legal.instrument", "subject": "letters" });
        assert_eq!(summary(promise), "no legal instrument (letters) will follow");
        let promise = json!({ "says": "will", "what": "revocation.completed",
                              "due": "2024-08-03" });
        assert_eq!(summary(promise), "revocation completed will follow by 2024-08-03");
    }
}

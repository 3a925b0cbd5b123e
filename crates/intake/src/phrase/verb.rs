//! Verbs, and what they are about.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::moment::token::Token;

/// What verbs are about, as kinds of the vocabulary name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Certificates are revoked.
    Revoke,
    /// Something is said in public.
    Publish,
    /// Something is done, as an action item would be.
    Act,
    /// Subscribers or others are told.
    Notify,
    /// Issuance stops.
    Stop,
    /// Issuance is resumed.
    Resume,
    /// Work goes on, which is no result.
    Ongoing,
}

/// The forms of the verbs, separated by spaces.
const VERBS: &[(Deed, &str)] = &[
    (Deed::Revoke, "revoke revoked revokes revoking revocation revocations"),
    (
        Deed::Publish,
        "provide provided providing post posted posting publish published publishing release \
         released releasing submit submitted submitting file filed filing share shared sharing \
         disclose disclosed disclosing supply supplied update updated report follow deliver \
         delivered present presented upload uploaded respond reply available answer explain",
    ),
    (Deed::Notify, "notify notified inform informed contact contacted"),
    (Deed::Stop, "stop stopped cease ceased halt halted suspend suspended"),
    (Deed::Resume, "resume resumed restart restarted"),
    (
        Deed::Act,
        "complete completed implement implemented deploy deployed fix fixed resolve resolved \
         remediate remediated replace replaced reissue reissued add added introduce introduced \
         train trained conduct conducted perform performed finalize finalized finalise finalised \
         finish finished develop developed correct corrected change changed modify modified enable \
         enabled disable disabled install installed upgrade upgraded migrate migrated automate \
         automated extend extended remove removed build built create created establish \
         established make ready execute executed roll rolled patch patched restore restored",
    ),
    (
        Deed::Ongoing,
        "continue investigate investigating monitor monitoring work working look looking track \
         keep ensure remain review consider evaluate discuss",
    ),
];

/// Returns what the verb `token` is about.
pub(super) fn deed(token: &Token<'_>) -> Option<Deed> {
    static INDEX: OnceLock<BTreeMap<&'static str, Deed>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let forms = |(deed, forms): &(Deed, &'static str)| {
            forms.split(' ').map(|form| (form, *deed)).collect::<Vec<_>>()
        };
        VERBS.iter().flat_map(forms).collect()
    });
    // No form is longer, so that a long word costs nothing.
    if token.text.len() > 16 {
        return None;
    }
    index.get(token.text.to_ascii_lowercase().as_str()).copied()
}

/// Returns whether a word names a document of policy, which is published as one.
pub(super) fn is_document(token: &Token<'_>) -> bool {
    matches!(token.text, "CPS" | "CP" | "TSPS")
        || token.is_any(&["procedure", "procedures", "handbook"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_belongs_to_one_verb_and_is_short() {
        let mut forms: Vec<&str> = VERBS.iter().flat_map(|(_, forms)| forms.split(' ')).collect();
        let count = forms.len();
        forms.sort_unstable();
        forms.dedup();
        assert_eq!(forms.len(), count);
        assert!(forms.iter().all(|form| !form.is_empty() && form.len() <= 16));
    }
}

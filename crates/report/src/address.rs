//! Addresses that a ledger or a statement names: hostile until they are plain.

/// The longest address that becomes a link, in bytes: as long as the format lets a citation be.
pub(crate) const LINK_MAX: usize = 2048;
/// The site whose comments have anchors that we know.
pub(crate) const BUGZILLA: &str = "https://bugzilla.mozilla.org/show_bug.cgi?id=";

/// Returns the address of a comment where the site is known to have one, else of its page.
pub(crate) fn at_item(url: &str, item: Option<u64>) -> String {
    let bug = url.strip_prefix(BUGZILLA);
    match item.filter(|_| bug.is_some_and(|bug| bug.bytes().all(|b| b.is_ascii_digit()))) {
        Some(item) => format!("{url}#c{item}"),
        None => url.to_owned(),
    }
}

/// Returns whether an address is of the web, in plain characters, and names its host first: what
/// stands before an `@` could pass for one.
pub(crate) fn is_plain(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest.filter(|_| url.len() <= LINK_MAX) else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty()
        && !host.contains(['@', '\\'])
        && rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b))
}

//! How long to wait before a server that is busy is asked again.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The first wait where the server names none; each later one is twice as long.
const FIRST: Duration = Duration::from_secs(1);

/// A date of HTTP (RFC 9110, section 5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
const DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// Returns how long to wait: as the header `Retry-After` says, in seconds or with a date, else
/// longer with each wait there was before. An unreadable header counts as none.
pub(crate) fn wait(retry_after: Option<&str>, now: OffsetDateTime, before: u32) -> Duration {
    let asked = retry_after.and_then(|header| {
        let header = header.trim();
        if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than a number holds: longer than anybody waits.
            return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
        }
        let date = time::PrimitiveDateTime::parse(header, DATE).ok()?.assume_utc();
        Some(Duration::try_from(date - now).unwrap_or(Duration::ZERO))
    });
    asked.unwrap_or_else(|| FIRST.saturating_mul(2_u32.saturating_pow(before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_given_the_time_that_it_asks_for() {
        let now = time::macros::datetime!(2026-01-31 12:00:00 UTC);
        for (header, before, seconds) in [
            (Some("0"), 0, 0),
            (Some(" 7 "), 3, 7),
            (Some("Sat, 31 Jan 2026 12:00:30 GMT"), 0, 30),
            (Some("Sat, 31 Jan 2026 11:00:00 GMT"), 0, 0),
            (Some("99999999999999999999999"), 0, u64::MAX),
            (Some("soon"), 2, 4),
            (Some("-5"), 0, 1),
            (Some(""), 1, 2),
            (None, 0, 1),
            (None, 3, 8),
            (None, 200, 4_294_967_295),
        ] {
            let expected = Duration::from_secs(seconds);
            assert_eq!(wait(header, now, before), expected, "{header:?}, {before}");
        }
    }
}

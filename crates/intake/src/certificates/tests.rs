use super::*;

const GUIDELINES: &str = "Precertificate SHA-256 hash,Certificate SHA-256 hash,Subject,Issuer,\
                          Not before,Not after,Serial #,dNSNames,Is revoked?,Revocation date,\
                          Revocation reason";

/// A fingerprint of nothing.
fn hash(number: u8) -> String {
    Hash([number; 32]).to_string()
}

/// A row by the guidelines.
fn row(number: u8, revoked: &str) -> String {
    let (pre, hash) = (hash(number + 100), hash(number));
    format!(
        "{pre},{hash},CN=a{number}.example,\"CN=Example CA, C=XX\",2024-06-01T00:00:00Z,\
         2025-06-01T00:00:00Z,0A{number:02},a{number}.example,{revoked}"
    )
}

#[test]
fn a_list_by_the_guidelines_is_read_whole() {
    let first = row(1, "Yes,2024-08-01T10:00:00Z,superseded");
    let second = row(2, "Yes,2024-08-03,superseded");
    let third = row(3, "N/A,N/A,N/A");
    let text = format!("\u{feff}{GUIDELINES}\r\n{first}\r\n{second}\r\n\r\n{third}\r\n");
    let list = read(&text);
    assert!(list.is_by_guidelines() && list.is_whole(), "{:?}", list.unread);
    assert_eq!(list.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 5]);
    let one = &list.rows[0];
    assert_eq!(one.identity.as_ref().unwrap().value, Identity::Fingerprint(Hash([1; 32])));
    assert_eq!(one.serial, Some(Identity::Serial("a01".into(), "cn=example ca, c=xx".into())));
    assert_eq!(&text[one.span[0]..one.span[1]], first);
    let revoked = one.revocation.as_ref().unwrap();
    assert_eq!(&text[revoked.span[0]..revoked.span[1]], "2024-08-01T10:00:00Z");
    assert_eq!(list.rows[2].revoked.as_ref().unwrap().value, Revoked::Expired);
    assert_eq!(list.rows[2].reason, None);
    let [from, to] = list.revoked_between().unwrap();
    assert_eq!(from.value.to_string(), "2024-08-01 10:00:00 UTC");
    assert_eq!(to.value.to_string(), "2024-08-03");
    assert_eq!(list.expire_between().unwrap()[1].value.to_string(), "2025-06-01 00:00:00 UTC");
    let counts = count([&list]);
    assert_eq!((counts.rows, counts.certificates, counts.serials), (3, 3, Some(3)));
}

#[test]
fn the_dress_of_a_list_does_not_matter() {
    for text in [
        format!("SHA-256 Fingerprint;Subject CN;Revoked At\n{};x;2024-08-01\n", hash(1)),
        format!("Subject\tcrt.sh URL\nx\thttps://crt.sh/?sha256={}\n", hash(1)),
        format!("Affected certificates\n\nName,sha256\nx,{}\n", hash(1).to_uppercase()),
        format!("fingerprint\n{}\n", hash(1)),
        format!("https://crt.sh/?sha256={}\n", hash(1)),
        format!("1,https://crt.sh/?sha256={},x\n", hash(1)),
        format!("x | SHA256 | z\n|---|---|---|\n1 | {} | z", hash(1)),
    ] {
        let list = read(&text);
        let identities: Vec<_> =
            list.rows.iter().filter_map(|row| row.identity.as_ref()).map(|i| &i.value).collect();
        assert_eq!(identities, [&Identity::Fingerprint(Hash([1; 32]))], "{text}");
        for row in &list.rows {
            assert!(text.get(row.span[0]..row.span[1]).is_some_and(|words| !words.is_empty()));
        }
    }
}

#[test]
fn what_is_not_understood_is_listed_with_line_and_column() {
    let good = row(1, "Yes,2024-08-01,superseded");
    let cases = [
        (good.replace(&hash(1), &hash(1)[..40]), Some(2), "a SHA-1 fingerprint, not SHA-256"),
        (good.replace("0A01", "1.02E+36"), Some(7), "a serial number that a spreadsheet rounded"),
        (good.replace("2024-06-01T00:00:00Z", "soon"), Some(5), "no time"),
        (good.replace(",Yes,", ",Perhaps,"), Some(9), "not whether it is revoked"),
        (format!("{good},extra,more"), Some(12), "more cells than columns"),
        ("total: 3".to_owned(), Some(1), "no SHA-256 fingerprint"),
        (hash(3), None, "fewer cells than columns"),
        (",,x,,,,,,,,".to_owned(), None, "no certificate is named"),
        ("\"x".to_owned(), None, "a quote that is not closed"),
    ];
    for (bad, column, why) in cases {
        let text = format!("{GUIDELINES}\n{}\n{bad}\n", row(9, "No,,"));
        let list = read(&text);
        let unread = &list.unread[0];
        assert_eq!((unread.line, unread.column, unread.why), (3, column, why), "{bad}");
        assert!(!text[unread.span[0]..unread.span[1]].is_empty(), "{bad}");
        assert!(!list.is_whole());
    }
}

#[test]
fn a_row_before_the_names_of_the_columns_is_listed() {
    let list = read(&format!("Affected certificates,July\n\nSubject,SHA-256\nx,{}\n", hash(1)));
    assert_eq!(list.unread.len(), 1);
    assert_eq!((list.unread[0].line, list.unread_count, list.rows.len()), (1, 1, 1));
}

#[test]
fn what_is_beyond_the_limits_is_listed() {
    let line = format!("{}\n", hash(1));
    let list = read(&line.repeat(ROWS_MAX + 1));
    assert_eq!((list.rows.len(), list.lost), (ROWS_MAX, 1));
    assert_eq!(list.unread[0].line, ROWS_MAX + 1);
    let many = read(&"x\n".repeat(UNREAD_MAX + 5));
    assert_eq!((many.unread.len(), many.unread_count), (UNREAD_MAX, UNREAD_MAX + 5));
}

#[test]
fn a_certificate_listed_twice_is_told_with_both_rows() {
    let text = format!("{GUIDELINES}\n{0}\n{1}\n{0}\n", row(1, "Yes,,"), row(2, "Yes,,"));
    let list = read(&text);
    let lines: Vec<_> = list.repeated().iter().map(|(a, b)| (a.line, b.line)).collect();
    assert_eq!(lines, [(2, 4)]);
    assert_eq!((count([&list]).rows, count([&list]).certificates), (3, 2));
}

#[test]
fn lists_are_counted_in_every_way_in_which_people_count() {
    let listed = |number: u8, precertificate: &str| {
        format!("{},0{},Example CA,{precertificate}\n", hash(number), number / 2)
    };
    let head = "SHA-256,Serial,Issuer,Precertificate\n";
    let text = format!("{head}{}{}{}", listed(2, "yes"), listed(3, "no"), listed(4, "no"));
    let list = read(&text);
    let counts = count([&list]);
    assert_eq!((counts.rows, counts.certificates, counts.finals), (3, 3, 2));
    assert_eq!(counts.serials, Some(2));
    for (number, may) in [(3, true), (2, true), (1, false), (4, false)] {
        assert_eq!(counts.may_be(number), may, "{number}");
    }
    let again = count([&list, &list]);
    assert_eq!((again.rows, again.certificates), (6, 3));
    // A row without a certificate leaves the number open, and a lost one leaves it open upwards.
    let unclear = count([&read(&format!("{text},,,\nx,,,\n"))]);
    assert_eq!((unclear.unidentified, unclear.may_be(4), unclear.may_be(5)), (1, true, false));
    let partial = count([&read(&format!("{text}\"x\n"))]);
    assert_eq!((partial.may_be(1), partial.may_be(400)), (false, true));
}

#[test]
fn addresses_in_the_parts_of_a_report_are_read() {
    let text = format!(
        "See https://crt.sh/?id=1.\n\n### Appendix\n\n#### Details of affected certificates\n\n\
         - [https://crt.sh/?id=7](https://crt.sh/?id=7)\n- https://crt.sh/?sha256={}\n\n\
         | https://crt.sh/?id=8 | x |\n",
        hash(1)
    );
    let list = in_report(&text, &crate::report::read(&text));
    let found: Vec<_> = list.rows.iter().map(|r| (r.line, &text[r.span[0]..r.span[1]])).collect();
    let by_hash = format!("https://crt.sh/?sha256={}", hash(1));
    let expected =
        [(7, "crt.sh/?id=7"), (8, by_hash.strip_prefix("https://").unwrap()), (10, "crt.sh/?id=8")];
    assert_eq!(found, expected);
}

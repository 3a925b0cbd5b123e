use super::*;

fn setting() -> Setting {
    let published = Some("2025-02-03T22:00:00Z".parse().unwrap());
    Setting { published, ..Setting::default() }
}

/// What is found in `text`, each as the ledger writes it, with its zone.
fn found(text: &str) -> Vec<String> {
    let show = |result: &Result<Moment, Unclear>| match result {
        Ok(moment) => {
            let zone = moment.when.zone().unwrap_or("?");
            format!("{} {zone}{}", moment.when.at(), if moment.about { " ~" } else { "" })
        }
        Err(unclear) => unclear.why.to_owned(),
    };
    find(text, &setting()).iter().map(show).collect()
}

#[test]
fn dates_are_read_in_every_form() {
    for text in [
        "2024-08-03",
        "2024/08/03",
        "2024.08.03",
        "2024-8-3",
        "2024 08 03",
        "20240803",
        "August 3, 2024",
        "August 3rd, 2024",
        "August 3rd 2024",
        "August 3. 2024",
        "Aug 3 2024",
        "Aug. 3, 2024",
        "August3, 2024",
        "3 August 2024",
        "3rd of August 2024",
        "the 3rd of August, 2024",
        "3-Aug-2024",
        "03-August-2024",
        "2024-Aug-03",
        "3. August 2024",
        "03.08.2024",
        "3.8.2024",
        "Saturday, August 3rd 2024",
        "Sat 3 Aug 2024",
        "Saturday the 3rd of August 2024",
        "2024-08-03 (Saturday)",
        "**2024-08-03**:",
    ] {
        assert_eq!(found(text), ["2024-08-03 ?"], "{text}");
    }
}

#[test]
fn times_of_day_and_zones_are_read_in_every_form() {
    for (text, expected) in [
        ("2024-08-03 20:47 UTC", "2024-08-03T20:47 Z"),
        ("2024-08-03T20:47:12Z", "2024-08-03T20:47:12 Z"),
        ("2024-08-03T20:47:12-07:00", "2024-08-03T20:47:12 -07:00"),
        ("2024-08-03, 20:47 (UTC)", "2024-08-03T20:47 Z"),
        ("2024-08-03 – 20:47 UTC", "2024-08-03T20:47 Z"),
        ("2024-08-03 at ~8:47 PM UTC", "2024-08-03T20:47 Z ~"),
        ("2024 08 03 at 8:47 p.m. UTC", "2024-08-03T20:47 Z"),
        ("20:47 UTC on August 3, 2024", "2024-08-03T20:47 Z"),
        ("20:47 (UTC+8), 3 August 2024", "2024-08-03T20:47 +08:00"),
        ("2024-08-03 20:47 UTC+08:00", "2024-08-03T20:47 +08:00"),
        ("2024-08-03 20:47 GMT-5", "2024-08-03T20:47 -05:00"),
        ("2024-08-03 20:47 +0530", "2024-08-03T20:47 +05:30"),
        ("2024-08-03 2047 UTC", "2024-08-03T20:47 Z"),
        ("2024-08-03 20:47:12.345 UTC", "2024-08-03T20:47:12 Z"),
        ("2024-08-03 20:47", "2024-08-03T20:47 ?"),
        ("20240803, 20:47", "2024-08-03T20:47 ?"),
        ("2024-08-03 12:05 AM UTC", "2024-08-03T00:05 Z"),
        ("2024-08-03 12 pm UTC", "2024-08-03T12:00 Z"),
        ("2024-08-03 24:00 UTC", "2024-08-04T00:00 Z"),
        ("2024-08-03 20h47 UTC", "2024-08-03T20:47 Z"),
        ("2024-01-15 10:00 CET", "2024-01-15T10:00 +01:00"),
        ("2024-08-03 10:00 CEST", "2024-08-03T10:00 +02:00"),
        ("2024-08-03 10:00 CET", "2024-08-03T10:00/2024-08-03T11:00 +02:00"),
        ("2024-08-03 23:30 PST", "2024-08-03T23:30/2024-08-04T00:30 -07:00"),
        ("2024-08-03 10:00 CST", "2024-08-03T10:00 ?"),
        ("2024-08-03 UTC", "2024-08-03 Z"),
    ] {
        assert_eq!(found(text), [expected], "{text}");
    }
}

#[test]
fn the_name_of_a_standard_time_covers_both_readings_in_summer() {
    let all = find("2024-08-03 10:00 CET", &setting());
    let got = all[0].as_ref().unwrap().when.interval();
    for zone in ["+01:00", "+02:00"] {
        let either = When::new("2024-08-03T10:00", Some(zone), None).unwrap().interval();
        assert!(either.within(&got), "{zone}");
    }
}

#[test]
fn ranges_are_read() {
    for (text, expected) in [
        ("2024-07-30 2:10 – 12:56 UTC", "2024-07-30T02:10/2024-07-30T12:56 Z"),
        ("2024-07-30 23:10 to 01:30 UTC", "2024-07-30T23:10/2024-07-31T01:30 Z"),
        ("2024-08-03 to 2024-08-05", "2024-08-03/2024-08-05 ?"),
        ("15 September to 8 October 2023", "2023-09-15/2023-10-08 ?"),
        (
            "2025-05-12T09:23:58Z to 2025-05-12T10:13:56Z",
            "2025-05-12T09:23:58/2025-05-12T10:13:56 Z",
        ),
    ] {
        assert_eq!(found(text), [expected], "{text}");
    }
}

#[test]
fn a_date_without_a_year_is_near_the_publication() {
    // Published on 2025-02-03.
    for (text, nearest, future) in [
        ("January 30th", "2025-01-30", "2026-01-30"),
        ("December 20", "2024-12-20", "2025-12-20"),
        ("Friday, March 7", "2025-03-07", "2025-03-07"),
        ("February 2nd", "2025-02-02", "2025-02-02"),
    ] {
        for (toward, expected) in [(Toward::Nearest, nearest), (Toward::Future, future)] {
            let setting = Setting { toward, ..setting() };
            let all = find(text, &setting);
            assert_eq!(all[0].as_ref().unwrap().when.at(), expected, "{text}");
        }
    }
    let all = find("January 30th", &Setting::default());
    assert_eq!(all[0].as_ref().unwrap_err().why, "a date without a year");
}

#[test]
fn what_may_mean_two_dates_or_none_is_not_told() {
    for (text, why) in [
        ("03/04/2024", "day and month may be either way round"),
        ("3-1-2023", "day and month may be either way round"),
        ("2025-02-30", "that date does not exist"),
        ("November 31, 2024", "that date does not exist"),
    ] {
        assert_eq!(found(text), [why], "{text}");
    }
    assert_eq!(found("25/04/2024"), ["2024-04-25 ?"]);
    assert_eq!(found("04/25/2024"), ["2024-04-25 ?"]);
    assert_eq!(found("04/04/2024"), ["2024-04-04 ?"]);
}

#[test]
fn numbers_that_are_no_times_are_left_alone() {
    for text in [
        "Section 4.9.1.1",
        "version 2.0.1",
        "bug 1910805",
        "2.16.840.1",
        "RFC 5280",
        "10:30",
        "at 12",
        "https://crt.sh/?id=20240803123",
        "BR 7.1.2.11.3",
        "REQ-7.11.2-04X",
        "24 hours",
        "1.2.2024.5",
        "you may 3 times",
        "a ratio of 3:45",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_time_of_day_takes_its_date_from_the_setting() {
    let day = Date::from_calendar_date(2024, Month::July, 30).ok();
    let zone = Zone::Presumed("Z".to_owned(), "ccadb.timeline_utc".parse().unwrap());
    let setting = Setting { zone, day, ..Setting::default() };
    let all = find("- 11:33 notice received", &setting);
    let moment = all[0].as_ref().unwrap();
    assert_eq!(moment.when.to_string(), "2024-07-30 11:33 (zone presumed UTC)");
    assert_eq!(moment.span, [2, 7]);
}

#[test]
fn a_cell_may_name_a_stretch_of_the_calendar() {
    for (text, expected) in [
        ("Q3 2025", "2025-07/2025-09"),
        ("2025-Q4", "2025-10/2025-12"),
        ("H1/2025", "2025-01/2025-06"),
        ("June 2025", "2025-06"),
        ("2025-06", "2025-06"),
        ("end of 2025", "2025"),
        ("2025-06-30 (moved)", "2025-06-30"),
    ] {
        let moment = first(text, &Setting::default()).unwrap().unwrap();
        assert_eq!(moment.when.at(), expected, "{text}");
    }
    assert_eq!(first("Done", &Setting::default()), None);
    assert_eq!(first("N/A", &Setting::default()), None);
}

#[test]
fn a_day_of_the_week_that_does_not_fit_is_told() {
    let all = find("Saturday March 17, 2025", &setting());
    assert!(all[0].as_ref().unwrap().weekday_differs);
    let all = find("Monday March 17, 2025", &setting());
    assert!(!all[0].as_ref().unwrap().weekday_differs);
}

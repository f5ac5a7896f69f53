//! Dates and times of HTTP and of S3.

use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;

/// Formats a time as `20130524T000000Z`.
pub(super) fn basic(time: SystemTime) -> String {
    // Clocks before 1970 are wrong, and their signatures refused.
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3_600, seconds % 3_600 / 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Parses a date of HTTP, such as `Fri, 24 May 2013 00:00:00 GMT`.
pub(super) fn parse_http(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split(' ');
    let day = number(parts.next()?)?;
    let name = parts.next()?;
    let month = MONTHS.iter().zip(1..).find(|(month, _)| **month == name)?.1;
    let year = number(parts.next()?)?;
    let time = parts.next()?;
    (parts.eq(["GMT"])).then(|| instant(year, month, day, time))?
}

/// Parses a time of ISO 8601, such as `2013-05-24T00:00:00.000Z`.
pub(super) fn parse_iso(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let nanos = number(&format!("{fraction:0<9}")).filter(|_| fraction.len() <= 9)?;
    instant(year, month, day, time)?.checked_add(Duration::from_nanos(nanos))
}

/// The time of a day of year, month and day, and of `hour:minute:second`.
fn instant(year: u64, month: u64, day: u64, time: &str) -> Option<SystemTime> {
    let mut parts = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_valid = (1_970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let seconds = || days(year, month, day) * DAY + hour * 3_600 + minute * 60 + second;
    is_valid.then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds()))
}

fn number(digits: &str) -> Option<u64> {
    // `parse` would accept a sign.
    digits
        .parse()
        .ok()
        .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Number of days from 1970-01-01 to a date from then on. A year begins in March, so that leap days end it.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The year, the month and the day a number of days after 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // Eras of 400 years from 0000-03-01.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn known_times() {
        assert_eq!(basic(after(0)), "19700101T000000Z");
        assert_eq!(basic(after(1_369_353_600)), "20130524T000000Z");
        assert_eq!(basic(after(951_827_696)), "20000229T123456Z");
        assert_eq!(parse_http("Fri, 24 May 2013 00:00:00 GMT"), Some(after(1_369_353_600)));
        assert_eq!(parse_iso("2000-02-29T12:34:56Z"), Some(after(951_827_696)));
        let half = Duration::from_millis(500);
        assert_eq!(parse_iso("2000-02-29T12:34:56.5Z"), Some(after(951_827_696) + half));
    }

    #[test]
    fn every_day_for_four_centuries_is_a_date() {
        for day in 0..150_000 {
            let (year, month, date) = date(day);
            assert_eq!(days(year, month, date), day);
            let text = format!("{year:04}-{month:02}-{date:02}T00:00:00.000Z");
            assert_eq!(parse_iso(&text), Some(after(day * DAY)));
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "Z",
            "T",
            "2013-05-24",
            "2013-13-01T00:00:00Z",
            "2013-01-00T00:00:00Z",
            "2013-01-01T24:00:00Z",
            "1969-01-01T00:00:00Z",
            "2013-+1-01T00:00:00Z",
            "2013-01-01T00:00:00.0123456789Z",
            "2013-01-01T00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
        for text in [
            "",
            "Fri, 24 May 2013",
            "Fri, 24 May 2013 00:00:00 CET",
            "24 May 2013 00:00:00 GMT",
        ] {
            assert_eq!(parse_http(text), None, "{text}");
        }
    }
}

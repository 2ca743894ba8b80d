//! Formats lists, dates and paths for messages.

use std::path::Path;
use std::time::{Duration, SystemTime};

use pkcs8::der::DateTime;

const MOST_SHOWN: usize = 10;

/// Joins the first items of a list, and counts the rest.
pub(super) fn list(items: &[String]) -> String {
    let shown = items.iter().take(MOST_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(MOST_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(super) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// Formats a date as `2026-01-31T12:00:00Z`.
pub(super) fn date(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let whole = Duration::from_secs(since.as_secs());
    DateTime::from_unix_duration(whole)
        .map_or_else(|_| "a far date".into(), |date| date.to_string())
}

pub(super) fn shell(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+:@%".contains(char);
    if path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

//! Text of others in messages: short, on one line, and without control characters.

use std::path::Path;
use std::time::{Duration, SystemTime};

use pkcs8::der::DateTime;

/// Characters of the longest text that a message quotes of a certificate.
const LONGEST_SHOWN: usize = 200;

/// Items of the longest list that a message shows.
const MOST_SHOWN: usize = 10;

/// The text with what cannot be printed escaped, and cut off where it is too long.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for char in text.chars().take(LONGEST_SHOWN) {
        match char {
            '"' | '\'' => shown.push(char),
            _ if is_directional(char) => shown.extend(char.escape_unicode()),
            _ => shown.extend(char.escape_debug()),
        }
    }
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether a character changes the direction in which a line is read.
fn is_directional(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The first items of a list, and how many follow.
pub(super) fn list(items: &[String]) -> String {
    let shown = items.iter().take(MOST_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(MOST_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A number of things.
pub(super) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// A date as `2026-01-31T12:00:00Z`.
pub(super) fn date(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let whole = Duration::from_secs(since.as_secs());
    DateTime::from_unix_duration(whole)
        .map_or_else(|_| "a far date".into(), |date| date.to_string())
}

/// A path as a shell takes it.
pub(super) fn shell(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+:@%".contains(char);
    if path.chars().all(is_plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

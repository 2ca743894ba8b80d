//! Foreign text in messages: short, on one line, and without control characters.

/// Maximum number of characters that a message quotes.
const LONGEST_SHOWN: usize = 200;

/// Returns the text with unprintable characters escaped, cut off if it is too long.
pub fn shown(text: &str) -> String {
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

/// Returns whether a character changes the direction in which a line is read.
fn is_directional(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

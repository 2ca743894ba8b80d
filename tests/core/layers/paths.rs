//! Finds the paths in Rust source, in `use` trees and expressions. It only understands comments,
//! strings and nesting.

/// A path in a file, or a module that is declared there.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) line: usize,
    /// The module that `mod name` declares.
    pub(crate) declares: Option<String>,
    segments: Vec<String>,
    /// The inline modules that contain the path.
    inside: Vec<String>,
}

impl Use {
    /// Returns the path from the crate's root, if it refers to this crate. `module` is the file's
    /// own module.
    pub(crate) fn target(&self, module: &[&str]) -> Option<Vec<String>> {
        let supers = self.segments.iter().take_while(|segment| *segment == "super").count();
        match self.segments.first()?.as_str() {
            "crate" => Some(self.segments[1..].to_vec()),
            "super" => {
                let own = module.iter().map(|name| (*name).to_owned());
                let mut target: Vec<String> = own.chain(self.inside.iter().cloned()).collect();
                target.truncate(target.len().saturating_sub(supers));
                target.extend_from_slice(&self.segments[supers..]);
                Some(target)
            }
            _ => None,
        }
    }

    pub(crate) fn is_in(&self, module: &[&str], name: &str) -> bool {
        module.contains(&name) || self.inside.iter().any(|inside| inside == name)
    }

    pub(crate) fn mentions(&self, words: &[&str]) -> bool {
        self.segments.windows(words.len()).any(|part| part == words)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    PathSeparator,
    Other(char),
}

/// Returns all paths of a file; a single segment is a path, too.
pub(crate) fn paths(source: &str) -> Vec<Use> {
    let mut parser = Parser { tokens: tokens(source), at: 0, found: Vec::new() };
    // The enclosing inline modules, each with the depth of braces outside it.
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    while let Some(token) = parser.peek(0) {
        match token {
            Token::Word(word) if word == "mod" => {
                let line = parser.line();
                parser.at += 1;
                let Some(Token::Word(name)) = parser.peek(0).cloned() else { continue };
                parser.at += 1;
                if parser.peek(0) == Some(&Token::Other('{')) {
                    inside.push((name.clone(), depth));
                }
                let declares = Some(name);
                parser.found.push(Use { line, declares, segments: vec![], inside: vec![] });
            }
            Token::Word(_) => {
                let first = parser.found.len();
                parser.tree(&[]);
                for used in &mut parser.found[first..] {
                    used.inside = inside.iter().map(|(name, _)| name.clone()).collect();
                }
            }
            token => {
                match token {
                    Token::Other('{') => depth += 1,
                    Token::Other('}') => {
                        depth = depth.saturating_sub(1);
                        inside.retain(|(_, outside)| *outside < depth);
                    }
                    _ => {}
                }
                parser.at += 1;
            }
        }
    }
    parser.found
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    found: Vec<Use>,
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn line(&self) -> usize {
        self.tokens[self.at.min(self.tokens.len() - 1)].1
    }

    /// Parses a path and all its branches in braces.
    fn tree(&mut self, prefix: &[String]) {
        let mut segments = prefix.to_vec();
        let mut line = self.line();
        loop {
            match self.peek(0).cloned() {
                Some(Token::Word(word)) => segments.push(word),
                Some(Token::Other('*')) => segments.push("*".to_owned()),
                Some(Token::Other('{')) => return self.branches(&segments),
                _ => break,
            }
            line = self.line();
            self.at += 1;
            let goes_on = self.peek(0) == Some(&Token::PathSeparator)
                && matches!(self.peek(1), Some(Token::Word(_) | Token::Other('*' | '{')));
            if !goes_on {
                break;
            }
            self.at += 1;
        }
        self.found.push(Use { line, declares: None, segments, inside: vec![] });
    }

    fn branches(&mut self, prefix: &[String]) {
        self.at += 1;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Other('}') => {
                    self.at += 1;
                    return;
                }
                Token::Word(word) if word == "as" => self.at += 2,
                Token::Word(_) | Token::Other('*' | '{') => self.tree(prefix),
                _ => self.at += 1,
            }
        }
    }
}

/// Returns words and punctuation with their lines, without comments and literals.
fn tokens(source: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or('\n');
        let end = match char {
            '/' if next == '/' => position(&chars, at, &['\n']),
            '/' if next == '*' => block_comment(&chars, at),
            '"' => string(&chars, at),
            'r' if raw_string(&chars, at).is_some() => raw_string(&chars, at).unwrap_or(at),
            'b' if next == 'r' && raw_string(&chars, at + 1).is_some() => at + 1,
            '\'' if next == '\\' => position(&chars, at + 3, &['\'']) + 1,
            '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
            // Skip a lifetime: its name is not a path.
            '\'' => word(&chars, at + 1),
            ':' if next == ':' => {
                found.push((Token::PathSeparator, line));
                at + 2
            }
            char if char.is_alphanumeric() || char == '_' => {
                let end = word(&chars, at);
                found.push((Token::Word(chars[at..end].iter().collect()), line));
                end
            }
            char => {
                if !char.is_whitespace() {
                    found.push((Token::Other(char), line));
                }
                at + 1
            }
        };
        let end = end.min(chars.len());
        line += chars[at..end].iter().filter(|char| **char == '\n').count();
        at = end;
    }
    found
}

fn word(chars: &[char], start: usize) -> usize {
    let rest = &chars[start..];
    let length = rest.iter().position(|char| !(char.is_alphanumeric() || *char == '_'));
    start + length.unwrap_or(rest.len())
}

/// Returns the position of the next `wanted`, or the end.
fn position(chars: &[char], start: usize, wanted: &[char]) -> usize {
    let rest = chars.get(start..).unwrap_or_default();
    start + rest.windows(wanted.len()).position(|part| part == wanted).unwrap_or(rest.len())
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match &chars[at..chars.len().min(at + 2)] {
            ['/', '*'] => depth += 1,
            ['*', '/'] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Returns the end of a raw string, if one begins here.
fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|char| **char == '#').count();
    let open = start + 1 + hashes;
    (chars.get(open) == Some(&'"')).then(|| {
        let mut close = vec!['#'; hashes + 1];
        close[0] = '"';
        position(chars, open + 1, &close) + close.len()
    })
}

//! The command line: `--name value`, or `--name` alone for flags.

use std::collections::HashMap;
use std::str::FromStr;

pub struct Options(HashMap<String, Option<String>>);

impl Options {
    /// Parses the arguments. Fails on names that are not `known`.
    pub fn parse(arguments: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut arguments = arguments.peekable();
        let mut found = HashMap::new();
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").filter(|name| known.contains(name));
            let Some(name) = name else {
                return Err(format!(
                    "unknown argument {argument}: there are --{}",
                    known.join(" --")
                ));
            };
            let value = arguments.next_if(|next| !next.starts_with("--"));
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    pub fn path(&self, name: &str) -> Result<Option<&str>, String> {
        match self.0.get(name) {
            None => Ok(None),
            Some(None) => Err(format!("--{name} needs a file")),
            Some(Some(path)) => Ok(Some(path)),
        }
    }

    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.0.get(name) {
            None => Ok(default),
            Some(None) => Err(format!("--{name} needs a value")),
            Some(Some(value)) => {
                value.parse().map_err(|_| format!("--{name} cannot be {value:?}: it is a number"))
            }
        }
    }
}

//! Reads PEM from files, folders and text. Errors name the setting and the file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::format::{Format, Wanted};
use super::pem::{self, Block};
use super::text;
use crate::config::Pem;
use crate::error::{Error, ErrorKind, Result};

/// Maximum file size in bytes. A bundle of all public authorities has about 1 MB.
const LONGEST_FILE: u64 = 16 << 20;

pub(super) struct Source {
    /// The setting that it belongs to, such as `security.ca`.
    setting: &'static str,
    /// The file; `None` for text that was not converted from a file.
    path: Option<PathBuf>,
    bytes: Zeroizing<Vec<u8>>,
    pub(super) blocks: Vec<Block>,
}

impl Source {
    pub(super) fn read(setting: &'static str, pem: &Pem) -> Result<Self> {
        match pem {
            Pem::Text { text, made_of } => {
                let bytes = Zeroizing::new(text.reveal().as_bytes().to_vec());
                Ok(Self::new(setting, made_of.clone(), bytes))
            }
            Pem::Path(path) => Self::read_file(setting, path),
            Pem::Asked(_) => {
                let message = format!("{setting}: the program was not asked for its PEM");
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }

    /// Reads a file, all files of a folder in name order, or text.
    pub(super) fn read_all(setting: &'static str, pem: &Pem) -> Result<Vec<Self>> {
        match pem {
            Pem::Path(path) if path.is_dir() => Self::read_folder(setting, path),
            _ => Ok(vec![Self::read(setting, pem)?]),
        }
    }

    /// Skips unreadable files if others are readable, because private keys may be next to the
    /// certificates.
    fn read_folder(setting: &'static str, path: &Path) -> Result<Vec<Self>> {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|error| unreadable(setting, path, &error))?;
        let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        let (mut sources, mut first_error) = (Vec::new(), None);
        for path in paths.into_iter().filter(|path| path.is_file()) {
            match Self::read_file(setting, &path) {
                Ok(source) => sources.push(source),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if sources.is_empty() => Err(error),
            _ => Ok(sources),
        }
    }

    fn read_file(setting: &'static str, path: &Path) -> Result<Self> {
        let bytes = read_limited(path).map_err(|error| unreadable(setting, path, &error))?;
        Ok(Self::new(setting, Some(path.to_owned()), bytes))
    }

    fn new(setting: &'static str, path: Option<PathBuf>, bytes: Zeroizing<Vec<u8>>) -> Self {
        let blocks = pem::blocks(&bytes);
        Self { setting, path, bytes, blocks }
    }

    pub(super) fn contents(
        &self,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(&Block, &[u8])>> {
        let wanted = self.blocks.iter().filter(|block| is_wanted(&block.label));
        wanted.map(|block| Ok((block, self.content(block)?))).collect()
    }

    pub(super) fn content<'a>(&self, block: &'a Block) -> Result<&'a [u8]> {
        let content = block.content.as_ref().map(|content| content.as_slice());
        content.ok_or_else(|| self.malformed(block, "is cut off or is not base64"))
    }

    /// Returns an error that names a malformed block, its line and its position.
    pub(super) fn malformed(&self, block: &Block, how: &str) -> Error {
        let Block { label, line, .. } = block;
        let number =
            self.blocks.iter().take_while(|other| !std::ptr::eq(*other, block)).count() + 1;
        let all = self.blocks.len();
        self.error(&format!(
            "has a malformed block: the {label} in line {line} (block {number} of {all}) {how}; \
             copy it anew"
        ))
    }

    /// Explains why nothing wanted was found, and how to convert the file.
    pub(super) fn useless(&self, wanted: Wanted, missing: &str) -> Error {
        let is_pkcs7 = self.blocks.iter().any(|block| block.label == "PKCS7");
        let format = if is_pkcs7 { Format::Pkcs7Pem } else { Format::of(&self.bytes) };
        let mut labels: Vec<_> = self.blocks.iter().map(|block| block.label.clone()).collect();
        labels.dedup();
        match format.command(wanted, &self.shell_name()) {
            Some(command) => self.error(&format!("{}; convert it: {command}", format.describe())),
            None if labels.is_empty() => {
                self.error(&format!("{}; a {missing} is needed", format.describe()))
            }
            None => self.error(&format!("has no {missing}; it has: {}", text::list(&labels))),
        }
    }

    /// Returns an error that names the setting and the file. `text` is the predicate, such as "has
    /// no private key".
    pub(super) fn error(&self, text: &str) -> Error {
        let place = match &self.path {
            Some(path) => format!("the file \"{}\"", path.display()),
            None => "the text".to_owned(),
        };
        Error::new(ErrorKind::Config, format!("{}: {place} {text}", self.setting))
    }

    pub(super) fn shell_name(&self) -> String {
        self.path.as_deref().map_or_else(|| "FILE".to_owned(), text::shell)
    }
}

fn unreadable(setting: &str, path: &Path, error: &io::Error) -> Error {
    let message = format!("{setting}: \"{}\" cannot be read: {error}", path.display());
    Error::new(ErrorKind::Config, message)
}

fn read_limited(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    // Allocate once: growing the buffer would leave copies of a key in freed memory.
    let length = file.metadata()?.len().min(LONGEST_FILE) as usize;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

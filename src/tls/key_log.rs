//! Writes session keys to a file, for tools that decrypt captured traffic.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustls::KeyLog;
use zeroize::Zeroizing;

/// Appends session keys to a file. Each line is a single write, so processes may share the file.
#[derive(Debug)]
pub(super) struct KeyLogFile(File);

impl KeyLogFile {
    /// Opens the file. If it is missing, creates it with mode 0600.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(Self)
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let length = label.len() + 2 * (client_random.len() + secret.len()) + 3;
        let mut line = Zeroizing::new(String::with_capacity(length));
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            for byte in bytes {
                // Writing to a string cannot fail.
                let _ = write!(line, "{byte:02x}");
            }
        }
        line.push('\n');
        // A full disk must not close the connection.
        let _ = (&self.0).write_all(line.as_bytes());
    }
}

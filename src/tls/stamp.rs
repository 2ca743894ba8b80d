//! Detects changed certificate, key and password files from their metadata.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::{Password, Pem, Tls, Trust};

/// Metadata of all files of a TLS configuration, to compare with an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<FileStamp>)>);

/// Replacing a file changes its inode; writing to it changes length or time. Symbolic links are
/// followed, because Kubernetes replaces one in the middle of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Reads the metadata of the files; blocks. A missing file has an entry, too.
    pub fn of(settings: &Tls) -> Self {
        let mut stamps = Vec::new();
        for path in paths(settings) {
            if path.is_dir() {
                let entries = fs::read_dir(path).into_iter().flatten().flatten();
                stamps.extend(entries.map(|entry| stamped(entry.path())));
            }
            stamps.push(stamped(path.to_owned()));
        }
        stamps.sort_by(|one, other| one.0.cmp(&other.0));
        Self(stamps)
    }

    pub fn has_files(settings: &Tls) -> bool {
        paths(settings).next().is_some()
    }
}

fn stamped(path: PathBuf) -> (PathBuf, Option<FileStamp>) {
    let stamp = fs::metadata(&path).ok().map(|found| FileStamp {
        device: found.dev(),
        inode: found.ino(),
        length: found.len(),
        modified: (found.mtime(), found.mtime_nsec()),
    });
    (path, stamp)
}

fn paths(settings: &Tls) -> impl Iterator<Item = &Path> {
    let trust = match &settings.trust {
        Trust::Only(pem) => Some(pem),
        Trust::System => None,
    };
    let identity = settings.identity.as_ref();
    let pem = trust.into_iter();
    let pem = pem.chain(identity.map(|identity| &identity.certificate));
    let pem = pem.chain(identity.and_then(|identity| identity.key.as_ref()));
    let password = identity.and_then(|identity| identity.key_password.as_ref());
    let password = password.and_then(|password| match password {
        Password::File(path) => Some(path.as_path()),
        Password::Text(_) | Password::Asked => None,
    });
    pem.filter_map(Pem::path).chain(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Identity;
    use crate::tls::tests::Folder;

    fn settings(folder: &Folder) -> Tls {
        Tls {
            trust: Trust::Only(Pem::Path(folder.0.join("authorities"))),
            identity: Some(Identity {
                certificate: Pem::Path(folder.write("client.pem", b"certificate")),
                key: Some(Pem::Path(folder.write("client.key", b"key"))),
                key_password: Some(Password::File(folder.write("password", b"secret"))),
            }),
            ..Tls::default()
        }
    }

    #[test]
    fn every_change_is_noticed() {
        let folder = Folder::new("stamp");
        let settings = settings(&folder);
        fs::create_dir(folder.0.join("authorities")).expect("a folder");
        let mut last = Stamp::of(&settings);
        assert_eq!(Stamp::of(&settings), last);
        let replace = || {
            let path = folder.write("next", b"certificate");
            fs::rename(path, folder.0.join("client.pem")).expect("it is replaced");
        };
        let changes: [&dyn Fn(); 6] = [
            &replace,
            &|| drop(folder.write("client.key", b"another key")),
            &|| drop(folder.write("password", b"another secret")),
            &|| drop(folder.write("authorities/one.pem", b"one")),
            &|| fs::remove_file(folder.0.join("authorities/one.pem")).expect("it was there"),
            &|| fs::remove_file(folder.0.join("client.key")).expect("it was there"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            change();
            let now = Stamp::of(&settings);
            assert_ne!(now, last, "change {number}");
            last = now;
        }
    }

    #[test]
    fn a_file_that_the_program_converts_is_watched() {
        let folder = Folder::new("converted");
        let store = folder.write("trust.p12", b"store");
        let trust = Trust::Only(Pem::Asked(Some(store.clone())));
        let settings = Tls { trust, ..Tls::default() };
        assert!(Stamp::has_files(&settings));
        let before = Stamp::of(&settings);
        fs::write(store, b"another store").expect("it was there");
        assert_ne!(Stamp::of(&settings), before);
    }

    #[test]
    fn text_does_not_change() {
        let text = || Pem::text("certificate".to_owned());
        let identity = Identity { certificate: text(), key: None, key_password: None };
        let settings =
            Tls { trust: Trust::Only(text()), identity: Some(identity), ..Tls::default() };
        assert!(!Stamp::has_files(&settings));
        assert_eq!(Stamp::of(&settings), Stamp::default());
        assert!(Stamp::has_files(&self::settings(&Folder::new("files"))));
    }
}

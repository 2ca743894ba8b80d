//! Reads passwords from the settings, from a file, or from the program that uses the client.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::program::{PasswordOf, Program, ProgramRequest, ask};
use crate::config::{Password, Secret};
use crate::error::{Error, ErrorKind, Result};

/// Reads a password. An error names the password and the reason, and never shows any part of it.
pub(super) async fn read(
    password: &Password,
    of: PasswordOf,
    program: &dyn Program,
) -> Result<Secret> {
    match password {
        Password::Text(text) if text.reveal().is_empty() => Err(no(of, "it is empty")),
        Password::Text(text) => Ok(text.clone()),
        Password::File(path) => {
            let path = path.clone();
            let read = spawn_blocking(move || read_file(&path));
            read.await.unwrap_or_else(|panic| Err(panic.to_string())).map_err(|why| no(of, &why))
        }
        Password::Asked => {
            let request = |reply| ProgramRequest::Password(of, reply);
            let provided = ask(program, request, "the function did not return").await;
            provided.map_err(|no_password| no(of, &no_password.why))
        }
    }
}

fn no(of: PasswordOf, why: &str) -> Error {
    Error::new(ErrorKind::Authentication, format!("{of}: {why}"))
}

/// Returns the file's text without its trailing newline.
fn read_file(path: &Path) -> Result<Secret, String> {
    let bytes = std::fs::read(path).map_err(|error| {
        format!(
            "the file {} cannot be read: {}",
            path.display(),
            super::transport::describe(&error)
        )
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("the file {} is not UTF-8 text", path.display()))?;
    let text = zeroize::Zeroizing::new(text);
    let password = text.strip_suffix('\n').map_or(&**text, |text| text.trim_end_matches('\r'));
    if password.is_empty() {
        return Err(format!("the file {} is empty", path.display()));
    }
    Ok(Secret::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::program::NotProvided;

    #[derive(Debug)]
    struct Says(Option<Result<&'static str, &'static str>>);

    impl Program for Says {
        fn ask(&self, request: ProgramRequest) {
            let ProgramRequest::Password(PasswordOf::User, reply) = request else {
                panic!("{request:?} is not the user's password")
            };
            if let Some(said) = self.0 {
                let said = said.map(|text| Secret::new(text.into())).map_err(NotProvided::new);
                reply.answer(said);
            }
        }

        fn warn(&self, line: String) {
            panic!("a password is no cause to warn: {line}");
        }
    }

    fn file(name: &str, content: &[u8]) -> Password {
        let path = std::env::temp_dir().join(format!("dekaf-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file for the test");
        Password::File(path)
    }

    async fn read_from(password: &Password, program: Says) -> Result<String, String> {
        let read = read(password, PasswordOf::User, &program).await;
        if let Password::File(path) = password {
            let _missing = std::fs::remove_file(path);
        }
        read.map(|secret| secret.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_file_may_end_with_one_line_end() {
        for (content, password) in [("secret", "secret"), ("secret\n", "secret"), (" s\r\n", " s")]
        {
            let file = file("line-end", content.as_bytes());
            assert_eq!(read_from(&file, Says(None)).await.as_deref(), Ok(password));
        }
    }

    #[tokio::test]
    async fn what_holds_no_password_is_named() {
        let missing = Password::File("/nowhere/password".into());
        let cases = [
            (Password::Text(Secret::new(String::new())), "password: it is empty"),
            (missing, "password: the file /nowhere/password cannot be read: No such file or"),
            (file("empty", b"\n"), "is empty"),
            (file("binary", b"\xff\xfe"), "is not UTF-8 text"),
        ];
        for (password, expected) in cases {
            let error = read_from(&password, Says(None)).await.expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_program_is_asked() {
        let asked = Password::Asked;
        assert_eq!(read_from(&asked, Says(Some(Ok("secret")))).await.as_deref(), Ok("secret"));
        let raised = read_from(&asked, Says(Some(Err("it raised KeyError")))).await;
        assert_eq!(raised, Err("password: it raised KeyError".to_owned()));
        let dropped = read_from(&asked, Says(None)).await;
        assert_eq!(dropped, Err("password: the producer is closed".to_owned()));
    }
}

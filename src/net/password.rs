//! Where passwords come from: the settings, a file, or the program that uses the client.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::{Password, Secret};
use crate::error::{Error, ErrorKind, Result};

/// How long the program may take to say a password.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordOf {
    /// The user.
    User,
    /// The client certificate's private key.
    Key,
}

impl fmt::Display for PasswordOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "password",
            Self::Key => "key_password",
        })
    }
}

/// A password that the program is asked for. Dropping it answers that there is none.
#[derive(Debug)]
pub struct PasswordRequest {
    of: PasswordOf,
    reply: oneshot::Sender<Result<Secret, String>>,
}

impl PasswordRequest {
    /// What the password is for.
    pub fn of(&self) -> PasswordOf {
        self.of
    }

    /// Says the password, or why there is none.
    pub fn answer(self, password: Result<Secret, String>) {
        // The connection that needed it may have been given up.
        let _unheard = self.reply.send(password);
    }
}

/// Asks the program for passwords.
pub trait AskPassword: fmt::Debug {
    /// Passes the question on. Does not wait for the answer.
    fn ask(&self, request: PasswordRequest);
}

/// Reads a password. An error says which and why, and never shows a part of it.
pub(super) async fn read(
    password: &Password,
    of: PasswordOf,
    program: &dyn AskPassword,
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
            let (reply, answer) = oneshot::channel();
            program.ask(PasswordRequest { of, reply });
            match timeout(PATIENCE, answer).await {
                Ok(Ok(said)) => said.map_err(|why| no(of, &why)),
                Ok(Err(_)) => Err(no(of, "the producer is closed")),
                Err(_) => Err(no(of, &format!("the function did not return within {PATIENCE:?}"))),
            }
        }
    }
}

fn no(of: PasswordOf, why: &str) -> Error {
    Error::new(ErrorKind::Authentication, format!("{of}: {why}"))
}

/// The file's text, without the line end behind it.
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

    #[derive(Debug)]
    struct Program(Option<Result<&'static str, &'static str>>);

    impl AskPassword for Program {
        fn ask(&self, request: PasswordRequest) {
            assert_eq!(request.of(), PasswordOf::User);
            if let Some(said) = self.0 {
                let said = said.map(|text| Secret::new(text.into())).map_err(str::to_owned);
                request.answer(said);
            }
        }
    }

    fn file(name: &str, content: &[u8]) -> Password {
        let path = std::env::temp_dir().join(format!("dekaf-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file for the test");
        Password::File(path)
    }

    async fn read_from(password: &Password, program: Program) -> Result<String, String> {
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
            assert_eq!(read_from(&file, Program(None)).await.as_deref(), Ok(password));
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
            let error = read_from(&password, Program(None)).await.expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_program_is_asked() {
        let asked = Password::Asked;
        assert_eq!(read_from(&asked, Program(Some(Ok("secret")))).await.as_deref(), Ok("secret"));
        let raised = read_from(&asked, Program(Some(Err("it raised KeyError")))).await;
        assert_eq!(raised, Err("password: it raised KeyError".to_owned()));
        let dropped = read_from(&asked, Program(None)).await;
        assert_eq!(dropped, Err("password: the producer is closed".to_owned()));
    }
}

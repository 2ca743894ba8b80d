//! The OAUTHBEARER token that a client's connections share: requested from the program, cached, and
//! replaced before it expires.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout};

use super::program::{NotProvided, PATIENCE, Program, ProgramRequest, reply};
use crate::error::{Error, ErrorKind, Result};
use crate::sasl::Token;

/// A token is replaced after this fraction of its lifetime, as in other clients.
const FRESH: f64 = 0.8;

/// Time after which a token is requested again if the program does not answer.
const ASKED_ANEW_AFTER: Duration = Duration::from_secs(30);

/// Maximum doublings of that time while the program does not answer: 64 minutes.
const MOST_DOUBLINGS: u32 = 7;

#[derive(Debug, Default)]
pub(super) struct Tokens {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: Option<Kept>,
    /// The pending request. Connections share it.
    asked: Option<Asked>,
    /// Consecutive requests that were not answered in time.
    unanswered: u32,
}

#[derive(Debug, Clone)]
struct Asked {
    /// `None` until the answer arrives.
    answer: watch::Receiver<Option<Result<Token, NotProvided>>>,
    at: Instant,
}

#[derive(Debug)]
struct Kept {
    token: Token,
    replace_at: SystemTime,
    expires_at: SystemTime,
}

impl Kept {
    /// Returns `None` if the token's expiry is unknown: the next connection requests another token.
    fn new(token: Token, now: SystemTime) -> Option<Self> {
        let expires_at = token.expires_at?;
        let lasts = expires_at.duration_since(now).unwrap_or_default();
        Some(Self { token, replace_at: now + lasts.mul_f64(FRESH), expires_at })
    }
}

impl Tokens {
    /// Returns the token for a new connection. An ageing token is used until it expires, while the
    /// program is asked for another.
    pub(super) async fn to_connect(self: &Rc<Self>, program: &Rc<dyn Program>) -> Result<Token> {
        match self.kept() {
            Some((token, true)) => Ok(token),
            Some((token, false)) => {
                self.ask(program);
                Ok(token)
            }
            None => self.answer(program).await,
        }
    }

    /// Returns the token for an open connection that logs in again. Replaces an ageing token, or
    /// keeps it if the program does not provide another.
    pub(super) async fn to_renew(self: &Rc<Self>, program: &Rc<dyn Program>) -> Result<Token> {
        match self.kept() {
            Some((token, true)) => Ok(token),
            // Fall back to the old token, unless it was refused or has expired meanwhile.
            Some((_, false)) => match self.answer(program).await {
                Err(error) => self.kept().map(|(token, _)| token).ok_or(error),
                token => token,
            },
            None => self.answer(program).await,
        }
    }

    /// Discards a token that a broker refused: the next connection requests another.
    pub(super) fn forget(&self, refused: &Token) {
        self.state.borrow_mut().kept.take_if(|kept| kept.token == *refused);
    }

    /// Returns the cached token and whether it is fresh; `None` if it has expired.
    fn kept(&self) -> Option<(Token, bool)> {
        let state = self.state.borrow();
        let kept = state.kept.as_ref()?;
        let now = SystemTime::now();
        (now < kept.expires_at).then(|| (kept.token.clone(), now < kept.replace_at))
    }

    /// Waits for the program's answer. A late answer is still cached.
    async fn answer(self: &Rc<Self>, program: &Rc<dyn Program>) -> Result<Token> {
        let mut asked = self.ask(program);
        let late = NotProvided {
            why: format!("the provider did not return within {PATIENCE:?}"),
            is_transient: true,
        };
        let answered = async {
            let answered = asked.answer.wait_for(Option::is_some).await;
            let closed = || Err(NotProvided::new("the producer is closed"));
            answered.ok().and_then(|answer| answer.clone()).unwrap_or_else(closed)
        };
        let answer = timeout(PATIENCE, answered).await.unwrap_or(Err(late));
        answer.map_err(|no_token| {
            let kind = if no_token.is_transient {
                ErrorKind::Unreachable
            } else {
                ErrorKind::Authentication
            };
            Error::new(kind, format!("token: {}", no_token.why))
        })
    }

    /// Requests a token unless a request is pending. If the program hangs, requests it again later.
    fn ask(self: &Rc<Self>, program: &Rc<dyn Program>) -> Asked {
        let open = self.state.borrow().asked.clone();
        if let Some(asked) = open {
            let mut state = self.state.borrow_mut();
            // Each request may block one of the program's threads.
            let patience = ASKED_ANEW_AFTER * 2_u32.pow(state.unanswered.min(MOST_DOUBLINGS));
            if asked.at.elapsed() < patience {
                return asked;
            }
            state.unanswered += 1;
        }
        let (tell, answer) = watch::channel(None);
        let at = Instant::now();
        let asked = Asked { answer, at };
        self.state.borrow_mut().asked = Some(asked.clone());
        let (reply, provided) = reply();
        program.ask(ProgramRequest::Token(reply));
        let this = Rc::clone(self);
        // A separate task, as the requesting connection may be dropped before the answer arrives.
        spawn_local(async move {
            let answer = provided.wait().await;
            {
                let mut state = this.state.borrow_mut();
                let is_latest = state.asked.take_if(|asked| asked.at == at).is_some();
                state.unanswered = 0;
                if let Ok(token) = &answer
                    && (is_latest || state.kept.is_none())
                {
                    state.kept = Kept::new(token.clone(), SystemTime::now());
                }
            }
            tell.send_replace(Some(answer));
        });
        asked
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::task::LocalSet;

    use super::super::program::Reply;
    use super::*;
    use crate::config::Secret;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Collects the requests that it receives.
    #[derive(Debug, Default)]
    struct Questions(RefCell<Vec<Reply<Token>>>, Cell<usize>);

    impl Program for Questions {
        fn ask(&self, request: ProgramRequest) {
            let ProgramRequest::Token(reply) = request else { panic!("{request:?} is no token") };
            self.0.borrow_mut().push(reply);
            self.1.set(self.1.get() + 1);
        }

        fn warn(&self, line: String) {
            panic!("a token is no cause to warn: {line}");
        }
    }

    impl Questions {
        /// Answers the only pending request.
        async fn answer(&self, answer: Result<Token, NotProvided>) {
            while self.0.borrow().is_empty() {
                tokio::task::yield_now().await;
            }
            let reply = self.0.borrow_mut().pop().expect("a question");
            assert!(self.0.borrow().is_empty(), "one question at a time");
            reply.answer(answer);
        }
    }

    struct World {
        tokens: Rc<Tokens>,
        asked: Rc<Questions>,
        program: Rc<dyn Program>,
    }

    fn run(test: impl AsyncFnOnce(World)) {
        let asked = Rc::new(Questions::default());
        let program: Rc<dyn Program> = Rc::clone(&asked) as _;
        let world = World { tokens: Rc::default(), asked, program };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        LocalSet::new().block_on(&runtime, test(world));
    }

    /// Returns a token with this lifetime.
    fn token(name: &str, lasts: Option<Duration>) -> Token {
        let expires_at = lasts.map(|lasts| SystemTime::now() + lasts);
        Token { value: Secret::new(name.to_owned()), expires_at, extensions: Vec::new() }
    }

    impl World {
        async fn connect(&self, answer: Token) -> String {
            let provide = self.asked.answer(Ok(answer));
            let (got, ()) = tokio::join!(self.tokens.to_connect(&self.program), provide);
            name(got)
        }

        /// Moves the cached token to this fraction of its lifetime.
        fn age(&self, part: f64) {
            let mut state = self.tokens.state.borrow_mut();
            let kept = state.kept.as_mut().expect("a token is kept");
            let back = HOUR.mul_f64(part);
            kept.replace_at -= back;
            kept.expires_at -= back;
        }
    }

    fn name(token: Result<Token>) -> String {
        token.expect("a token").value.reveal().to_owned()
    }

    #[test]
    fn a_fresh_token_serves_every_connection() {
        run(async |world| {
            assert_eq!(world.connect(token("one", Some(HOUR))).await, "one");
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "one");
            assert_eq!(name(world.tokens.to_renew(&world.program).await), "one");
            assert_eq!(world.asked.1.get(), 1);
        });
    }

    #[test]
    fn connections_that_open_together_share_one_question() {
        run(async |world| {
            let (one, other, ()) = tokio::join!(
                world.tokens.to_connect(&world.program),
                world.tokens.to_connect(&world.program),
                world.asked.answer(Ok(token("one", Some(HOUR)))),
            );
            assert_eq!([name(one), name(other)], ["one", "one"]);
            assert_eq!(world.asked.1.get(), 1);
        });
    }

    #[test]
    fn a_token_that_ages_serves_until_another_is_there() {
        run(async |world| {
            world.connect(token("old", Some(HOUR))).await;
            world.age(0.81);
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "old");
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "old");
            world.asked.answer(Ok(token("new", Some(HOUR)))).await;
            while name(world.tokens.to_connect(&world.program).await) == "old" {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.asked.1.get(), 2);
        });
    }

    #[test]
    fn a_renewal_waits_for_another_token_and_falls_back() {
        run(async |world| {
            world.connect(token("old", Some(HOUR))).await;
            world.age(0.81);
            let failed = Err(NotProvided::new("the server is down"));
            let (got, ()) =
                tokio::join!(world.tokens.to_renew(&world.program), world.asked.answer(failed));
            assert_eq!(name(got), "old");
            let new = Ok(token("new", Some(HOUR)));
            let (got, ()) =
                tokio::join!(world.tokens.to_renew(&world.program), world.asked.answer(new));
            assert_eq!(name(got), "new");
        });
    }

    #[test]
    fn a_token_that_has_ended_or_was_refused_is_not_used_again() {
        run(async |world| {
            world.connect(token("one", Some(HOUR))).await;
            world.age(1.0);
            assert_eq!(world.connect(token("two", Some(HOUR))).await, "two");
            let refused = world.tokens.to_connect(&world.program).await.expect("it is kept");
            world.tokens.forget(&refused);
            assert_eq!(world.connect(token("three", Some(HOUR))).await, "three");
            world.tokens.forget(&refused);
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "three");
        });
    }

    #[test]
    fn a_token_without_an_end_is_asked_for_each_time() {
        run(async |world| {
            assert_eq!(world.connect(token("one", None)).await, "one");
            assert_eq!(world.connect(token("two", None)).await, "two");
        });
    }

    #[test]
    fn what_keeps_the_program_from_answering_is_told() {
        run(async |world| {
            for (is_transient, kind) in
                [(true, ErrorKind::Unreachable), (false, ErrorKind::Authentication)]
            {
                let no = NotProvided { why: "it raised KeyError".to_owned(), is_transient };
                let provide = world.asked.answer(Err(no));
                let (got, ()) = tokio::join!(world.tokens.to_connect(&world.program), provide);
                let error = got.expect_err("there is no token");
                assert_eq!(error.kind(), kind);
                assert_eq!(error.to_string(), "token: it raised KeyError");
            }
            // The paused clock advances when all tasks are idle.
            let error = world.tokens.to_connect(&world.program).await.expect_err("it hangs");
            assert_eq!(error.to_string(), "token: the provider did not return within 10s");
            // The request stays pending, and its late answer is cached.
            world.tokens.to_connect(&world.program).await.expect_err("it hangs");
            assert_eq!(world.asked.1.get(), 3);
            world.asked.answer(Ok(token("late", Some(HOUR)))).await;
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "late");
        });
    }

    #[test]
    fn a_provider_that_hangs_is_asked_anew() {
        run(async |world| {
            for _ in 0..4 {
                world.tokens.to_connect(&world.program).await.expect_err("it hangs");
            }
            assert_eq!(world.asked.1.get(), 2);
            let hanging = world.asked.0.borrow_mut().remove(0);
            assert_eq!(world.connect(token("new", Some(HOUR))).await, "new");
            hanging.answer(Ok(token("old", Some(HOUR))));
            tokio::task::yield_now().await;
            assert_eq!(name(world.tokens.to_connect(&world.program).await), "new");
        });
    }
}

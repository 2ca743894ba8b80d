//! Staggered attempts: the next one starts while an earlier one hangs.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

/// Starts the attempts in order: the next one when one fails, or `head_start` after the last start.
/// The first success wins, and the others are dropped. If all fail, or if `ends` returns true for a
/// failure, returns the failures in the order of the attempts.
///
/// # Cancel safety
/// Dropping the future drops every attempt.
pub async fn first_of<A, T, E>(
    attempts: impl IntoIterator<Item = A>,
    head_start: Duration,
    ends: impl Fn(&E) -> bool,
) -> Result<T, Vec<E>>
where
    A: Future<Output = Result<T, E>>,
{
    let mut waiting = attempts.into_iter().enumerate();
    let mut running: Vec<(usize, Pin<Box<A>>)> = Vec::new();
    let mut failures: Vec<(usize, E)> = Vec::new();
    loop {
        let is_over = failures.last().is_some_and(|(_, failure)| ends(failure));
        let next = waiting.next().filter(|_| !is_over);
        let is_last = next.is_none();
        running.extend(next.map(|(index, attempt)| (index, Box::pin(attempt))));
        if running.is_empty() || is_over {
            failures.sort_by_key(|(index, _)| *index);
            return Err(failures.into_iter().map(|(_, failure)| failure).collect());
        }
        let mut patience =
            pin!(async { if is_last { pending().await } else { sleep(head_start).await } });
        tokio::select! {
            (index, ended) = first_ended(&mut running) => match ended {
                Ok(won) => return Ok(won),
                Err(failure) => failures.push((index, failure)),
            },
            () = &mut patience => {}
        }
    }
}

/// Removes and returns the first attempt that ends.
async fn first_ended<A: Future>(running: &mut Vec<(usize, Pin<Box<A>>)>) -> (usize, A::Output) {
    poll_fn(|context| {
        for place in 0..running.len() {
            if let Poll::Ready(ended) = running[place].1.as_mut().poll(context) {
                return Poll::Ready((running.remove(place).0, ended));
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    const HEAD_START: Duration = Duration::from_millis(250);

    const FINAL: &str = "refused";

    /// An attempt's duration in milliseconds, and its result.
    type Attempt = (u64, Result<&'static str, &'static str>);

    /// Returns the result of the race and the start time of each attempt.
    fn race(attempts: &[Attempt]) -> (Result<&'static str, Vec<&'static str>>, Vec<u64>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let begun = RefCell::new(Vec::new());
        let ended = runtime.block_on(async {
            let start = Instant::now();
            let attempts = attempts.iter().map(|(takes, ends)| async {
                begun.borrow_mut().push(start.elapsed().as_millis() as u64);
                sleep(Duration::from_millis(*takes)).await;
                *ends
            });
            first_of(attempts, HEAD_START, |failure| *failure == FINAL).await
        });
        (ended, begun.into_inner())
    }

    #[test]
    fn an_attempt_that_succeeds_at_once_is_alone() {
        assert_eq!(race(&[(10, Ok("a")), (10, Ok("b"))]), (Ok("a"), vec![0]));
    }

    #[test]
    fn a_failure_lets_the_next_one_start() {
        assert_eq!(race(&[(10, Err("a")), (10, Ok("b"))]), (Ok("b"), vec![0, 10]));
    }

    #[test]
    fn an_attempt_that_hangs_is_overtaken_and_may_still_win() {
        let hours = 9_999_999;
        assert_eq!(race(&[(hours, Ok("a")), (10, Ok("b"))]), (Ok("b"), vec![0, 250]));
        assert_eq!(race(&[(300, Ok("a")), (hours, Ok("b"))]), (Ok("a"), vec![0, 250]));
    }

    #[test]
    fn a_failure_may_end_the_race() {
        let (ended, begun) = race(&[(400, Ok("a")), (10, Err(FINAL)), (10, Ok("c"))]);
        assert_eq!(ended, Err(vec![FINAL]));
        assert_eq!(begun, [0, 250]);
        let (ended, _) = race(&[(10, Err("a")), (10, Err(FINAL)), (10, Ok("c"))]);
        assert_eq!(ended, Err(vec!["a", FINAL]));
    }

    #[test]
    fn failures_keep_the_order_of_attempts() {
        let (ended, begun) = race(&[(400, Err("a")), (10, Err("b")), (10, Err("c"))]);
        assert_eq!(ended, Err(vec!["a", "b", "c"]));
        assert_eq!(begun, [0, 250, 260]);
        assert_eq!(race(&[]), (Err(vec![]), vec![]));
    }
}

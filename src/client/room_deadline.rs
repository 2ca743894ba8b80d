//! How long a call waits for room in `buffer_memory`.

use std::time::{Duration, Instant};

/// The deadline of a caller that waits for room.
#[derive(Debug, Clone, Copy)]
pub struct RoomDeadline {
    limit: Duration,
    until: Instant,
    /// The producer's progress when it was last checked; `None` if progress extends nothing.
    progress: Option<u64>,
}

impl RoomDeadline {
    /// The whole wait takes at most `limit`.
    pub fn fixed(now: Instant, limit: Duration) -> Self {
        Self { limit, until: now + limit, progress: None }
    }

    /// The wait takes at most `limit` without any progress: [`Client::progress`](super::Client).
    pub fn without_progress(now: Instant, limit: Duration, progress: u64) -> Self {
        Self { limit, until: now + limit, progress: Some(progress) }
    }

    pub fn left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// Notes the producer's progress, and whether this caller made some.
    pub fn note(&mut self, now: Instant, progress: u64, has_worked: bool) {
        if self.progress.is_some_and(|before| before != progress || has_worked) {
            self.progress = Some(progress);
            self.until = now + self.limit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(250);

    #[test]
    fn a_fixed_deadline_ignores_progress() {
        let now = Instant::now();
        let mut deadline = RoomDeadline::fixed(now, LIMIT);
        deadline.note(now + LIMIT / 2, 7, true);
        assert_eq!(deadline.left(now + LIMIT / 2), LIMIT / 2);
        assert_eq!(deadline.left(now + 2 * LIMIT), Duration::ZERO);
    }

    #[test]
    fn progress_extends_a_progress_deadline() {
        let now = Instant::now();
        let mut deadline = RoomDeadline::without_progress(now, LIMIT, 7);
        deadline.note(now + LIMIT / 2, 7, false);
        assert_eq!(deadline.left(now + LIMIT), Duration::ZERO, "nothing happened");
        deadline.note(now + LIMIT, 8, false);
        assert_eq!(deadline.left(now + LIMIT), LIMIT, "a message was acknowledged");
        deadline.note(now + 2 * LIMIT, 8, true);
        assert_eq!(deadline.left(now + 2 * LIMIT), LIMIT, "this caller placed a message");
    }
}

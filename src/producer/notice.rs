//! What a producer says of its own accord, for a log.

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who should read it.
    pub severity: Severity,
    /// The line.
    pub text: String,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To those who look for the cause of something.
    Debug,
    /// That something is as it should be again.
    Info,
    /// That something is not as it should be, and lasts.
    Warning,
}

//! Log lines of a producer.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub severity: Severity,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Helps to find the cause of something.
    Debug,
    /// Something works again.
    Info,
    /// Something does not work, and lasts.
    Warning,
}

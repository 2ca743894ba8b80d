//! How soon a record is to leave.

/// A full batch leaves in any case, and so does one that has lingered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// It may linger: no caller waits for it.
    Lingers,
    /// Its caller waits for it and for those that are handed over with it. It leaves with them once
    /// the caller calls [`super::Machine::ship`].
    Together,
    /// Its caller waits for this very record: it leaves as soon as its broker has nothing else to
    /// do.
    AtOnce,
}

impl Haste {
    /// What it becomes for a record that has to wait: those that came with it do not wait for it.
    pub(super) fn apart(self) -> Self {
        match self {
            Self::Lingers => Self::Lingers,
            Self::Together | Self::AtOnce => Self::AtOnce,
        }
    }
}

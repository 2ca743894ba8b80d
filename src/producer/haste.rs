//! How soon a record is to leave.

/// A full batch leaves in any case, and so does one that has lingered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// Nobody waits for it: it may linger.
    Lingers,
    /// Somebody waits for it and for those that are handed over with it: it leaves with them,
    /// once [`super::Machine::ship`] says that they are all there.
    Together,
    /// Somebody waits for this very record: it leaves as soon as its broker has nothing else to
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

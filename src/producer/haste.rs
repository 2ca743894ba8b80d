//! How urgently a record is sent.

/// How urgently a record is sent. A batch that is full or has lingered is sent in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// May linger: no caller waits for the record.
    Lingers,
    /// The caller waits for this record and for those that are handed over with it. They are sent
    /// together once the caller calls [`super::Machine::ship`].
    Together,
    /// The caller waits for this very record: it is sent as soon as no request to its broker is in
    /// flight.
    AtOnce,
}

impl Haste {
    /// Returns the haste of a record that has to wait: those that came with it do not wait for it.
    pub(super) fn apart(self) -> Self {
        match self {
            Self::Lingers => Self::Lingers,
            Self::Together | Self::AtOnce => Self::AtOnce,
        }
    }
}

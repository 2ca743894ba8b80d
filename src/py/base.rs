pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod errors;
pub(crate) mod hang;

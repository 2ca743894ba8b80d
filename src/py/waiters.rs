pub(crate) mod answer;
pub(crate) mod fates;
pub(crate) mod group;
pub(crate) mod port;
pub(crate) mod signal;
pub(crate) mod turn;
pub(crate) mod waiter;
pub(crate) mod wakes;

//! From the core's results to Python: futures, promises and callbacks are completed by the thread
//! that reads their port.

pub(crate) mod callback_run;
pub(crate) mod callbacks;
pub(crate) mod complete;
pub(crate) mod dispatcher;
pub(crate) mod futures;
pub(crate) mod loops;
pub(crate) mod on_delivery;
pub(crate) mod outlet;
pub(crate) mod promises;
pub(crate) mod provide;
pub(crate) mod route;
pub(crate) mod ship;
pub(crate) mod unsend;
pub(crate) mod user_code;
pub(crate) mod wait;
pub(crate) mod work;

//! From a call's arguments to a record. Nothing here knows how results are delivered: clients are
//! generic over their waiters.

pub(crate) mod borrowed;
pub(crate) mod fields;
pub(crate) mod headers;
pub(crate) mod items;
pub(crate) mod message;
pub(crate) mod metadata;
pub(crate) mod outgoing;
pub(crate) mod partitioner;
pub(crate) mod parts;
pub(crate) mod payload;
pub(crate) mod providers;
pub(crate) mod ready;
pub(crate) mod security;
pub(crate) mod serializers;
pub(crate) mod settings;
pub(crate) mod template;

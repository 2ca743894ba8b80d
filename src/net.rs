//! Connections to brokers: sockets, negotiation, requests in a pipeline. Knows nothing of
//! producing.

mod connect;
mod descriptors;
mod handshake;
mod link;
mod opening;
mod pipeline;
mod race;
mod signals;
mod transport;
mod versions;

pub use descriptors::{Listener, Listening, Socket, SocketsGuard};
pub use link::{Link, LinkSettings};
pub use opening::{ConnectError, ConnectStage};
pub use pipeline::{PendingAnswer, PipelineSettings};
pub use race::first_of;
pub use signals::without_signals;
pub use versions::Versions;

//! Connections to brokers: sockets, encryption, negotiation, logins, requests in a pipeline. Knows
//! nothing of producing.

mod authentication;
mod connect;
mod descriptors;
mod encryption;
mod handshake;
mod link;
mod opening;
mod password;
mod pipeline;
mod race;
mod security;
mod security_counts;
mod signals;
mod transport;
mod versions;

pub use descriptors::{Listener, Listening, Socket, SocketsGuard};
pub use link::{Link, LinkSettings};
pub use opening::{ConnectError, ConnectStage};
pub use password::{AskPassword, PasswordOf, PasswordRequest};
pub use pipeline::{PendingAnswer, PipelineSettings};
pub use race::first_of;
pub use security::LinkSecurity;
pub use security_counts::{SecurityCounts, SecurityMetrics};
pub use signals::without_signals;
pub use versions::Versions;

//! Connections to brokers: sockets, TLS, version negotiation, SASL logins and pipelined requests.
//! Independent of the producer.

mod authentication;
mod connect;
mod conversion;
mod descriptors;
mod encryption;
mod expiries;
mod handshake;
mod keeper;
mod lease;
mod link;
mod opening;
mod password;
mod pipeline;
mod program;
mod race;
mod security;
mod security_counts;
mod signals;
mod tokens;
mod transport;
mod versions;

pub use descriptors::{Listener, Listening, Socket, SocketsGuard};
pub use link::{Link, LinkSettings};
pub use opening::{ConnectError, ConnectStage};
pub use pipeline::{PendingAnswer, PipelineSettings};
pub use program::{NotProvided, PasswordOf, PemOf, Program, ProgramRequest, Reply};
pub use race::first_of;
pub use security::{LinkSecurity, NoProgram};
pub use security_counts::{SecurityCounts, SecurityMetrics};
pub use signals::without_signals;
pub use versions::Versions;

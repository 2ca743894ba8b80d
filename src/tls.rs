//! TLS: what is trusted, who the client is, and why a handshake failed.

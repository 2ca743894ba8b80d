//! SASL mechanisms as state machines: what the client says, and what it makes of the answers.

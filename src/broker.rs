//! What a broker does, as far as a producer can tell. So far its log alone, which the
//! simulator turns; a broker in the box comes to stand on the same one.

pub mod log;

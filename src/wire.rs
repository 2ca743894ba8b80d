//! Encoding of Kafka's integers and frames, and Base64. Contains no message types.

pub mod base64;
mod frame;
mod memory;
mod reader;
mod room;
mod varint;
mod writer;
mod zigzag;

pub use frame::{FrameTooLarge, LENGTH_SIZE, MAX_FRAME, frame_length};
pub use memory::{copied, reserved};
pub use reader::{Malformed, Reader};
pub use room::Room;
pub use varint::{varint_size, varlong_size, write_uvarint, write_varint, write_varlong};
pub use writer::Writer;

//! Whether and how records are compressed: a codec that Kafka knows, and a level that the codec
//! knows. What these do to bytes is `record`'s business.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// From the fastest to the smallest; 0 would only wrap the records.
const GZIP_LEVELS: RangeInclusive<i32> = 1..=9;
const GZIP_DEFAULT: i32 = 6;

/// The negative ones are faster still; 0 is zstd's other name for its default, and refused.
const ZSTD_LEVELS: RangeInclusive<i32> = -131_072..=22;
const ZSTD_DEFAULT: i32 = 3;

/// A format that Kafka knows, with Kafka's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Records as they are.
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// One raw block; reads the framing of the Java client, too.
    Snappy = 2,
    /// The frame format, of independent blocks.
    Lz4 = 3,
    /// Zstandard; for brokers from 2.1 on.
    Zstd = 4,
}

impl Codec {
    /// Every codec, by its number.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Its number in a batch's attributes.
    pub fn id(self) -> i16 {
        self as i16
    }

    /// The codec of this number.
    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// Its name, in settings and in Kafka's tools.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name).ok_or_else(|| {
            invalid(format!(
                "compression: \"{name}\" is not a codec; use \"none\", \"gzip\", \"snappy\", \
                 \"lz4\" or \"zstd\""
            ))
        })
    }
}

/// A codec and how hard it tries, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compression {
    codec: Codec,
    level: i32,
}

impl Compression {
    /// Records as they are.
    pub const NONE: Self = Self { codec: Codec::None, level: 0 };

    /// A codec at a level, or at its own default.
    ///
    /// Snappy has no levels. lz4 has none here: its levels are those of another compressor of the
    /// same format, LZ4 HC, of which there is no Rust version. A number that changed nothing
    /// would be a lie, so it is refused.
    pub fn new(codec: Codec, level: Option<i32>) -> Result<Self> {
        let default = match codec {
            Codec::Gzip => GZIP_DEFAULT,
            Codec::Zstd => ZSTD_DEFAULT,
            Codec::None | Codec::Snappy | Codec::Lz4 => 0,
        };
        let Some(level) = level else {
            return Ok(Self { codec, level: default });
        };
        let fits = match codec {
            Codec::Gzip => GZIP_LEVELS.contains(&level),
            Codec::Zstd => ZSTD_LEVELS.contains(&level) && level != 0,
            Codec::None | Codec::Snappy | Codec::Lz4 => false,
        };
        if fits {
            return Ok(Self { codec, level });
        }
        let allowed = match codec {
            Codec::Gzip => "gzip takes 1 (fastest) to 9 (smallest)",
            Codec::Zstd => "zstd takes 1 to 22, or -131072 to -1 to be faster still",
            Codec::Lz4 => "lz4 has one level, the fast one: leave compression_level out",
            Codec::Snappy => "snappy has no levels: leave compression_level out",
            Codec::None => "it needs a compression that has levels: \"gzip\" or \"zstd\"",
        };
        Err(invalid(format!("compression_level: {level} is not allowed; {allowed}")))
    }

    /// The codec.
    pub fn codec(self) -> Codec {
        self.codec
    }

    /// The level; 0 where the codec has none.
    pub fn level(self) -> i32 {
        self.level
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

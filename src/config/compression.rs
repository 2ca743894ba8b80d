//! Compression settings: a codec and its level, validated. The module `record` compresses.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// From the fastest to the smallest output. Level 0 would only wrap the records.
const GZIP_LEVELS: RangeInclusive<i32> = 1..=9;
const GZIP_DEFAULT: i32 = 6;

/// Negative levels are faster still. 0 is zstd's other name for its default level, and refused.
const ZSTD_LEVELS: RangeInclusive<i32> = -131_072..=22;
const ZSTD_DEFAULT: i32 = 3;

/// A compression format, with its number in Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// One raw block. The framing of the Java client can be read as well.
    Snappy = 2,
    /// The frame format, with independent blocks.
    Lz4 = 3,
    /// Zstandard; needs Kafka 2.1.
    Zstd = 4,
}

impl Codec {
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Returns its number in a batch's attributes.
    pub fn id(self) -> i16 {
        self as i16
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.id() == id)
    }

    /// Returns its name in settings and in Kafka's tools.
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

/// A codec and a level that it supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compression {
    codec: Codec,
    level: i32,
}

impl Compression {
    pub const NONE: Self = Self { codec: Codec::None, level: 0 };

    /// Returns a codec at a level, or at its default level.
    ///
    /// Snappy has no levels. lz4 has none here: its levels belong to LZ4 HC, another compressor for
    /// the same format that has no Rust version. A level without effect is refused.
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

    pub fn codec(self) -> Codec {
        self.codec
    }

    /// Returns the level; 0 if the codec has none.
    pub fn level(self) -> i32 {
        self.level
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

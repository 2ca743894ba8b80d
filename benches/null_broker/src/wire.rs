//! The required primitives of Kafka's wire format. Reader and writer know whether the version is
//! flexible: then lengths are compact and structures end with tags.

pub type Read<T> = Result<T, &'static str>;

pub struct Reader<'a> {
    rest: &'a [u8],
    pub is_flexible: bool,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, is_flexible: false }
    }

    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or("a request is too short")?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or("a request is too short")?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn i16(&mut self) -> Read<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Read<i32> {
        self.array().map(i32::from_be_bytes)
    }

    fn varint(&mut self) -> Read<u32> {
        let mut value = 0;
        for shift in (0..=28).step_by(7) {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a varint is too long")
    }

    /// Reads the length of an array or of bytes; -1 is null.
    pub fn length(&mut self) -> Read<i32> {
        if self.is_flexible { Ok(self.varint()? as i32 - 1) } else { self.i32() }
    }

    pub fn text(&mut self) -> Read<Option<&'a [u8]>> {
        let length = if self.is_flexible { self.length()? } else { i32::from(self.i16()?) };
        usize::try_from(length).ok().map(|length| self.take(length)).transpose()
    }

    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.length()?;
        usize::try_from(length).map_or(Ok(&[]), |length| self.take(length))
    }

    pub fn tags(&mut self) -> Read<()> {
        if self.is_flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let size = self.varint()?;
                self.take(size as usize)?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
    pub is_flexible: bool,
}

impl Writer {
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn i8(&mut self, value: i8) {
        self.raw(&value.to_be_bytes());
    }

    pub fn i16(&mut self, value: i16) {
        self.raw(&value.to_be_bytes());
    }

    pub fn i32(&mut self, value: i32) {
        self.raw(&value.to_be_bytes());
    }

    pub fn i64(&mut self, value: i64) {
        self.raw(&value.to_be_bytes());
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Appends a zigzag varint, as used in records: small numbers are short, whatever their sign.
    pub fn zigzag(&mut self, value: i64) {
        self.varint(zigzagged(value));
    }

    pub fn length(&mut self, length: usize) {
        if self.is_flexible { self.varint(length as u64 + 1) } else { self.i32(length as i32) }
    }

    pub fn text(&mut self, text: Option<&[u8]>) {
        match text {
            Some(text) if self.is_flexible => self.length(text.len()),
            Some(text) => self.i16(text.len() as i16),
            None if self.is_flexible => self.varint(0),
            None => self.i16(-1),
        }
        self.raw(text.unwrap_or_default());
    }

    pub fn tags(&mut self) {
        if self.is_flexible {
            self.varint(0);
        }
    }

    /// Appends the output of `write`, prefixed with its size in four bytes.
    pub fn sized<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let place = self.bytes.len();
        self.i32(0);
        let result = write(self);
        let size = (self.bytes.len() - place - 4) as i32;
        self.bytes[place..place + 4].copy_from_slice(&size.to_be_bytes());
        result
    }
}

pub fn zigzag_size(value: i64) -> usize {
    let bits = 64 - (zigzagged(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

fn zigzagged(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

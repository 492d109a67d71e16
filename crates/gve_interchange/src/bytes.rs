//! Reading bytes, no length trusted.

use crate::{
    error::{Place, ReadError, ReadErrorKind},
    format::Format,
};

/// Bytes of a file that are read from their start to their end.
#[derive(Debug, Clone)]
pub(crate) struct Bytes<'a> {
    format: Format,
    data: &'a [u8],
    at: usize,
    unpacked: bool,
}

impl<'a> Bytes<'a> {
    /// The bytes of a whole file.
    pub(crate) fn of_file(format: Format, data: &'a [u8]) -> Self {
        Self { format, data, at: 0, unpacked: false }
    }

    /// What a file unpacked to.
    pub(crate) fn unpacked(format: Format, data: &'a [u8]) -> Self {
        Self { format, data, at: 0, unpacked: true }
    }

    /// Where the next byte stands.
    pub(crate) fn place(&self) -> Place {
        self.place_of(self.at)
    }

    fn place_of(&self, at: usize) -> Place {
        if self.unpacked { Place::Unpacked(at as u64) } else { Place::Byte(at as u64) }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// The next bytes, if there are so many.
    pub(crate) fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8], ReadError> {
        let rest = self.rest();
        match usize::try_from(count).ok().and_then(|count| rest.get(..count)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => Err(ReadError::new(
                ReadErrorKind::Truncated,
                self.format,
                self.place(),
                what,
                format!("{count} bytes"),
                format!("{} before the end", rest.len()),
            )),
        }
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64, what)?);
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self, what: &str) -> Result<u8, ReadError> {
        Ok(u8::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u32(&mut self, what: &str) -> Result<u32, ReadError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u64(&mut self, what: &str) -> Result<u64, ReadError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// Fails unless all bytes were read.
    pub(crate) fn end(&self) -> Result<(), ReadError> {
        let left = self.rest().len();
        if left == 0 {
            return Ok(());
        }
        Err(ReadError::invalid(
            self.format,
            self.place(),
            "end",
            "the end of the file",
            format!("{left} more bytes"),
        ))
    }
}

//! The bytes of a file in memory, aligned for the types that are viewed in them.

use memmap2::Mmap;

/// The largest alignment of a type that is viewed in place; `f32`, `u32` and structs of them.
const VIEW_ALIGN: usize = 4;

pub(crate) enum Buffer {
    /// A file mapped into memory; the system aligns it to a page.
    Map(Mmap),
    /// Bytes that happened to be aligned.
    Bytes(Vec<u8>),
    /// Bytes that were not, copied: the storage and how many bytes of it count.
    Words(Vec<u32>, usize),
}

impl Buffer {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        if bytes.as_ptr().align_offset(VIEW_ALIGN) == 0 { Self::Bytes(bytes) } else { Self::copy(&bytes) }
    }

    fn copy(bytes: &[u8]) -> Self {
        let mut words = vec![0_u32; bytes.len().div_ceil(size_of::<u32>())];
        bytemuck::cast_slice_mut::<u32, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::Words(words, bytes.len())
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Map(map) => map,
            Self::Bytes(bytes) => bytes,
            Self::Words(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if matches!(self, Self::Map(_)) { "mapped" } else { "owned" };
        write!(f, "{} bytes, {kind}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_the_same_bytes_on_an_aligned_address() {
        let bytes: Vec<u8> = (0..103).collect();
        for start in 0..4 {
            let buffer = Buffer::copy(&bytes[start..]);
            assert_eq!(&*buffer, &bytes[start..]);
            assert_eq!(buffer.as_ptr().align_offset(VIEW_ALIGN), 0);
        }
        assert!(Buffer::copy(&[]).is_empty());
    }
}

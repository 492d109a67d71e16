//! Putting the lengths and checksums of changed bytes right again, shared with the fuzz target.

/// Bytes of one entry of the directory.
const ENTRY: usize = 24;

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Gives a file of version 2 the checksums of its bytes, as far as its directory says where they are.
pub fn seal(bytes: &mut [u8]) {
    if bytes.len() < 80 {
        return;
    }
    let count = u32_at(bytes, 64).min((bytes.len() - 80) / ENTRY);
    for entry in (0..count).map(|i| 80 + i * ENTRY) {
        let (offset, size) = (u32_at(bytes, entry + 8), u32_at(bytes, entry + 12));
        if let Some(section) = bytes.get(offset..offset.saturating_add(size)) {
            let crc = crc32c::crc32c(section);
            put(bytes, entry + 16, crc);
        }
    }
    let end = 80 + count * ENTRY;
    put(bytes, 60, 0);
    let crc = crc32c::crc32c(&bytes[..end]);
    put(bytes, 60, crc);
}

/// The same for version 1, which has one checksum over everything.
pub fn seal_v1(bytes: &mut [u8]) {
    if bytes.len() < 64 {
        return;
    }
    put(bytes, 60, 0);
    let crc = crc32c::crc32c(bytes);
    put(bytes, 60, crc);
}

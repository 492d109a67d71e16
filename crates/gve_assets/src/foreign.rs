//! Telling what a file is that is not ours, so that the message says more than "bad magic".

/// Signatures that people mistake for a baked asset: what stands near it on a disk or in a pipeline.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\xabKTX 20\xbb", "a KTX2 texture"),
    (b"DDS ", "a DDS texture"),
    (b"RIFF", "a RIFF file (WAV or WebP)"),
    (b"OggS", "an Ogg file"),
    (b"ply\n", "a PLY point cloud or mesh"),
    (b"ply\r", "a PLY point cloud or mesh"),
    (b"glTF", "a binary glTF (.glb)"),
    (b"Kaydara FBX", "an FBX file"),
    (b"BLENDER", "a Blender file"),
    (b"solid ", "a text STL mesh"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\x7fELF", "an executable (ELF)"),
    (b"%PDF", "a PDF document"),
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with `git lfs pull`"),
];

/// What a file looks like whose first bytes are `start`, with its article.
pub(crate) fn looks_like(start: &[u8]) -> String {
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature)) {
        return (*name).to_owned();
    }
    if start.is_empty() {
        return "an empty file".to_owned();
    }
    if start.iter().all(|&byte| byte == 0) {
        return "zeros, as an interrupted copy or download leaves them".to_owned();
    }
    // A character may be cut at the end of what was read; the text before it decides.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    if trimmed.starts_with(['{', '[']) {
        return "JSON, perhaps a recipe that was not baked yet".to_owned();
    }
    let lower = trimmed.to_ascii_lowercase();
    if lower.starts_with("<!doctype") || lower.starts_with("<html") {
        return "an HTML page".to_owned();
    }
    if lower.starts_with("<?xml") || lower.starts_with("<svg") {
        return "XML".to_owned();
    }
    if !text.is_empty() && !text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return "text".to_owned();
    }
    let bytes: Vec<_> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("the bytes {}", bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_files_are_recognised() {
        assert_eq!(looks_like(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "a PNG image");
        assert_eq!(looks_like(b"ply\nformat ascii 1.0\n"), "a PLY point cloud or mesh");
        assert_eq!(looks_like(b"PK\x03\x04\x14\0"), "a zip archive");
        assert!(looks_like(b"\xef\xbb\xbf  {\"dna_version\": 1}").starts_with("JSON"));
        assert!(looks_like(b"version https://git-lfs.github.com/spec/v1\n").contains("git lfs pull"));
        assert_eq!(looks_like(b"<!DOCTYPE html>"), "an HTML page");
        assert_eq!(looks_like(b""), "an empty file");
        assert!(looks_like(&[0; 64]).starts_with("zeros"));
        assert_eq!(looks_like("n'est pas un élé".as_bytes()), "text");
        assert_eq!(looks_like(&"né".as_bytes()[..2]), "text", "a character cut in two");
        assert_eq!(looks_like(b"\xc3"), "the bytes c3");
        assert_eq!(looks_like(b"\x01\x02\x03\xff\x05"), "the bytes 01 02 03 ff");
    }
}

//! The asset source `gve`: `gve://42` is the asset with the wire id 42, as the Architect serves it.

use std::{io, path::Path};

use bevy::asset::io::{AssetReader, AssetReaderError, PathStream, Reader, VecReader};
use gve_types::limits::MAX_WIRE_ID;

use super::inbox::Inbox;

/// The name in front of `://`.
pub(super) const SOURCE: &str = "gve";

/// The wire id in a path of this source: `42`, or `42.gve_bin`.
pub(super) fn wire_id(path: &Path) -> Option<u64> {
    let text = path.to_str()?;
    let digits = text.strip_suffix(".gve_bin").unwrap_or(text);
    let canonical =
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|id| canonical && *id < MAX_WIRE_ID)
}

/// Reads what the Architect has sent; waits until it has sent something.
pub(super) struct ArchitectReader {
    pub(super) inbox: Inbox,
    /// Told every asset that is asked for.
    pub(super) wanted: Box<dyn Fn(u64) + Send + Sync>,
}

impl AssetReader for ArchitectReader {
    async fn read<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        let Some(wire_id) = wire_id(path) else {
            let message = format!(
                "expected {SOURCE}://ID with a wire id from 1 to 2^53 - 1, found {SOURCE}://{}",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message).into());
        };
        (self.wanted)(wire_id);
        match self.inbox.take(wire_id).await {
            Ok(bytes) => Ok(VecReader::new(bytes.into())),
            Err(reason) => Err(io::Error::other(reason).into()),
        }
    }

    async fn read_meta<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        Err::<VecReader, _>(AssetReaderError::NotFound(path.to_owned()))
    }

    async fn read_directory<'a>(&'a self, path: &'a Path) -> Result<Box<PathStream>, AssetReaderError> {
        Err(AssetReaderError::NotFound(path.to_owned()))
    }

    async fn is_directory<'a>(&'a self, _: &'a Path) -> Result<bool, AssetReaderError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_wire_ids() {
        assert_eq!(wire_id(Path::new("42")), Some(42));
        assert_eq!(wire_id(Path::new("42.gve_bin")), Some(42));
        assert_eq!(wire_id(Path::new("9007199254740991")), Some(MAX_WIRE_ID - 1));
        for bad in [
            "",
            "0",
            "042",
            "-1",
            "4 2",
            "4/2",
            "9007199254740992",
            "99999999999999999999",
            "teapot",
            ".gve_bin",
        ] {
            assert_eq!(wire_id(Path::new(bad)), None, "{bad}");
        }
    }
}

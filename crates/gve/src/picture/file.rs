//! Writing a file under a temporary name beside its own and renaming it, so that no reader ever sees
//! half of it and a failure leaves what was there.

use std::{
    io::{self, Write as _},
    path::Path,
};

use gve_bake::render::Image;
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Fails when `path` cannot be written, without touching it.
pub(crate) fn check_target(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        let message = format!("cannot write {}: it is a folder; a file was expected", path.display());
        return Err(Failure::about("is_folder", path, message));
    }
    temporary(path).map(drop)
}

/// Writes a file, replacing the one that is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    check_target(path)?;
    let file = filled(path, bytes)?;
    file.persist(path).map(drop).map_err(|error| Failure::write(path, &error.error))
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let exists = || {
        let message = format!("{} is already there; --force replaces it", path.display());
        Failure::about("already_exists", path, message)
    };
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let file = filled(path, bytes)?;
    file.persist_noclobber(path).map(drop).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => Failure::write(path, &error.error),
    })
}

fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gve-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What an ordinary new file gets; the process's mask takes away what it does not want.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(|error| {
        // The temporary name would only confuse.
        let error = error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
        Failure::write(path, &error)
    })
}

fn filled(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Failure> {
    let mut file = temporary(path)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| Failure::write(path, &error))?;
    Ok(file)
}

/// The picture as a PNG with 8 bits per channel.
pub(crate) fn png(image: &Image) -> io::Result<Vec<u8>> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, image.width, image.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&image.to_rgba8())?;
    Ok(png)
}

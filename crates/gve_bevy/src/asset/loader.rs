//! Loads `.gve_bin` files, mapped where the asset source reads from files.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bevy::{
    asset::{AssetLoader, AssetPath, AsyncReadExt, LoadContext, io::AssetSourceId, io::Reader},
    prelude::*,
};
use gve_assets::{AssetFile, ReadError};
use gve_types::limits::MAX_FILE_BYTES;

use super::GveAsset;
#[cfg(not(target_arch = "wasm32"))]
use super::source;

/// Why a `.gve_bin` did not load.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GveLoadError {
    /// The asset source did not hand out its bytes.
    #[error("cannot read: {0}")]
    Source(#[from] io::Error),
    /// The bytes are not a valid file: which section, which byte, what was expected and what was found.
    #[error(transparent)]
    Invalid(#[from] ReadError),
    /// The bytes are no splats of another program, or not all of them.
    #[cfg(feature = "interchange")]
    #[error(transparent)]
    Foreign(#[from] gve_interchange::ReadError),
    /// Splats of another program are more, or larger, than an asset can be.
    #[cfg(feature = "interchange")]
    #[error(transparent)]
    Unfit(#[from] gve_interchange::WriteError),
    /// There is no such material.
    #[cfg(feature = "interchange")]
    #[error("no material has the code \"{}\"", gve_types::text::shown_short(code))]
    Material {
        /// What was asked for.
        code: String,
    },
}

/// Loads [`GveAsset`]s on Bevy's IO threads: maps the file, checks all of it, hands out views.
///
/// A file of the default source is mapped and not copied, so whoever replaces it must rename a new file over it,
/// as every writer of GVE does, and not write into it. An asset from elsewhere, such as an archive or the network,
/// is read into memory once; so is every asset on Windows, where a mapped file cannot be replaced.
///
/// A bad file does not fail a reload: the loader hands out the last good version again, and
/// [`GveAsset::refused`] says why.
///
/// # Errors
/// [`GveLoadError`], when no good version is in use; its text says what is wrong and where.
#[derive(TypePath, Debug, Default, Clone)]
pub struct GveAssetLoader {
    /// The folder behind the default source, if there is one.
    root: Option<PathBuf>,
    /// The last good version of each asset, as long as somebody uses it.
    in_use: Arc<Mutex<HashMap<AssetPath<'static>, Weak<AssetFile>>>>,
}

impl GveAssetLoader {
    /// A loader that maps files of the default source that lie under `root`.
    pub fn with_root(root: impl Into<PathBuf>) -> Self {
        Self { root: Some(root.into()), ..default() }
    }

    /// A loader for the default source of this app. In a browser nothing lies in a folder.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn for_app(_: &App) -> Self {
        Self::default()
    }

    /// A loader for the default source of this app.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn for_app(app: &App) -> Self {
        if let Some(root) = app.world().get_resource::<source::GveAssetRoot>() {
            return Self::with_root(&root.0);
        }
        let plugin = app.get_added_plugins::<AssetPlugin>();
        let root = plugin.first().map(|plugin| source::absolute_root(Path::new(&plugin.file_path)));
        Self { root, ..default() }
    }

    fn file_path(&self, context: &LoadContext) -> Option<PathBuf> {
        if cfg!(windows) {
            // A mapped file cannot be replaced there, and the next bake is to replace it.
            return None;
        }
        let path = context.path();
        let root = self.root.as_ref()?;
        matches!(path.source(), AssetSourceId::Default).then(|| root.join(path.path()))
    }

    async fn open(
        &self,
        reader: &mut dyn Reader,
        context: &LoadContext<'_>,
    ) -> Result<AssetFile, GveLoadError> {
        let mut bytes = Vec::new();
        reader.take(HEADER_BYTES as u64).read_to_end(&mut bytes).await?;
        // The default source need not be the folder we know of: an app may have put another reader there.
        // The path is mapped only if it starts with the bytes that the source itself hands out.
        if let Some(path) = self.file_path(context)
            && starts_with(&path, &bytes)
        {
            return Ok(AssetFile::open(&path)?);
        }
        // One byte more than allowed is enough for the reader to say that it is too much.
        reader.take(MAX_FILE_BYTES + 1 - bytes.len() as u64).read_to_end(&mut bytes).await?;
        Ok(AssetFile::from_bytes(bytes)?)
    }

    /// Remembers a good version while it is used.
    fn keep(&self, path: &AssetPath<'static>, file: &Arc<AssetFile>) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|_, file| file.strong_count() > 0);
        in_use.insert(path.clone(), Arc::downgrade(file));
    }

    /// The asset in a file that was opened; where it was not, the last good version, if there is one.
    pub(crate) fn settle(
        &self,
        path: &AssetPath<'static>,
        opened: Result<AssetFile, GveLoadError>,
    ) -> Result<GveAsset, GveLoadError> {
        match opened {
            Ok(file) => {
                let file = Arc::new(file);
                self.keep(path, &file);
                Ok(GveAsset::new(file))
            }
            Err(error) => match self.last_good(path) {
                Some(file) => Ok(GveAsset::new(file).with_refused(&error.to_string())),
                None => Err(error),
            },
        }
    }

    fn last_good(&self, path: &AssetPath<'static>) -> Option<Arc<AssetFile>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).get(path)?.upgrade()
    }
}

/// Bytes at the start of a file that tell it from every other: they hold its length and its checksum.
const HEADER_BYTES: usize = gve_assets::layout::HEADER_BYTES;

impl AssetLoader for GveAssetLoader {
    type Asset = GveAsset;
    type Settings = ();
    type Error = GveLoadError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        _settings: &(),
        context: &mut LoadContext<'_>,
    ) -> Result<GveAsset, GveLoadError> {
        let path = context.path().clone_owned();
        let opened = self.open(reader, context).await;
        self.settle(&path, opened)
    }

    fn extensions(&self) -> &[&str] {
        &["gve_bin"]
    }
}

fn starts_with(path: &Path, header: &[u8]) -> bool {
    let mut start = Vec::with_capacity(HEADER_BYTES);
    File::open(path)
        .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut start))
        .is_ok_and(|_| start == header)
}

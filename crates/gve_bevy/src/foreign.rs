//! Splats of other programs as assets: PLY and SPZ files.
//!
//! ```no_run
//! # use bevy::prelude::*;
//! # use gve_bevy::prelude::*;
//! App::new()
//!     .add_plugins((DefaultPlugins, GvePlugin, GveForeignPlugin))
//!     .add_systems(Startup, |mut commands: Commands, assets: Res<AssetServer>| {
//!         commands.spawn((GveObject(assets.load("scan.ply")), GveRepresentation::Splats));
//!     })
//!     .run();
//! ```
//!
//! Such an asset has no volume, no mesh and no mass; its spherical harmonics are not drawn, and its colours, which
//! hold the light of the photographs, are lit by the scene. `docs/interchange.md` says more. An object that asks
//! for another representation is drawn as splats all the same.

use bevy::{
    asset::{AssetLoader, AsyncReadExt, LoadContext, io::Reader},
    prelude::*,
};
use gve_assets::AssetFile;
use gve_interchange::{Format, ReadError, ReadErrorKind, gve, ply, spz};
use gve_types::{MaterialTable, limits::MAX_FILE_BYTES};
use serde::{Deserialize, Serialize};

use crate::asset::{GveAsset, GveAssetLoader, GveLoadError};

/// What a file of splats does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GveForeignSettings {
    /// Whether a PLY file has y up and z towards the viewer, instead of y down and z away as after training.
    pub ply_y_up: bool,
    /// The code of the material as which splats are lit.
    pub material: String,
}

impl Default for GveForeignSettings {
    /// As after training; rough and no metal, like red brick.
    fn default() -> Self {
        Self { ply_y_up: false, material: "ASTM_C62".to_owned() }
    }
}

/// Loads PLY and SPZ files of splats as [`GveAsset`]s; a bad file does not fail a reload, as with `.gve_bin` files.
///
/// # Ordering
/// Add it after [`GvePlugin`](crate::GvePlugin).
#[derive(Debug, Default, Clone, Copy)]
pub struct GveForeignPlugin;

impl Plugin for GveForeignPlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<Assets<GveAsset>>() {
            app.register_asset_loader(GveForeignLoader::default());
        } else {
            warn!("GveForeignPlugin needs GvePlugin before it; files of other programs will not load");
        }
    }
}

/// The loader that [`GveForeignPlugin`] adds.
#[derive(TypePath, Debug, Default, Clone)]
pub struct GveForeignLoader {
    /// Only for what it remembers.
    versions: GveAssetLoader,
}

impl AssetLoader for GveForeignLoader {
    type Asset = GveAsset;
    type Settings = GveForeignSettings;
    type Error = GveLoadError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        settings: &GveForeignSettings,
        context: &mut LoadContext<'_>,
    ) -> Result<GveAsset, GveLoadError> {
        let path = context.path().clone_owned();
        let mut bytes = Vec::new();
        // One byte more than allowed tells what is too long from what fits.
        reader.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).await?;
        let name = path.path().file_stem().unwrap_or_default().to_string_lossy();
        self.versions.settle(&path, convert(&bytes, &name, settings))
    }

    fn extensions(&self) -> &[&str] {
        &["ply", "spz"]
    }
}

/// An asset of the splats in a file.
fn convert(bytes: &[u8], name: &str, settings: &GveForeignSettings) -> Result<AssetFile, GveLoadError> {
    let Some(material) = MaterialTable::builtin().get(&settings.material) else {
        return Err(GveLoadError::Material { code: settings.material.clone() });
    };
    let format = Format::sniff(bytes).unwrap_or(Format::Ply);
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ReadError {
            kind: ReadErrorKind::TooLarge,
            format,
            place: gve_interchange::Place::Byte(0),
            what: "file".to_owned(),
            expected: format!("at most {MAX_FILE_BYTES} bytes"),
            found: "more".to_owned(),
        }
        .into());
    }
    let axes = if settings.ply_y_up { ply::Axes::YUp } else { ply::Axes::YDown };
    let cloud = match format {
        Format::Spz => spz::read(bytes)?,
        _ => ply::read(bytes, axes)?,
    };
    let asset = gve::to_asset(&cloud, name, material)?;
    let file = gve_assets::encode(&asset).map_err(std::io::Error::other)?;
    Ok(AssetFile::from_bytes(file)?)
}

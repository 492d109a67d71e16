//! Which plugins draw, and what each of them can draw on this machine.

use std::sync::Arc;

use bevy::prelude::*;
use gve_types::FileMetadata;

use super::{GveDrawnAs, GveRepresentation, lod::Forms};
use crate::asset::GveAsset;

type Accepts = Arc<dyn Fn(&GveAsset) -> Result<(), String> + Send + Sync>;
type IsReady = Arc<dyn Fn(AssetId<GveAsset>, &GveAsset) -> bool + Send + Sync>;

/// The plugins that draw, and which assets each of them can draw on this machine.
///
/// A plugin that draws a representation registers itself in its [`Plugin::finish`], when the limits of the GPU
/// are known.
#[derive(Resource, Default, Clone)]
pub struct GveRenderers {
    members: [Option<Accepts>; GveRepresentation::ALL.len()],
    ready: [Option<IsReady>; GveRepresentation::ALL.len()],
}

impl GveRenderers {
    /// Says that `representation` can be drawn, for every asset that `accepts` takes; its error is logged and
    /// should name the asset's figure and the machine's limit.
    pub fn register(
        &mut self,
        representation: GveRepresentation,
        accepts: impl Fn(&GveAsset) -> Result<(), String> + Send + Sync + 'static,
    ) {
        if let Some(member) = self.members.get_mut(representation as usize) {
            *member = Some(Arc::new(accepts));
        }
    }

    /// Says when an asset that is being drawn as `representation` is there as a whole. Until then an object that changes
    /// to it goes on being drawn as before too. Without it an asset is there at once.
    ///
    /// It is asked once a frame for each object that changes.
    pub fn set_ready(
        &mut self,
        representation: GveRepresentation,
        is_ready: impl Fn(AssetId<GveAsset>, &GveAsset) -> bool + Send + Sync + 'static,
    ) {
        if let Some(ready) = self.ready.get_mut(representation as usize) {
            *ready = Some(Arc::new(is_ready));
        }
    }

    /// Whether an asset that is being drawn as `representation` is there as a whole.
    pub(super) fn is_ready(
        &self,
        representation: GveRepresentation,
        id: AssetId<GveAsset>,
        asset: &GveAsset,
    ) -> bool {
        let is_ready = self.ready.get(representation as usize).and_then(Option::as_ref);
        is_ready.is_none_or(|is_ready| is_ready(id, asset))
    }

    /// Whether `asset` can be drawn as `representation`, and if not, why. As `Auto` it can be drawn where it can be as
    /// anything.
    pub fn check(&self, representation: GveRepresentation, asset: &GveAsset) -> Result<(), String> {
        match self.members.get(representation as usize) {
            Some(Some(accepts)) => accepts(asset),
            None => {
                let mut all = GveRepresentation::ALL.map(|other| self.check(other, asset)).into_iter();
                let first = all.next().unwrap_or(Ok(()));
                all.fold(first, Result::or)
            }
            Some(None) => Err(format!("no plugin of this app draws {representation}")),
        }
    }

    /// Whether nothing can be drawn at all, as in an app without a renderer.
    pub(super) fn is_empty(&self) -> bool {
        self.members.iter().all(Option::is_none)
    }

    /// What `asset` is drawn as when `wanted` is asked for, and why it is not `wanted`.
    pub(super) fn choose(&self, wanted: GveRepresentation, asset: &GveAsset) -> GveDrawnAs {
        let can = |other| wanted != other && self.check(other, asset).is_ok();
        let is_splats_alone = is_splats_alone(asset);
        let instead = if can(GveRepresentation::Shell) {
            Some(GveRepresentation::Shell)
        } else {
            (is_splats_alone && can(GveRepresentation::Splats)).then_some(GveRepresentation::Splats)
        };
        match self.check(wanted, asset) {
            Ok(()) => {
                let reason = match wanted {
                    GveRepresentation::Volume if is_splats_alone => {
                        Some("its volume is empty: its file was made from splats alone".to_owned())
                    }
                    GveRepresentation::Volume => volume_lacks(asset.metadata()),
                    _ => None,
                };
                // Where there is nothing else, most of an asset is better than nothing of it.
                let what = reason.as_ref().and(instead).unwrap_or(wanted);
                GveDrawnAs { what: Some(what), reason, ..default() }
            }
            Err(reason) => GveDrawnAs { what: instead, reason: Some(reason), ..default() },
        }
    }

    /// What an object that chooses for itself chooses from.
    pub(super) fn forms(&self, asset: &GveAsset) -> Forms {
        let GveDrawnAs { what, reason, .. } = self.choose(GveRepresentation::Volume, asset);
        let near = what.filter(|what| *what != GveRepresentation::Splats);
        let can_splat = self.check(GveRepresentation::Splats, asset).is_ok();
        Forms { near, splats: if can_splat { asset.splats().len() as u32 } else { 0 }, reason }
    }
}

/// Whether an asset has splats and neither a surface in its volume nor a triangle.
fn is_splats_alone(asset: &GveAsset) -> bool {
    let is_empty = asset.shell().indices.is_empty()
        && asset.volume().levels().iter().all(|level| level.stored_bricks() == 0);
    is_empty && !asset.splats().is_empty()
}

/// What the volume of an asset does not show, if anything.
fn volume_lacks(metadata: &FileMetadata) -> Option<String> {
    let feature = metadata.volume_lacks.first()?;
    let [x, y, z] = feature.place;
    let more = match metadata.volume_lacks.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "its volume lacks {} ({:.2} mm thick at [{x:.3}, {y:.3}, {z:.3}]){more}; bake it with a larger budget \
         for the volume or a higher resolution to see it there",
        feature.path,
        1000.0 * feature.thickness_m,
    ))
}

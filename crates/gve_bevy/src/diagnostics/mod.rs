//! Figures for Bevy's diagnostics: what there is, what is drawn, what it takes.
//!
//! | diagnostic | counts |
//! |---|---|
//! | [`OBJECTS`] | objects |
//! | [`OBJECTS_VOLUME`], [`OBJECTS_SPLATS`], [`OBJECTS_SHELL`] | those drawn as a volume, as splats, as a shell |
//! | [`OBJECTS_TOO_SMALL`] | those that are not drawn because they are too small on the screen |
//! | [`OBJECTS_FADING`] | those that change from one to another, which are drawn as both |
//! | [`SPLATS_DRAWN`] | splats that cameras ask for, after the choice of detail |
//! | [`SPLATS_SORTED`] | those of them that were sorted anew: none while nothing moves |
//! | [`SPLATS_BYTES`] | bytes of the GPU's memory that splats take |
//!
//! Splats are counted where the GPU sorts them. The time that each pass takes on the GPU is among Bevy's own: add
//! [`RenderDiagnosticsPlugin`](bevy::render::diagnostic::RenderDiagnosticsPlugin) and look for `render/gve_…`.

#[cfg(feature = "overlay")]
mod overlay;

use bevy::{
    diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic},
    prelude::*,
};

use crate::{
    object::{GveDrawnAs, GveObject, GveRepresentation},
    splat::GveSplatCounts,
};

#[cfg(feature = "overlay")]
pub use overlay::GveOverlayPlugin;

/// Objects.
pub const OBJECTS: DiagnosticPath = DiagnosticPath::const_new("gve/objects");
/// Objects drawn as a volume.
pub const OBJECTS_VOLUME: DiagnosticPath = DiagnosticPath::const_new("gve/objects/volume");
/// Objects drawn as splats.
pub const OBJECTS_SPLATS: DiagnosticPath = DiagnosticPath::const_new("gve/objects/splats");
/// Objects drawn as a shell.
pub const OBJECTS_SHELL: DiagnosticPath = DiagnosticPath::const_new("gve/objects/shell");
/// Objects that are too small on the screen to be drawn.
pub const OBJECTS_TOO_SMALL: DiagnosticPath = DiagnosticPath::const_new("gve/objects/too_small");
/// Objects that change from one representation to another.
pub const OBJECTS_FADING: DiagnosticPath = DiagnosticPath::const_new("gve/objects/fading");
/// Splats that cameras ask for in a frame.
pub const SPLATS_DRAWN: DiagnosticPath = DiagnosticPath::const_new("gve/splats/drawn");
/// Splats that were sorted anew in a frame.
pub const SPLATS_SORTED: DiagnosticPath = DiagnosticPath::const_new("gve/splats/sorted");
/// Bytes of the GPU's memory that splats take.
pub const SPLATS_BYTES: DiagnosticPath = DiagnosticPath::const_new("gve/splats/resident_bytes");

/// All of them, with their units.
const ALL: [(DiagnosticPath, &str); 9] = [
    (OBJECTS, ""),
    (OBJECTS_VOLUME, ""),
    (OBJECTS_SPLATS, ""),
    (OBJECTS_SHELL, ""),
    (OBJECTS_TOO_SMALL, ""),
    (OBJECTS_FADING, ""),
    (SPLATS_DRAWN, ""),
    (SPLATS_SORTED, ""),
    (SPLATS_BYTES, " B"),
];

/// Counts objects and splats, once a frame, into Bevy's [`DiagnosticsStore`](bevy::diagnostic::DiagnosticsStore).
///
/// It is no member of [`GvePlugin`](crate::GvePlugin): it looks at every object in every frame.
///
/// # Requires
/// [`DiagnosticsPlugin`](bevy::diagnostic::DiagnosticsPlugin), part of `DefaultPlugins`.
#[derive(Debug, Default, Clone, Copy)]
pub struct GveDiagnosticsPlugin;

impl Plugin for GveDiagnosticsPlugin {
    fn build(&self, app: &mut App) {
        for (path, unit) in ALL {
            app.register_diagnostic(Diagnostic::new(path).with_suffix(unit));
        }
        app.add_systems(Last, count);
    }
}

fn count(
    mut diagnostics: Diagnostics,
    objects: Query<Option<&GveDrawnAs>, With<GveObject>>,
    splats: Option<Res<GveSplatCounts>>,
) {
    let mut counts = [0_u32; GveRepresentation::ALL.len()];
    let (mut all, mut too_small, mut fading) = (0_u32, 0_u32, 0_u32);
    for drawn_as in &objects {
        all += 1;
        too_small += u32::from(drawn_as.is_some_and(|drawn_as| drawn_as.too_small().is_some()));
        fading += u32::from(drawn_as.is_some_and(|drawn_as| drawn_as.fading().is_some()));
        if let Some(count) =
            drawn_as.and_then(|drawn_as| **drawn_as).and_then(|what| counts.get_mut(what as usize))
        {
            *count += 1;
        }
    }
    diagnostics.add_measurement(&OBJECTS, || all.into());
    let of = |what: GveRepresentation| f64::from(counts[what as usize]);
    diagnostics.add_measurement(&OBJECTS_VOLUME, || of(GveRepresentation::Volume));
    diagnostics.add_measurement(&OBJECTS_SPLATS, || of(GveRepresentation::Splats));
    diagnostics.add_measurement(&OBJECTS_SHELL, || of(GveRepresentation::Shell));
    diagnostics.add_measurement(&OBJECTS_TOO_SMALL, || too_small.into());
    diagnostics.add_measurement(&OBJECTS_FADING, || fading.into());
    let Some(splats) = splats else { return };
    diagnostics.add_measurement(&SPLATS_DRAWN, || splats.drawn() as f64);
    diagnostics.add_measurement(&SPLATS_SORTED, || splats.sorted() as f64);
    diagnostics.add_measurement(&SPLATS_BYTES, || splats.resident_bytes() as f64);
}

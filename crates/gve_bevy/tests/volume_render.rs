//! Pictures of volumes, drawn by whatever Vulkan driver there is, in software if need be.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::prelude::*;
use common::{
    asset::{Shape, asset, material},
    *,
};
use gve_bevy::prelude::*;

const RED: [u8; 3] = [200, 40, 30];
const VOLUME: GveRepresentation = GveRepresentation::Volume;
const SHELL: GveRepresentation = GveRepresentation::Shell;
const EYE: Vec3 = Vec3::new(1.2, 1.4, 2.6);

/// Coarse enough to be quick, fine enough to be exact to a tenth of a pixel.
const RESOLUTION: u32 = 48;

fn red_sphere() -> GveAsset {
    asset(&Shape::sphere(1.0, material(RED, 0.0, 0.5)), RESOLUTION)
}

#[test]
fn a_volume_looks_like_the_mesh_of_the_same_shape() {
    for msaa in [Msaa::Off, Msaa::Sample4] {
        let mut app = app();
        spawn_lights(&mut app);
        let target = target(&mut app);
        app.world_mut().spawn((camera(&target, EYE), msaa));
        let object = spawn(&mut app, red_sphere(), VOLUME, Transform::default());
        let volume = shoot(&mut app, &target);
        app.world_mut().entity_mut(object).insert(SHELL);
        let shell = shoot(&mut app, &target);
        volume.keep(&format!("volume_{}", msaa.samples()));
        shell.keep(&format!("shell_{}", msaa.samples()));
        assert!(volume.covered() > 10_000, "{} pixels are covered", volume.covered());
        let (iou, difference) = (volume.iou(&shell), volume.color_difference(&shell));
        assert!(iou > 0.99, "silhouettes agree to {iou}");
        assert!(difference < 2.0, "colours differ by {difference} of 255");
    }
}

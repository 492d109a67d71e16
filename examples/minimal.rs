//! The whole of an app: the snippet of the README.
//!
//! `cargo run -p gve -- bake assets/library/windsor_chair.gve.json -o examples/assets/oak_chair.gve_bin` bakes what it
//! shows.

use bevy::prelude::*;
use gve_bevy::prelude::*;

fn main() {
    App::new()
        .add_plugins(GveAssetSourcePlugin::default()) // optional: changed files reload in milliseconds
        .add_plugins((DefaultPlugins, GvePlugin))
        .add_systems(Startup, |mut commands: Commands, assets: Res<AssetServer>| {
            commands.spawn(GveObject(assets.load("oak_chair.gve_bin")));
            commands.spawn((
                Camera3d::default(),
                Transform::from_xyz(1.5, 1.2, 2.0).looking_at(Vec3::Y * 0.5, Vec3::Y),
            ));
            commands.spawn((
                DirectionalLight::default(),
                Transform::default().looking_to(Vec3::NEG_ONE, Vec3::Y),
            ));
        })
        .run();
}

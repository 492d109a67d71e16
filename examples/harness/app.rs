//! The Bevy app of an example, with a window or without.

use std::path::Path;

use bevy::{
    log::LogPlugin,
    prelude::*,
    render::{RenderPlugin, pipelined_rendering::PipelinedRenderingPlugin},
    window::{ExitCondition, WindowResolution},
    winit::WinitPlugin,
};
use gve_bevy::prelude::*;

use crate::{gpu, hud::HudPlugin, orbit::OrbitPlugin, stage::StagePlugin};

/// Bevy's warnings and this suite's news; the GPU layers only when something is wrong.
const LOG_FILTER: &str = "warn,gve_bevy=info,wgpu=error,naga=error,bevy_render=warn";

/// An app with a window, a stage, an orbiting camera and a help text; `architect` serves `gve://` addresses.
///
/// # Errors
/// Where nothing can draw.
pub fn windowed(title: &str, asset_root: &Path, architect: Option<&str>) -> anyhow::Result<App> {
    gpu::require()?;
    let window =
        Window { title: title.to_owned(), resolution: WindowResolution::new(1280, 720), ..default() };
    let mut app = App::new();
    add_sources(&mut app, asset_root, architect);
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..default() })
            .set(assets(asset_root))
            .set(log()),
    );
    app.add_plugins((GvePlugin, StagePlugin, OrbitPlugin, HudPlugin));
    Ok(app)
}

/// An app that draws into images only and is driven by its owner, update by update.
pub fn headless(asset_root: &Path, architect: Option<&str>) -> App {
    let mut app = App::new();
    add_sources(&mut app, asset_root, architect);
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(assets(asset_root))
            .set(log())
            // A picture must not be taken while a shader is still compiled in the background.
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            // Its owner waits for each frame; drawing one while the next begins would only make it wait longer.
            .disable::<PipelinedRenderingPlugin>()
            .disable::<WinitPlugin>(),
    );
    app.add_plugins((GvePlugin, StagePlugin, HudPlugin));
    app
}

/// An app with nothing but Bevy and this suite, with a window or without, and with its splats drawn like this.
pub fn bare(asset_root: &Path, splats: GveSplatPlugin, windowed: bool) -> App {
    let mut app = App::new();
    add_sources(&mut app, asset_root, None);
    let mut plugins = DefaultPlugins.set(assets(asset_root)).set(log());
    if !windowed {
        plugins = plugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
            .disable::<PipelinedRenderingPlugin>()
            .disable::<WinitPlugin>();
    }
    app.add_plugins(plugins).add_plugins(GvePlugin.build().set(splats));
    app
}

fn assets(root: &Path) -> AssetPlugin {
    AssetPlugin { file_path: root.display().to_string(), watch_for_changes_override: Some(true), ..default() }
}

/// Where assets come from; these plugins go before Bevy's own.
fn add_sources(app: &mut App, root: &Path, architect: Option<&str>) {
    app.add_plugins(GveAssetSourcePlugin::new(root));
    if let Some(server) = architect {
        app.add_plugins(GveNetPlugin::new(server));
    }
}

fn log() -> LogPlugin {
    LogPlugin { filter: LOG_FILTER.to_owned(), ..default() }
}

//! An app without a window that takes pictures, and assets made from distance functions.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod asset;
pub mod picture;
pub mod stage;

pub use picture::{Picture, SIZE};

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bevy::{
    app::{PluginGroupBuilder, PluginsState, TaskPoolPlugin},
    asset::RenderAssetUsages,
    camera::{CameraPlugin, RenderTarget},
    core_pipeline::CorePipelinePlugin,
    diagnostic::{DiagnosticsPlugin, FrameCountPlugin},
    gizmos::GizmoPlugin,
    image::ImagePlugin,
    input::InputPlugin,
    light::LightPlugin,
    mesh::MeshPlugin,
    pbr::PbrPlugin,
    prelude::*,
    render::{
        RenderApp, RenderPlugin,
        gpu_readback::{Readback, ReadbackComplete},
        render_resource::PipelineCache,
        render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages},
        renderer::RenderDevice,
    },
    time::TimePlugin,
    window::{ExitCondition, WindowPlugin},
};
use gve_bevy::prelude::*;

/// An app that draws into images, with all of GVE's plugins.
pub fn app() -> App {
    app_with(GvePlugin.build())
}

/// An app that draws into images, with some of GVE's plugins.
pub fn app_with(gve: PluginGroupBuilder) -> App {
    app_on(RenderPlugin { synchronous_pipeline_compilation: true, ..default() }, gve)
}

/// An app on a renderer of one's own.
pub fn app_on(renderer: RenderPlugin, gve: PluginGroupBuilder) -> App {
    let mut app = App::new();
    app.add_plugins((
        TaskPoolPlugin::default(),
        FrameCountPlugin,
        TimePlugin,
        TransformPlugin,
        DiagnosticsPlugin,
        InputPlugin,
        WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() },
        AssetPlugin::default(),
        renderer,
        ImagePlugin::default(),
        MeshPlugin,
        GizmoPlugin,
        CameraPlugin,
        LightPlugin,
        CorePipelinePlugin,
    ));
    app.add_plugins(PbrPlugin::default());
    if std::env::var_os("RUST_LOG").is_some() {
        app.add_plugins(bevy::log::LogPlugin::default());
    }
    app.add_plugins(gve);
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    app
}

/// Bytes of the GPU's memory that buffers and textures take whose labels begin like this.
pub fn gpu_bytes(app: &App, label: &str) -> u64 {
    let device = app.get_sub_app(RenderApp).unwrap().world().resource::<RenderDevice>();
    let report = device.wgpu_device().generate_allocator_report().unwrap();
    report.allocations.iter().filter(|of| of.name.starts_with(label)).map(|of| of.size).sum()
}

/// An image that a camera can draw into.
pub fn target(app: &mut App) -> Handle<Image> {
    let size = Extent3d { width: SIZE, height: SIZE, depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    let mut image =
        Image::new_fill(size, TextureDimension::D2, &[0; 4], format, RenderAssetUsages::default());
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    app.world_mut().resource_mut::<Assets<Image>>().add(image)
}

/// What a test camera is made of; it looks at the origin in front of black.
pub fn camera(target: &Handle<Image>, eye: Vec3) -> impl Bundle {
    (
        Camera3d::default(),
        Camera { clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        RenderTarget::Image(target.clone().into()),
        Transform::from_translation(eye).looking_at(Vec3::ZERO, Vec3::Y),
    )
}

/// A sun that casts shadows, and some light from everywhere.
pub fn spawn_lights(app: &mut App) {
    app.world_mut().spawn((
        DirectionalLight { illuminance: 6000.0, shadow_maps_enabled: true, ..default() },
        Transform::from_xyz(2.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 300.0, ..default() });
}

/// An object of this asset at this place.
pub fn spawn(app: &mut App, asset: GveAsset, what: GveRepresentation, place: Transform) -> Entity {
    let handle = app.world_mut().resource_mut::<Assets<GveAsset>>().add(asset);
    app.world_mut().spawn((GveObject(handle), what, place)).id()
}

/// An ordinary Bevy mesh.
pub fn spawn_mesh(app: &mut App, mesh: impl Into<Mesh>, color: Color, place: Transform) -> Entity {
    let mesh = app.world_mut().resource_mut::<Assets<Mesh>>().add(mesh);
    let material = StandardMaterial { base_color: color, perceptual_roughness: 0.9, ..default() };
    let material = app.world_mut().resource_mut::<Assets<StandardMaterial>>().add(material);
    app.world_mut().spawn((Mesh3d(mesh), MeshMaterial3d(material), place)).id()
}

/// Draws a few frames, so that everything has settled, and reads an image back.
pub fn shoot(app: &mut App, target: &Handle<Image>) -> Picture {
    wait_for_pipelines(app);
    read(app, target)
}

/// Draws until no shader is still being loaded or compiled, and then the frames in which what they draw gets ready.
/// Shaders of Bevy that a GPU cannot have are waited for in vain.
fn wait_for_pipelines(app: &mut App) {
    let is_waiting = |app: &App| {
        let cache = app.get_sub_app(RenderApp).unwrap().world().resource::<PipelineCache>();
        cache.waiting_pipelines().next().is_some()
    };
    for _ in 0..3 {
        app.update();
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_waiting(app) && Instant::now() < deadline {
        app.update();
        if !is_waiting(app) {
            for _ in 0..3 {
                app.update();
            }
        }
    }
}

/// Draws until an image has been read back.
pub fn read(app: &mut App, target: &Handle<Image>) -> Picture {
    let frames = watch(app, target);
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        app.update();
        if !frames.is_empty() {
            return frames.take(app).remove(0);
        }
        // Frames may be quicker than the GPU's answer.
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no picture came back in a minute");
}

/// Reads an image back after every frame.
pub struct Frames {
    arrived: Arc<Mutex<Vec<Picture>>>,
    reader: Entity,
}

pub fn watch(app: &mut App, target: &Handle<Image>) -> Frames {
    let arrived: Arc<Mutex<Vec<Picture>>> = Arc::default();
    let sink = arrived.clone();
    let keep = move |read: On<ReadbackComplete>| {
        sink.lock().unwrap().push(Picture { rgba: read.data.clone() });
    };
    let reader = app.world_mut().spawn(Readback::texture(target.clone())).observe(keep).id();
    Frames { arrived, reader }
}

impl Frames {
    pub fn is_empty(&self) -> bool {
        self.arrived.lock().unwrap().is_empty()
    }

    /// The frames that came back so far, oldest first.
    pub fn take(self, app: &mut App) -> Vec<Picture> {
        app.world_mut().despawn(self.reader);
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }
}

//! An app without a window that takes pictures, and assets made of splats alone.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bevy::{
    app::PluginsState,
    asset::RenderAssetUsages,
    camera::RenderTarget,
    log::LogPlugin,
    prelude::*,
    render::{
        RenderApp, RenderPlugin,
        gpu_readback::{Readback, ReadbackComplete},
        pipelined_rendering::PipelinedRenderingPlugin,
        render_resource::{Extent3d, PipelineCache, TextureDimension, TextureFormat, TextureUsages},
        renderer::RenderDevice,
    },
    window::ExitCondition,
    winit::WinitPlugin,
};
use gve_assets::{
    AssetData, AssetFile, BrickCell, PartIds, Refinement, Shell, ShellPart, Splat, Volume, VolumeLevel,
};
use gve_bevy::prelude::*;
use gve_types::{
    Bounds, ColorMode, FileMetadata, MassProperties, MaterialSpec,
    dna::{AssetCategory, AudioPatch},
};

/// Side of every picture; its rows need no padding when they are read back.
pub const SIZE: u32 = 256;

/// An app that draws into images.
pub fn app() -> App {
    app_with(GvePlugin.build())
}

/// The same with these plugins of ours.
pub fn app_with(plugins: impl PluginGroup) -> App {
    app_on(RenderPlugin { synchronous_pipeline_compilation: true, ..default() }, plugins)
}

/// The same on a GPU that is set up like this.
pub fn app_on(renderer: RenderPlugin, plugins: impl PluginGroup) -> App {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .set(renderer)
            .disable::<LogPlugin>()
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>(),
    );
    app.add_plugins(plugins);
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    app
}

/// A picture of sRGB bytes.
#[derive(Clone)]
pub struct Picture {
    pub rgba: Vec<u8>,
}

impl Picture {
    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let i = ((y * SIZE + x) * 4) as usize;
        self.rgba[i..i + 4].try_into().unwrap()
    }

    /// Mean of each channel over a square around a pixel.
    pub fn mean(&self, x: u32, y: u32, reach: u32) -> [f32; 3] {
        let pixels: Vec<_> = (y - reach..=y + reach)
            .flat_map(|y| (x - reach..=x + reach).map(move |x| (x, y)))
            .map(|(x, y)| self.at(x, y))
            .collect();
        std::array::from_fn(|c| {
            pixels.iter().map(|pixel| f32::from(pixel[c])).sum::<f32>() / pixels.len() as f32
        })
    }

    /// Leaves the picture where a person can look at it, if `GVE_TEST_PICTURES` names a folder.
    pub fn keep(&self, name: &str) {
        if let Some(folder) = std::env::var_os("GVE_TEST_PICTURES") {
            let mut ppm = format!("P6 {SIZE} {SIZE} 255\n").into_bytes();
            ppm.extend(self.rgba.chunks_exact(4).flat_map(|pixel| &pixel[..3]));
            std::fs::write(PathBuf::from(folder).join(format!("{name}.ppm")), ppm).unwrap();
        }
    }
}

/// Bytes of the GPU's memory that buffers and textures take whose labels begin like this.
pub fn gpu_bytes(app: &App, label: &str) -> u64 {
    let device = app.get_sub_app(RenderApp).unwrap().world().resource::<RenderDevice>();
    let report = device.wgpu_device().generate_allocator_report().unwrap();
    report.allocations.iter().filter(|of| of.name.starts_with(label)).map(|of| of.size).sum()
}

#[derive(Resource, Default, Clone)]
struct Arrived(Arc<Mutex<Vec<(Entity, Vec<u8>)>>>);

/// An image that a camera can draw into.
pub fn target(app: &mut App) -> Handle<Image> {
    let size = Extent3d { width: SIZE, height: SIZE, depth_or_array_layers: 1 };
    let mut image = Image::new_fill(
        size,
        TextureDimension::D2,
        &[0; 4],
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::default(),
    );
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    app.world_mut().resource_mut::<Assets<Image>>().add(image)
}

/// What a test camera is made of; add to it or overwrite parts of it when spawning.
pub fn camera(target: &Handle<Image>, eye: Vec3) -> impl Bundle {
    (
        Camera3d::default(),
        Camera { clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        RenderTarget::Image(target.clone().into()),
        Transform::from_translation(eye)
            .looking_at(Vec3::ZERO, if eye.x == 0.0 && eye.z == 0.0 { Vec3::Z } else { Vec3::Y }),
    )
}

/// A sun from the upper right and some sky.
pub fn spawn_lights(app: &mut App) {
    app.world_mut().spawn((
        DirectionalLight { illuminance: 6000.0, ..default() },
        Transform::from_xyz(2.0, 3.0, 2.5).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    app.world_mut().insert_resource(GlobalAmbientLight { brightness: 400.0, ..default() });
}

/// Draws until nothing changes any more and reads an image back. (Bevy sizes its light clusters by what it
/// reads back from the GPU a few frames later; until then lamps are missing.)
pub fn shoot(app: &mut App, target: &Handle<Image>) -> Picture {
    wait_for_pipelines(app);
    let mut last = read(app, target);
    for _ in 0..20 {
        let next = read(app, target);
        if next.rgba == last.rgba {
            return next;
        }
        last = next;
    }
    panic!("the picture never settles");
}

/// Draws until no shader is still being loaded or compiled, and then the frames in which what they draw gets ready.
/// Shaders of Bevy that a GPU cannot have are waited for in vain.
fn wait_for_pipelines(app: &mut App) {
    let is_waiting = |app: &App| {
        let cache = app.get_sub_app(RenderApp).unwrap().world().resource::<PipelineCache>();
        cache.waiting_pipelines().next().is_some()
    };
    for _ in 0..4 {
        app.update();
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_waiting(app) && Instant::now() < deadline {
        app.update();
        if !is_waiting(app) {
            for _ in 0..4 {
                app.update();
            }
        }
    }
}

/// Draws until an image has been read back.
pub fn read(app: &mut App, target: &Handle<Image>) -> Picture {
    let arrived = app.world_mut().get_resource_or_init::<Arrived>().clone();
    arrived.0.lock().unwrap().clear();
    let sink = arrived.clone();
    let reader = app
        .world_mut()
        .spawn(Readback::texture(target.clone()))
        .observe(move |read: On<ReadbackComplete>| {
            sink.0.lock().unwrap().push((read.entity, read.data.clone()));
        })
        .id();
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        app.update();
        let found = arrived.0.lock().unwrap().pop();
        if let Some((entity, rgba)) = found {
            assert_eq!(entity, reader);
            app.world_mut().despawn(reader);
            return Picture { rgba };
        }
        // Frames may be quicker than the GPU's answer.
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no picture came back in a minute");
}

/// A material with the given look.
pub fn material(base_color_srgb: [u8; 3], metallic: f32, roughness: f32) -> MaterialSpec {
    MaterialSpec {
        spec_id: "TEST".into(),
        display_name: "Test".into(),
        density_kg_m3: 1000.0,
        youngs_modulus_gpa: 100.0,
        poissons_ratio: 0.3,
        damping_coefficient: 0.01,
        resonance_freq_min_hz: 100.0,
        resonance_freq_max_hz: 1000.0,
        base_color_srgb,
        metallic,
        roughness,
        recommended_color_mode: ColorMode::Rgb,
    }
}

/// The octahedral code of a direction: the inverse of what the shader does.
pub fn encode_octahedral(n: Vec3) -> [i8; 2] {
    let n = n / (n.x.abs() + n.y.abs() + n.z.abs());
    let sign = |v: f32| if v >= 0.0 { 1.0 } else { -1.0 };
    let (x, y) =
        if n.z >= 0.0 { (n.x, n.y) } else { ((1.0 - n.y.abs()) * sign(n.x), (1.0 - n.x.abs()) * sign(n.y)) };
    [(x * 127.0).round() as i8, (y * 127.0).round() as i8]
}

/// A surfel that covers about `area` square metres.
pub fn surfel(position: Vec3, normal: Vec3, area: f32, color: [u8; 3], material: u8) -> Splat {
    // One deviation as wide as the spacing: six layers of gaussian over every point.
    let sigma = area.sqrt();
    Splat {
        position: position.to_array(),
        scale: [sigma, sigma, sigma * 0.02],
        rotation: Quat::from_rotation_arc(Vec3::Z, normal).normalize().to_array(),
        color: [color[0], color[1], color[2], 250],
        normal_oct: encode_octahedral(normal),
        material,
        reserved: 0,
    }
}

/// A sphere of evenly spread surfels: points of a Fibonacci lattice, shuffled so that any prefix is even too.
pub fn sphere(count: u32, radius: f32, color: [u8; 3]) -> Vec<Splat> {
    let area = 4.0 * std::f32::consts::PI * radius * radius / count as f32;
    let golden = std::f32::consts::PI * (3.0 - 5.0_f32.sqrt());
    let mut splats: Vec<_> = (0..count)
        .map(|i| {
            let y = 1.0 - 2.0 * (i as f32 + 0.5) / count as f32;
            let ring = (1.0 - y * y).sqrt();
            let (sin, cos) = (golden * i as f32).sin_cos();
            let normal = Vec3::new(ring * cos, y, ring * sin);
            surfel(normal * radius, normal, area, color, 0)
        })
        .collect();
    let mut state = 1_u32;
    for i in (1..splats.len()).rev() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        splats.swap(i, (state >> 8) as usize % (i + 1));
    }
    splats
}

/// An asset that holds these splats; its volume and shell are the least that a file may hold.
pub fn asset(splats: Vec<Splat>, materials: Vec<MaterialSpec>) -> GveAsset {
    asset_with_shell(splats, materials, 0.01)
}

/// The same with a larger shell: a tetrahedron whose corners lie on the axes, this far out, and at the origin.
pub fn asset_with_shell(splats: Vec<Splat>, materials: Vec<MaterialSpec>, shell: f32) -> GveAsset {
    let (min, max) = splats.iter().fold((Vec3::MAX, Vec3::MIN), |(min, max), splat| {
        let p = Vec3::from(splat.position);
        (min.min(p), max.max(p))
    });
    let data = AssetData {
        asset_id: 1,
        version: 1,
        refinement: Refinement::Geometry,
        volume: Volume {
            origin: [0.0; 3],
            cell_size: 0.1,
            lipschitz: 1.0,
            bricks: [1; 3],
            slab: [1; 2],
            levels: vec![VolumeLevel {
                cells: vec![BrickCell::stored(0)],
                scales: vec![1.0],
                distances: vec![default(); 512],
                parts: PartIds::U8(vec![0; 512]),
            }],
        },
        splats,
        shell: Shell {
            positions: vec![[0.0; 3], [shell, 0.0, 0.0], [0.0, shell, 0.0], [0.0, 0.0, shell]],
            normals: vec![[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            weld: vec![0, 1, 2, 3],
            indices: vec![0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3],
            parts: vec![ShellPart { material: 0, first_index: 0, index_count: 12 }],
        },
        audio_patch: AudioPatch::default(),
        metadata: FileMetadata {
            name: "Splats".into(),
            category: AssetCategory::Prop,
            bounds: Bounds { min: min.to_array(), max: max.to_array() },
            parts: gve_assets::parts_of_materials(&materials),
            materials,
            dna_hash: "0".repeat(64),
            compiler_version: "gve test".into(),
            mass: MassProperties {
                mass_kg: 1.0,
                volume_m3: 1.0,
                relative_error: 0.0,
                inertia_relative_error: 0.0,
                center_of_mass: [0.0; 3],
                inertia_kg_m2: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            },
            embedding: Vec::new(),
            splats_trained: false,
            warnings: Vec::new(),
            volume_lacks: Vec::new(),
        },
    };
    GveAsset::new(Arc::new(AssetFile::from_bytes(gve_assets::encode(&data).unwrap()).unwrap()))
}

/// Adds an asset and an object that shows it as splats.
pub fn spawn(app: &mut App, asset: GveAsset, transform: Transform) -> Entity {
    let handle = app.world_mut().resource_mut::<Assets<GveAsset>>().add(asset);
    app.world_mut().spawn((GveObject(handle), GveRepresentation::Splats, transform)).id()
}

//! An app without a window that is asked for pictures, one call after the other.

use std::{
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bevy::{
    app::PluginsState,
    camera::RenderTarget,
    prelude::*,
    render::{
        RenderApp,
        render_resource::{PipelineCache, TextureFormat},
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
};
use gve_bevy::prelude::*;
use image::RgbaImage;

use crate::{
    app,
    environment::studio_light,
    gpu,
    orbit::Orbit,
    stage::{Ground, ground_below, shadows_around},
};

/// Frames drawn before a picture counts: one to extract, one to prepare materials, one to sort, one to spare.
const SETTLE_FRAMES: usize = 4;
/// How long is waited for shaders: some of Bevy's never come where a GPU lacks what they need.
const SHADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an asset may take to load.
const LOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// An app that draws one object into an image.
pub struct Studio {
    app: App,
    camera: Entity,
    object: Entity,
    target: Handle<Image>,
    /// Pictures of [`Studio::film`].
    film: (mpsc::Sender<Image>, mpsc::Receiver<Image>),
}

/// What is around the object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Surroundings {
    /// The ground with the object's shadow.
    Stage,
    /// Nothing but a colour, for masks.
    Empty(Color),
}

impl Studio {
    /// An app over a folder of assets; pictures are squares of `size` pixels.
    ///
    /// # Errors
    /// When the renderer does not come up, for want of any graphics driver for example.
    pub fn new(asset_root: &Path, size: u32) -> anyhow::Result<Self> {
        Self::connected(asset_root, None, size)
    }

    /// The same, with `gve://` addresses served by an Architect.
    ///
    /// # Errors
    /// When the renderer does not come up, for want of any graphics driver for example.
    pub fn connected(asset_root: &Path, architect: Option<&str>, size: u32) -> anyhow::Result<Self> {
        gpu::require()?;
        let mut app = app::headless(asset_root, architect);
        let started = Instant::now();
        while app.plugins_state() == PluginsState::Adding {
            if started.elapsed() > LOAD_TIMEOUT {
                bail!("the renderer did not start within {LOAD_TIMEOUT:?}");
            }
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();

        let world = app.world_mut();
        let target = {
            let mut images = world.resource_mut::<Assets<Image>>();
            images.add(Image::new_target_texture(size, size, TextureFormat::Rgba8UnormSrgb, None))
        };
        let light = studio_light(&mut world.resource_mut::<Assets<Image>>());
        let camera = world
            .spawn((
                Camera3d::default(),
                RenderTarget::Image(target.clone().into()),
                light,
                Msaa::Sample4,
                IsDefaultUiCamera,
            ))
            .id();
        let object = world.spawn(Visibility::Inherited).id();
        Ok(Self { app, camera, object, target, film: mpsc::channel() })
    }

    /// Shows an asset in place of the one before, waits until it is there, and frames it.
    ///
    /// # Errors
    /// When the asset cannot be loaded, with the loader's reason.
    pub fn show(&mut self, file: &str, representation: GveRepresentation) -> anyhow::Result<()> {
        let handle: Handle<GveAsset> = self.app.world().resource::<AssetServer>().load(file.to_owned());
        let world = self.app.world_mut();
        world.despawn(self.object);
        self.object = world.spawn((GveObject(handle.clone()), representation)).id();
        let started = Instant::now();
        loop {
            self.app.update();
            match self.app.world().get::<GveAssetStatus>(self.object) {
                Some(GveAssetStatus::Ready { .. }) => break,
                Some(GveAssetStatus::Failed(reason)) => bail!("{file}: {reason}"),
                _ if started.elapsed() > LOAD_TIMEOUT => bail!("{file}: not loaded within {LOAD_TIMEOUT:?}"),
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        let world = self.app.world();
        let asset = world.resource::<Assets<GveAsset>>().get(&handle).context("a ready asset is there")?;
        let bounds = asset.metadata().bounds;
        let (min, max) = (Vec3::from(bounds.min), Vec3::from(bounds.max));
        self.look(Orbit::framing(min, max), min, max);
        Ok(())
    }

    /// Changes how the object is drawn.
    pub fn represent(&mut self, representation: GveRepresentation) {
        self.app.world_mut().entity_mut(self.object).insert(representation);
    }

    /// Turns the camera about the object.
    pub fn turn(&mut self, azimuth_rad: f32, elevation_rad: f32) {
        let world = self.app.world_mut();
        if let Some(mut orbit) = world.get_mut::<Orbit>(self.camera) {
            orbit.azimuth_rad = azimuth_rad;
            orbit.elevation_rad = elevation_rad;
            let transform = orbit.transform();
            world.entity_mut(self.camera).insert(transform);
        }
    }

    /// Puts the object on the stage, or before a plain colour.
    pub fn surround(&mut self, surroundings: Surroundings) {
        let world = self.app.world_mut();
        let (ground, color) = match surroundings {
            Surroundings::Stage => (Visibility::Inherited, crate::stage::BACKDROP),
            Surroundings::Empty(color) => (Visibility::Hidden, color),
        };
        world.insert_resource(ClearColor(color));
        let mut grounds = world.query_filtered::<&mut Visibility, With<Ground>>();
        for mut visibility in grounds.iter_mut(world) {
            *visibility = ground;
        }
    }

    /// Lets the lamps cast shadows, or not: a shadow map is larger than most pictures.
    pub fn shadows(&mut self, wanted: bool) {
        let world = self.app.world_mut();
        let mut lights = world.query::<&mut DirectionalLight>();
        for mut light in lights.iter_mut(world) {
            light.shadow_maps_enabled = wanted;
        }
    }

    /// The app, for systems and resources of one's own.
    pub fn app(&mut self) -> &mut App {
        &mut self.app
    }

    /// How the object stands with the Architect, if it comes from one.
    pub fn net_status(&self) -> Option<&GveNetStatus> {
        self.app.world().get::<GveNetStatus>(self.object)
    }

    /// What the status of the object is.
    pub fn status(&self) -> Option<&GveAssetStatus> {
        self.app.world().get::<GveAssetStatus>(self.object)
    }

    /// Runs one frame.
    pub fn update(&mut self) {
        self.app.update();
    }

    /// Draws and returns a picture.
    ///
    /// # Errors
    /// When no picture arrives, because the GPU was lost for example.
    pub fn picture(&mut self) -> anyhow::Result<RgbaImage> {
        self.settle();
        // Shaders are loaded beside the frames; what they draw is missing until then.
        let started = Instant::now();
        while self.waits_for_shaders() && started.elapsed() < SHADER_TIMEOUT {
            self.app.update();
            if !self.waits_for_shaders() {
                self.settle();
            }
        }
        self.picture_now()
    }

    fn settle(&mut self) {
        for _ in 0..SETTLE_FRAMES {
            self.app.update();
        }
    }

    fn waits_for_shaders(&self) -> bool {
        let renderer = self.app.get_sub_app(RenderApp);
        let cache = renderer.and_then(|renderer| renderer.world().get_resource::<PipelineCache>());
        cache.is_some_and(|cache| cache.waiting_pipelines().next().is_some())
    }

    /// The picture of the very next frame.
    ///
    /// # Errors
    /// When no picture arrives, because the GPU was lost for example.
    pub fn picture_now(&mut self) -> anyhow::Result<RgbaImage> {
        let (sender, receiver) = mpsc::channel();
        self.capture(sender);
        let started = Instant::now();
        while started.elapsed() < LOAD_TIMEOUT {
            self.app.update();
            if let Ok(image) = receiver.try_recv() {
                return rgba(image);
            }
        }
        bail!("the renderer gave no picture within {LOAD_TIMEOUT:?}")
    }

    /// Runs one frame, and returns the pictures that have arrived by now of this one and earlier ones, in order: a
    /// picture takes some frames to come back from the GPU.
    ///
    /// # Errors
    /// When a picture has a format that PNG does not know.
    pub fn film(&mut self) -> anyhow::Result<Vec<RgbaImage>> {
        self.capture(self.film.0.clone());
        self.app.update();
        self.film.1.try_iter().map(rgba).collect()
    }

    /// Sends the picture of the next frame when it has come.
    fn capture(&mut self, sender: mpsc::Sender<Image>) {
        let screenshot = Screenshot::image(self.target.clone());
        self.app.world_mut().spawn(screenshot).observe(move |captured: On<ScreenshotCaptured>| {
            // The receiver is gone only after a timeout; nobody waits for the picture then.
            let _ = sender.send(captured.image.clone());
        });
    }

    fn look(&mut self, orbit: Orbit, min: Vec3, max: Vec3) {
        let world = self.app.world_mut();
        world.entity_mut(self.camera).insert((orbit, orbit.transform(), orbit.projection()));
        let shadows = shadows_around(orbit.distance, (max - min).length());
        let mut lights = world.query_filtered::<Entity, With<DirectionalLight>>();
        let lights: Vec<Entity> = lights.iter(world).collect();
        for light in lights {
            world.entity_mut(light).insert(shadows.clone());
        }
        let mut grounds = world.query_filtered::<&mut Transform, With<Ground>>();
        for mut transform in grounds.iter_mut(world) {
            *transform = ground_below(min, max);
        }
    }
}

/// The share of each pixel that the object covers, from its pictures before black and before white.
///
/// The two differ by what shines through, in linear light.
pub fn coverage(before_black: &RgbaImage, before_white: &RgbaImage) -> Vec<f32> {
    let linear = |value: u8| {
        let value = f32::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    before_black
        .pixels()
        .zip(before_white.pixels())
        .map(|(black, white)| (1.0 - (linear(white.0[1]) - linear(black.0[1]))).clamp(0.0, 1.0))
        .collect()
}

fn rgba(image: Image) -> anyhow::Result<RgbaImage> {
    Ok(image.try_into_dynamic().context("the picture has a format that PNG knows")?.to_rgba8())
}

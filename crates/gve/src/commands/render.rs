//! `gve render`: a picture without a GPU.

use gve_assets::AssetFile;
use gve_bake::render::{Camera, FieldScene, Image, RenderOptions, SplatScene, SplatStyle};
use gve_sdf::{Aabb, Vec3};
use serde_json::json;

use crate::{
    args::{Content, RenderArgs},
    failure::{Failure, name},
    input::{self, Recipe, Source},
    output::Output,
    picture::{png::png, volume::VolumeScene},
    target::{Kind, Target},
};

/// Angle between the bottom and the top of the picture.
const FOV_DEG: f32 = 30.0;

/// Draws the file.
pub(crate) fn run(args: &RenderArgs, output: &mut Output) -> Result<(), Failure> {
    // Before the work, so that a picture that has nowhere to go is not drawn.
    let target = Target::check(&args.output, Kind::Png, &[&args.file], args.force)?;
    if target.is_output() {
        output.give_way();
    }
    let image = match input::open(&args.file)? {
        Source::Binary(file) => draw_binary(args, &file),
        Source::Text(text) => draw_recipe(args, text)?,
    };
    let png = png(&image).map_err(|error| Failure::write(&args.output, &error))?;
    target.write(&png)?;
    let [width, height] = args.size;
    if output.json() {
        output.document(&json!({
            "output": args.output.display().to_string(), "width": width, "height": height, "bytes": png.len(),
        }))
    } else {
        output.text(&format!("{}: {width}x{height}, {} bytes", name(&args.output), png.len()))
    }
}

fn camera(args: &RenderArgs, bounds: Aabb) -> Camera {
    let [width, height] = args.size.map(|n| n as f32);
    let [azimuth, elevation] = args.view.map(f32::to_radians);
    Camera::framing(bounds, azimuth, elevation, FOV_DEG.to_radians(), width / height)
}

fn options(args: &RenderArgs) -> RenderOptions {
    RenderOptions { size: args.size, ..RenderOptions::default() }
}

fn draw_recipe(args: &RenderArgs, text: String) -> Result<Image, Failure> {
    let field = Recipe::parse(&args.file, text)?.field()?;
    Ok(FieldScene::new(&field).render(&camera(args, field.bounds()), options(args)))
}

fn draw_binary(args: &RenderArgs, file: &AssetFile) -> Image {
    let metadata = file.metadata();
    let bounds = Aabb { min: Vec3::from(metadata.bounds.min), max: Vec3::from(metadata.bounds.max) };
    let camera = camera(args, bounds);
    let splats = file.splats();
    if args.content == Content::Splats && !splats.is_empty() {
        let scene = SplatScene { splats, materials: &metadata.materials };
        return scene.render(&camera, options(args), &SplatStyle::default());
    }
    let scene = VolumeScene { volume: file.volume(), parts: &metadata.parts, materials: &metadata.materials };
    scene.render(&camera, args.size)
}

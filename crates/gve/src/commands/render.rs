//! `gve render`: a picture without a GPU.

use gve_assets::AssetFile;
use gve_bake::render::{Camera, FieldScene, Image, RenderOptions, SplatScene, SplatStyle};
use gve_sdf::{Aabb, Vec3};
use serde_json::json;

use crate::{
    cli::{Content, RenderArgs},
    failure::{Failure, name},
    input::{self, Recipe, Source},
    output::Output,
    picture::{png::png, volume::VolumeScene},
    target::{Kind, Target},
};

/// Largest side of a picture in pixels: its float image then takes 256 MiB.
const MAX_SIDE: u32 = 4096;
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

/// `640x480`.
pub(crate) fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    match sides {
        Some(sides) if sides.iter().all(|s| (1..=MAX_SIDE).contains(s)) => Ok(sides),
        _ => Err(format!("expected WIDTHxHEIGHT, each 1 to {MAX_SIDE}, such as 640x480")),
    }
}

/// `35,22`: azimuth and elevation in degrees.
pub(crate) fn parse_view(text: &str) -> Result<[f32; 2], String> {
    let angles =
        text.split_once(',').and_then(|(a, e)| Some([a.trim().parse().ok()?, e.trim().parse().ok()?]));
    match angles {
        Some([a, e]) if f32::abs(a) <= 3600.0 && f32::abs(e) <= 90.0 => Ok([a, e]),
        _ => Err("expected AZIMUTH,ELEVATION in degrees, the elevation -90 to 90, such as 35,22".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_or_refused() {
        assert_eq!(parse_size("640x480"), Ok([640, 480]));
        for bad in ["", "640", "0x5", "5x-1", "4097x1", "axb", "1x2x3"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn views_are_read_or_refused() {
        assert_eq!(parse_view("-90, 12.5"), Ok([-90.0, 12.5]));
        for bad in ["", "1", "NaN,0", "0,91", "inf,0", "1,2,3"] {
            assert!(parse_view(bad).is_err(), "{bad}");
        }
    }
}

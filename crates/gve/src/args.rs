//! What the commands that work on files can be told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gve_types::{
    AssetCategory,
    limits::{DEFAULT_VOLUME_RESOLUTION, MAX_SPLATS, MAX_WIRE_ID, VOLUME_RESOLUTION},
};

/// Largest side of a picture in pixels: its float image then takes 256 MiB.
const MAX_SIDE: u32 = 4096;

/// What to bake, and how finely.
#[derive(Args)]
pub(crate) struct BakeArgs {
    /// The recipe, a `.gve.json`; `-` reads it from standard input.
    pub(crate) recipe: PathBuf,
    /// The `.gve_bin` to write; an older one is replaced at the very end. `-` is standard output.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Replace whatever file is there, also one of another kind.
    #[arg(long)]
    pub(crate) force: bool,
    /// Cells along the longest side of volume and mesh; in the volume of a slender asset they count up to three times.
    /// Cells are powers of two of a metre: the nearest to longest side / (resolution - 5), and finer ones where parts
    /// are thin.
    #[arg(long, default_value_t = DEFAULT_VOLUME_RESOLUTION,
        value_parser = clap::value_parser!(u32).range(i64::from(*VOLUME_RESOLUTION.start())..=i64::from(*VOLUME_RESOLUTION.end())))]
    pub(crate) resolution: u32,
    /// What parts too thin for the volume's cells may add to it, in MiB. What it then still lacks is named in the
    /// file, and drawn from the mesh.
    #[arg(long, value_name = "MIB", default_value_t = (gve_bake::volume::DEFAULT_BUDGET_BYTES >> 20) as u32,
        value_parser = clap::value_parser!(u32).range(0..=512))]
    pub(crate) volume_budget: u32,
    /// How many splats.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SPLATS)))]
    pub(crate) splats: u32,
    /// The asset's number in the binary protocol; 0 for one that no Architect has numbered.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..MAX_WIRE_ID))]
    pub(crate) asset_id: u64,
    /// The version it is compiled from; the recipe's own when left out.
    #[arg(long)]
    pub(crate) asset_version: Option<u32>,
}

/// What to draw, and from where.
#[derive(Args)]
pub(crate) struct RenderArgs {
    /// A recipe, drawn from its exact field, or a `.gve_bin`, drawn from what it stores; `-` reads
    /// either from standard input.
    pub(crate) file: PathBuf,
    /// The PNG to write. `-` is standard output.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Replace whatever file is there, also one of another kind.
    #[arg(long)]
    pub(crate) force: bool,
    /// Width and height in pixels, such as 640x480.
    #[arg(long, default_value = "512x512", value_parser = parse_size)]
    pub(crate) size: [u32; 2],
    /// Where the camera stands: degrees from the front towards the right, degrees above the horizon.
    #[arg(long, default_value = "35,22", value_parser = parse_view, allow_hyphen_values = true)]
    pub(crate) view: [f32; 2],
    /// Which content of a `.gve_bin` is drawn.
    #[arg(long, value_enum, default_value_t = Content::Splats)]
    pub(crate) content: Content,
}

/// The contents of a `.gve_bin` that can be drawn.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Content {
    /// The gaussians; the volume where there are none.
    Splats,
    /// The distance volume.
    Volume,
}

/// What to convert, and to what.
#[derive(Args)]
pub(crate) struct ConvertArgs {
    /// A `.gve_bin`, or splats of another program: `.ply`, `.spz`, `.glb`, `.gltf`; `-` reads standard input.
    pub(crate) input: PathBuf,
    /// The file to write. `-` is standard output, and needs --to.
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Replace whatever file is there, also one of another kind.
    #[arg(long)]
    pub(crate) force: bool,
    /// The format of the input; what it starts with tells when left out.
    #[arg(long, value_enum)]
    pub(crate) from: Option<InFormat>,
    /// The format of the output; its extension tells when left out.
    #[arg(long, value_enum)]
    pub(crate) to: Option<OutFormat>,
    /// What of a `.gve_bin` goes into a .glb.
    #[arg(long, value_enum, default_value_t = What::Mesh)]
    pub(crate) content: What,
    /// The axes of a PLY file, which it does not say: y down and z away as in training, or y up and z towards
    /// the viewer.
    #[arg(long, value_enum, default_value_t = PlyAxes::YDown)]
    pub(crate) ply_axes: PlyAxes,
    /// The version of an SPZ file that is written.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=4))]
    pub(crate) spz_version: u32,
    /// The unit of an OBJ or STL file, which it does not say.
    #[arg(long, value_enum, default_value_t = LengthUnit::M)]
    pub(crate) unit: LengthUnit,
    /// The material as which the splats of a `.gve_bin` made from splats are lit.
    #[arg(long, value_name = "SPEC_ID", default_value = "ASTM_C62")]
    pub(crate) material: String,
}

/// The formats that can be read.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InFormat {
    /// This project's own.
    #[value(name = "gve_bin")]
    GveBin,
    /// Splats as training writes them.
    Ply,
    /// Packed splats.
    Spz,
    /// Splats in glTF.
    Glb,
    /// The same, as JSON.
    Gltf,
}

/// The formats that can be written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutFormat {
    /// This project's own, of splats alone.
    #[value(name = "gve_bin")]
    GveBin,
    /// Splats as training writes them.
    Ply,
    /// Packed splats.
    Spz,
    /// glTF: a mesh or splats.
    Glb,
    /// A mesh as text.
    Obj,
    /// Triangles.
    Stl,
    /// A mesh for printing.
    #[value(name = "3mf")]
    ThreeMf,
}

/// What of an asset is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The surface mesh with its materials.
    Mesh,
    /// The gaussians.
    Splats,
}

/// [`gve_interchange::ply::Axes`] on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlyAxes {
    /// x right, y down, z away from the viewer.
    YDown,
    /// x right, y up, z towards the viewer.
    YUp,
}

/// [`gve_interchange::mesh::Unit`] on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LengthUnit {
    /// Metres.
    M,
    /// Millimetres.
    Mm,
}

/// What to lower, and to what.
#[derive(Args)]
pub(crate) struct LowerArgs {
    /// The recipe, a `.gve.json`; `-` reads it from standard input.
    pub(crate) recipe: PathBuf,
    /// The form of the program.
    #[arg(long, value_enum)]
    pub(crate) to: Language,
    /// Where to write it; printed when left out.
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Replace whatever file is there, also one of another kind.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The forms of a lowered recipe.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// One scalar operation per line, in static single assignment.
    Tape,
    /// Functions of WGSL.
    Wgsl,
}

/// What the new recipe is called and where it goes.
#[derive(Args)]
pub(crate) struct NewArgs {
    /// A name for people, such as "Oak table".
    pub(crate) name: String,
    /// The shelf it stands on.
    #[arg(long, value_enum, default_value_t = Category::Prop)]
    pub(crate) category: Category,
    /// The recipe to write; named after the asset, in this folder, when left out. `-` is standard output.
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is already there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// [`AssetCategory`] on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Category {
    /// Buildings and their parts.
    Architecture,
    /// Weapons.
    Weapon,
    /// What moves people and goods.
    Vehicle,
    /// Everything else that lies about.
    Prop,
    /// People, animals, robots, statues.
    Character,
}

impl From<Category> for AssetCategory {
    fn from(category: Category) -> Self {
        match category {
            Category::Architecture => Self::Architecture,
            Category::Weapon => Self::Weapon,
            Category::Vehicle => Self::Vehicle,
            Category::Prop => Self::Prop,
            Category::Character => Self::Character,
        }
    }
}

/// `640x480`.
fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    match sides {
        Some(sides) if sides.iter().all(|s| (1..=MAX_SIDE).contains(s)) => Ok(sides),
        _ => Err(format!("expected WIDTHxHEIGHT, each 1 to {MAX_SIDE}, such as 640x480")),
    }
}

/// `35,22`: azimuth and elevation in degrees.
fn parse_view(text: &str) -> Result<[f32; 2], String> {
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

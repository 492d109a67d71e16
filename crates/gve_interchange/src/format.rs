//! Which formats there are.

use std::fmt;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// This project's own.
    GveBin,
    /// Gaussian splats as their training writes them.
    Ply,
    /// Packed gaussian splats.
    Spz,
    /// glTF 2.0 in one binary file.
    Glb,
    /// glTF 2.0 as JSON.
    Gltf,
    /// Wavefront OBJ, a mesh as text.
    Obj,
    /// STL, bare triangles.
    Stl,
    /// 3MF, a mesh for printing.
    ThreeMf,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::GveBin, Self::Ply, Self::Spz, Self::Glb, Self::Gltf, Self::Obj, Self::Stl, Self::ThreeMf];

    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::GveBin => "gve_bin",
            Self::Ply => "ply",
            Self::Spz => "spz",
            Self::Glb => "glb",
            Self::Gltf => "gltf",
            Self::Obj => "obj",
            Self::Stl => "stl",
            Self::ThreeMf => "3mf",
        }
    }

    /// The format with an extension, in whatever case.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension))
    }

    /// What the first bytes of a file say that it is: `None` for what none of the readers here would take.
    pub fn sniff(start: &[u8]) -> Option<Self> {
        let has = |signature: &[u8]| start.starts_with(signature);
        if has(&gve_assets::layout::MAGIC) {
            Some(Self::GveBin)
        } else if has(b"ply\n") || has(b"ply\r\n") {
            Some(Self::Ply)
        } else if has(b"NGSP") || has(&[0x1f, 0x8b]) {
            Some(Self::Spz)
        } else if has(b"glTF") {
            Some(Self::Glb)
        } else if start.trim_ascii_start().starts_with(b"{") {
            Some(Self::Gltf)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GveBin => ".gve_bin",
            Self::Ply => "PLY",
            Self::Spz => "SPZ",
            Self::Glb => "GLB",
            Self::Gltf => "glTF",
            Self::Obj => "OBJ",
            Self::Stl => "STL",
            Self::ThreeMf => "3MF",
        })
    }
}

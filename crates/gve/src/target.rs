//! Where a command's bytes go: `-o`.
//!
//! A file is checked before the work: that it can be written, that it is none of the inputs, and that
//! what is there already is of the kind that is about to be written, so that a slip of the hand never
//! costs anybody a recipe.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Component, Path, PathBuf},
};

use gve_assets::replace;
use same_file::Handle;

use crate::{
    failure::{Failure, name},
    input,
};

/// Most bytes of an existing file that are looked at.
const LOOKED_AT: u64 = 64 << 10;

/// What a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A baked `.gve_bin`.
    Binary,
    /// A picture.
    Png,
    /// A recipe.
    Recipe,
    /// A lowered recipe, one operation a line.
    Tape,
    /// A lowered recipe as functions.
    Wgsl,
    /// Splats as training writes them.
    Ply,
    /// Packed splats.
    Spz,
    /// Binary glTF.
    Glb,
    /// A mesh as text.
    Obj,
    /// The materials of one.
    Mtl,
    /// Triangles.
    Stl,
    /// A mesh for printing.
    ThreeMf,
}

impl Kind {
    /// What a file of this kind is called.
    fn noun(self) -> &'static str {
        match self {
            Self::Binary => "a baked .gve_bin",
            Self::Png => "a PNG picture",
            Self::Recipe => "a recipe",
            Self::Tape => "a lowered tape",
            Self::Wgsl => "lowered WGSL",
            Self::Ply => "a PLY file",
            Self::Spz => "an SPZ file",
            Self::Glb => "a binary glTF",
            Self::Obj => "an OBJ mesh",
            Self::Mtl => "an MTL file",
            Self::Stl => "a binary STL mesh",
            Self::ThreeMf => "a 3MF file",
        }
    }

    /// Whether a file that begins like this is of this kind.
    fn is_of(self, start: &[u8]) -> bool {
        match self {
            Self::Binary => start.starts_with(&gve_assets::layout::MAGIC),
            Self::Png => start.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Recipe => contains(start, b"\"root_node\""),
            Self::Tape => start.starts_with(b"%0 = "),
            Self::Wgsl => !start.trim_ascii_start().starts_with(b"{") && contains(start, b"fn gve_distance("),
            Self::Ply => start.starts_with(b"ply\n") || start.starts_with(b"ply\r"),
            // Gzip data may be anything: only what our own writer or another one of splats wrote is taken for it.
            Self::Spz => gve_interchange::spz::looks_like(start),
            Self::Glb => start.starts_with(b"glTF"),
            Self::Obj => starts_a_line(start, &[b"v ", b"o ", b"mtllib "]),
            Self::Mtl => starts_a_line(start, &[b"newmtl "]),
            Self::Stl => gve_interchange::mesh::stl::looks_like(start),
            Self::ThreeMf => start.starts_with(b"PK\x03\x04") && contains(start, b"[Content_Types].xml"),
        }
    }

    /// What a file that begins like this is, as far as we know it.
    fn of(start: &[u8]) -> Option<Self> {
        let all = [
            Self::Binary,
            Self::Png,
            Self::Recipe,
            Self::Tape,
            Self::Wgsl,
            Self::Ply,
            Self::Spz,
            Self::Glb,
            Self::Stl,
            Self::ThreeMf,
        ];
        all.into_iter().find(|kind| kind.is_of(start))
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Whether a text has a line that starts with one of these, and nothing that texts do not have.
fn starts_a_line(text: &[u8], starts: &[&[u8]]) -> bool {
    let is_text = !text.contains(&0);
    is_text
        && text.split(|&byte| byte == b'\n').any(|line| starts.iter().any(|start| line.starts_with(start)))
}

/// A place for bytes that was found fit to take them.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    way: Way,
}

#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Into standard output; everything else is then said on standard error.
    Output,
    /// Into what the system has open under this name: a pipe, a device, a file of the shell's.
    Node,
    /// As a file, whole or not at all.
    File,
}

impl Target {
    /// Checks that something of a kind can be written here, without touching what is there. `inputs` are
    /// what it is made from; `force` replaces whatever there is.
    pub(crate) fn check(path: &Path, kind: Kind, inputs: &[&Path], force: bool) -> Result<Self, Failure> {
        let target = Self { path: path.to_owned(), way: way(path) };
        if target.way == Way::Output {
            return Ok(target);
        }
        if path.is_dir() {
            let message = format!("cannot write {}: it is a folder; a file was expected", name(path));
            return Err(Failure::about("is_folder", path, message));
        }
        if !force {
            is_no_input(path, inputs)?;
            if target.way == Way::File {
                is_of_kind(path, kind)?;
            }
        }
        // What the shell holds open needs no folder that could be written to.
        if target.way == Way::File || replace::is_node(path) {
            replace::check(path).map_err(|error| Failure::write(path, &error.source))?;
        }
        Ok(target)
    }

    /// Whether the bytes go to standard output, where nothing else may be said then.
    pub(crate) fn is_output(&self) -> bool {
        self.way == Way::Output
    }

    /// Whether the bytes become a file.
    pub(crate) fn is_file(&self) -> bool {
        self.way == Way::File
    }

    /// Writes the bytes.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let result = match self.way {
            Way::Output => write_output(bytes),
            // At its end: the shell may have written there before.
            Way::Node => {
                OpenOptions::new().append(true).open(&self.path).and_then(|mut node| node.write_all(bytes))
            }
            Way::File => replace::replace(&self.path, bytes).map_err(|error| error.source),
        };
        result.map_err(|error| Failure::write(&self.path, &error))
    }
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    replace::create(path, bytes).map_err(|error| match error.source.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("{} is already there; --force replaces it", name(path));
            Failure::about("already_exists", path, message)
        }
        _ => Failure::write(path, &error.source),
    })
}

/// A reader that has seen enough, such as `head`, is not a failure.
fn write_output(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn way(path: &Path) -> Way {
    let is_output = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|p| path == Path::new(p));
    if is_output {
        Way::Output
    } else if replace::is_node(path) || is_open_file(path) {
        Way::Node
    } else {
        Way::File
    }
}

/// Whether the path names something that is open already, by way of the system's list of what is.
fn is_open_file(path: &Path) -> bool {
    let Ok(absolute) = std::path::absolute(path) else { return false };
    let mut parts = absolute.components().filter_map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    match (parts.next(), parts.next()) {
        (Some("dev"), Some("fd" | "stderr")) => true,
        (Some("proc"), Some(_)) => parts.next() == Some("fd"),
        _ => false,
    }
}

fn is_no_input(path: &Path, inputs: &[&Path]) -> Result<(), Failure> {
    // A device or pipe is no file that could be lost, and opening one disturbs it.
    if replace::is_node(path) {
        return Ok(());
    }
    // The same file whatever it is called: by links of both kinds, by case, through `..`.
    let Ok(there) = Handle::from_path(path) else { return Ok(()) };
    for input in inputs {
        if input::handle(input).is_some_and(|input| input == there) {
            let message = format!(
                "cannot write {}: it is the file that is read; name another with -o, or replace it with --force",
                name(path)
            );
            return Err(Failure::about("output_is_input", path, message));
        }
    }
    Ok(())
}

fn is_of_kind(path: &Path, kind: Kind) -> Result<(), Failure> {
    if fs::metadata(path).is_err() {
        return Ok(());
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut start));
    read.map_err(|error| Failure::write(path, &error))?;
    // Nothing is lost with an empty file.
    if start.is_empty() || kind.is_of(&start) {
        return Ok(());
    }
    let found = Kind::of(&start).map_or("something else", Kind::noun);
    let message = format!(
        "cannot write {}: {} would replace {found} that is there; --force replaces it all the same",
        name(path),
        kind.noun()
    );
    Err(Failure::about("other_kind", path, message))
}

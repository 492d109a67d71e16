//! Splats out of a glTF document.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{
    EXTENSION,
    accessor::Numbers,
    document::{Document, Primitive},
    invalid, json,
    scene::{self, Placement},
    unsupported,
};
use crate::{
    cloud::{ColorSpace, MAX_DEGREE, SplatCloud, check_count, coefficients},
    color,
    error::{ReadError, ReadErrorKind, quoted},
    format::Format,
    turn::{HarmonicTurn, normalized, times},
};

/// Bytes of memory that the splats of any file may take.
const FREE_BYTES: u64 = 64 << 20;
/// Above that, how many they may take for each byte of buffers: nodes can show the same splats many times.
const MAX_RATIO: u64 = 64;
/// Most primitives of splats that nodes may show: those without a splat take no memory, but time.
const MAX_PRIMITIVES: usize = 1 << 16;

/// Reads the splats of the scene to show.
pub(super) fn read(document: &Document, buffers: &[Cow<[u8]>]) -> Result<SplatCloud, ReadError> {
    let bytes: u64 = buffers.iter().map(|buffer| buffer.len() as u64).sum();
    let most = FREE_BYTES.max(bytes.saturating_mul(MAX_RATIO));
    let placed = scene::meshes(document)?;
    // Each mesh once, however many nodes show it.
    let mut meshes: BTreeMap<usize, Vec<Splats>> = BTreeMap::new();
    for (mesh, _) in &placed {
        if !meshes.contains_key(mesh) {
            meshes.insert(*mesh, Splats::of_mesh(document, *mesh)?);
        }
    }
    let Some(degree) = meshes.values().flatten().map(|one| one.degree).max() else {
        return Err(invalid("meshes", "primitives", format!("splats ({EXTENSION}) in the scene"), "none"));
    };
    let shown = placed.iter().filter_map(|(mesh, placement)| Some((meshes.get(mesh)?, placement)));
    let mut cloud = SplatCloud { degree, ..SplatCloud::default() };
    let mut space = None;
    let mut count_of_primitives = 0;
    for (primitives, placement) in shown {
        for primitive in primitives {
            count_of_primitives += 1;
            if count_of_primitives > MAX_PRIMITIVES {
                let (kind, place) = (ReadErrorKind::TooLarge, json("nodes"));
                let expected = format!("at most {MAX_PRIMITIVES}");
                return Err(ReadError::new(
                    kind,
                    Format::Gltf,
                    place,
                    "primitives to show",
                    expected,
                    "more",
                ));
            }
            if space.is_some_and(|space| space != primitive.color_space) {
                return Err(unsupported(&primitive.path, "colorSpace", "one for all splats", "two"));
            }
            space = Some(primitive.color_space);
            let columns = Columns::find(primitive, document, buffers)?;
            let count = cloud.len() as u64 + columns.positions.count as u64;
            check_count(Format::Gltf, json(&primitive.path), count)?;
            let memory = count * (56 + 12 * coefficients(degree) as u64);
            if memory > most {
                let expected = format!("splats in at most {most} bytes for {bytes} of buffers");
                let place = json(&primitive.path);
                let found = format!("{memory} bytes");
                let kind = ReadErrorKind::TooLarge;
                return Err(ReadError::new(kind, Format::Gltf, place, "size", expected, found));
            }
            let before = cloud.len();
            columns.push(placement, &mut cloud);
            if let Some(bad) = cloud.find_bad_from(before) {
                return Err(ReadError::invalid(
                    Format::Gltf,
                    json(&primitive.path),
                    bad.what(),
                    bad.expected,
                    bad.found,
                ));
            }
        }
    }
    cloud.color_space = space.unwrap_or_default();
    Ok(cloud)
}

/// A primitive of splats.
struct Splats<'a> {
    path: String,
    primitive: &'a Primitive,
    color_space: ColorSpace,
    degree: u8,
}

impl<'a> Splats<'a> {
    /// The primitives of a mesh that are splats.
    fn of_mesh(document: &'a Document, mesh: usize) -> Result<Vec<Self>, ReadError> {
        let Some(found) = document.meshes.get(mesh) else {
            let expected = format!("{} of them", document.meshes.len());
            return Err(invalid(format!("meshes[{mesh}]"), "mesh", expected, mesh));
        };
        let mut list = Vec::new();
        for (i, primitive) in found.primitives.iter().enumerate() {
            if let Some(extension) = primitive.extensions.get(EXTENSION) {
                list.push(Self::of(format!("meshes[{mesh}].primitives[{i}]"), primitive, extension)?);
            }
        }
        Ok(list)
    }

    fn of(path: String, primitive: &'a Primitive, extension: &Value) -> Result<Self, ReadError> {
        let text = |name: &str| extension.get(name).and_then(Value::as_str).unwrap_or_default();
        if primitive.mode != Some(0) {
            let found = primitive.mode.map_or("none".to_owned(), |mode| mode.to_string());
            return Err(invalid(path, "mode", "points (0)", found));
        }
        let packed = extension.get("extensions").and_then(Value::as_object).and_then(|all| all.keys().next());
        if let Some(name) = packed {
            return Err(unsupported(path, "splats", "plain ones, without a further extension", quoted(name)));
        }
        if text("kernel") != "ellipse" {
            return Err(unsupported(path, "kernel", "\"ellipse\"", quoted(text("kernel"))));
        }
        let color_space = match text("colorSpace") {
            "srgb_rec709_display" => ColorSpace::Srgb,
            "lin_rec709_display" => ColorSpace::Linear,
            other => {
                let expected = "\"srgb_rec709_display\" or \"lin_rec709_display\"";
                return Err(unsupported(path, "colorSpace", expected, quoted(other)));
            }
        };
        // The highest degree of which anything is there; all of it and of those below must be.
        let has = |degree: &u8| {
            primitive
                .attributes
                .keys()
                .any(|name| name.starts_with(&semantic(&format!("SH_DEGREE_{degree}_"))))
        };
        let degree = (0..=9).rev().find(has).unwrap_or(0);
        if degree > MAX_DEGREE {
            let expected = format!("at most {MAX_DEGREE}");
            return Err(unsupported(path, "degree of the spherical harmonics", expected, degree));
        }
        Ok(Self { path, primitive, color_space, degree })
    }
}

/// The full name of an attribute.
pub(super) fn semantic(name: &str) -> String {
    format!("{EXTENSION}:{name}")
}

/// The full names of the harmonics of degree 1 up to a degree, in order.
pub(super) fn harmonic_semantics(degree: u8) -> impl Iterator<Item = String> {
    (1..=degree)
        .flat_map(|degree| (0..=2 * degree).map(move |n| semantic(&format!("SH_DEGREE_{degree}_COEF_{n}"))))
}

/// The attributes of a primitive, all of one length.
struct Columns<'a> {
    positions: Numbers<'a>,
    rotations: Numbers<'a>,
    scales: Numbers<'a>,
    opacities: Numbers<'a>,
    colors: Numbers<'a>,
    harmonics: Vec<Numbers<'a>>,
}

impl<'a> Columns<'a> {
    fn find(splats: &Splats, document: &Document, buffers: &'a [Cow<[u8]>]) -> Result<Self, ReadError> {
        let attribute = |name: &str, kind: &str| {
            let path = format!("{}.attributes", splats.path);
            match splats.primitive.attributes.get(name) {
                Some(index) => Numbers::find(document, buffers, *index, kind),
                None => Err(invalid(path, "attributes", format!("\"{name}\""), "none of that name")),
            }
        };
        let columns = Self {
            positions: attribute("POSITION", "VEC3")?,
            rotations: attribute(&semantic("ROTATION"), "VEC4")?,
            scales: attribute(&semantic("SCALE"), "VEC3")?,
            opacities: attribute(&semantic("OPACITY"), "SCALAR")?,
            colors: attribute(&semantic("SH_DEGREE_0_COEF_0"), "VEC3")?,
            harmonics: harmonic_semantics(splats.degree)
                .map(|name| attribute(&name, "VEC3"))
                .collect::<Result<_, _>>()?,
        };
        let count = columns.positions.count;
        let others = [columns.rotations, columns.scales, columns.opacities, columns.colors];
        others
            .iter()
            .chain(&columns.harmonics)
            .try_for_each(|other| other.expect_count(&splats.path, count))?;
        Ok(columns)
    }

    /// Adds them to a cloud whose degree is not lower.
    fn push(self, placement: &Placement, cloud: &mut SplatCloud) {
        let count = self.positions.count;
        cloud.reserve(count);
        cloud.positions.extend(self.positions.iter().map(|p| placement.apply(p)));
        let turned = |q: [f32; 4]| normalized(times(placement.rotation, normalized(q)));
        cloud
            .rotations
            .extend(self.rotations.iter().map(|q: [f32; 4]| if q == [0.0; 4] { q } else { turned(q) }));
        cloud.scales.extend(self.scales.iter().map(|s: [f32; 3]| s.map(|s| s * placement.scale)));
        cloud.opacities.extend(self.opacities.iter().map(|[a]| a));
        cloud.colors.extend(self.colors.iter().map(|c: [f32; 3]| c.map(color::from_coefficient)));
        let each = coefficients(cloud.degree);
        let start = cloud.harmonics.len();
        cloud.harmonics.resize(start + count * each, [0.0; 3]);
        let harmonics = &mut cloud.harmonics[start..];
        for (i, column) in self.harmonics.iter().enumerate() {
            for (splat, value) in column.iter().enumerate() {
                harmonics[splat * each + i] = value;
            }
        }
        let is_turned = placement.rotation != [0.0, 0.0, 0.0, 1.0];
        if is_turned && each > 0 {
            let turn = HarmonicTurn::new(placement.rotation);
            harmonics.chunks_exact_mut(each).for_each(|one| turn.apply(one));
        }
    }
}

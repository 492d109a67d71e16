//! The numbers behind a PLY header.

use super::header::{Element, Encoding, Header, Kind, Scalar};
use crate::{
    bytes::Bytes,
    cloud::{SplatCloud, check_degree, coefficients},
    color,
    error::{Place, ReadError, ReadErrorKind, quoted},
    format::Format,
    turn,
};

/// Which numbers of a row mean what, as places in the row.
struct Columns {
    position: [usize; 3],
    color: [usize; 3],
    opacity: usize,
    scale: [usize; 3],
    /// w, x, y, z.
    rotation: [usize; 4],
    /// All of red, then of green, then of blue.
    rest: Vec<usize>,
    degree: u8,
}

impl Columns {
    fn of(element: &Element) -> Result<Self, ReadError> {
        let place = || Place::Line(element.line);
        let find = |name: &str| element.properties.iter().position(|property| property.name == name);
        let one = |name: &str| {
            find(name).ok_or_else(|| {
                let what = format!("property \"{name}\"");
                let found = if find("packed_position").is_some() {
                    "the compressed PLY of SuperSplat; unpack it there first"
                } else {
                    "none of that name: is this a mesh or a cloud of plain points?"
                };
                ReadError::invalid(Format::Ply, place(), what, "one, as splats have", found)
            })
        };
        if let Some(list) =
            element.properties.iter().find(|property| matches!(property.kind, Kind::List { .. }))
        {
            let found = quoted(&list.name);
            return Err(ReadError::unsupported(
                Format::Ply,
                place(),
                "properties of the splats",
                "no lists",
                found,
            ));
        }
        let rest_count =
            element.properties.iter().filter(|property| property.name.starts_with("f_rest_")).count();
        let degree = (0..=8).find(|&degree| 3 * coefficients(degree) == rest_count);
        let Some(degree) = degree else {
            let expected = "0, 9, 24 or 45";
            return Err(ReadError::invalid(
                Format::Ply,
                place(),
                "number of f_rest properties",
                expected,
                rest_count,
            ));
        };
        let degree = check_degree(Format::Ply, place(), u64::from(degree))?;
        let rest = (0..rest_count).map(|i| one(&format!("f_rest_{i}"))).collect::<Result<_, _>>()?;
        Ok(Self {
            position: [one("x")?, one("y")?, one("z")?],
            color: [one("f_dc_0")?, one("f_dc_1")?, one("f_dc_2")?],
            opacity: one("opacity")?,
            scale: [one("scale_0")?, one("scale_1")?, one("scale_2")?],
            rotation: [one("rot_0")?, one("rot_1")?, one("rot_2")?, one("rot_3")?],
            rest,
            degree,
        })
    }

    /// Adds the splat of one row.
    fn push(&self, row: impl Fn(usize) -> f64, cloud: &mut SplatCloud) {
        let get = |column: usize| row(column) as f32;
        cloud.positions.push(self.position.map(get));
        let [w, x, y, z] = self.rotation.map(get);
        cloud.rotations.push(turn::normalized([x, y, z, w]));
        cloud.scales.push(self.scale.map(|column| row(column).exp() as f32));
        cloud.opacities.push((1.0 / (1.0 + (-row(self.opacity)).exp())) as f32);
        cloud.colors.push(self.color.map(|column| color::from_coefficient(get(column))));
        let count = self.rest.len() / 3;
        let channel = |i: usize, channel: usize| get(self.rest[channel * count + i]);
        cloud.harmonics.extend((0..count).map(|i| [0, 1, 2].map(|c| channel(i, c))));
    }

    /// The first column of what an error names.
    fn named(&self, field: &str) -> usize {
        match field {
            "position" => self.position[0],
            "rotation" => self.rotation[0],
            "scale" => self.scale[0],
            "opacity" => self.opacity,
            "colour" => self.color[0],
            _ => self.rest.first().copied().unwrap_or(0),
        }
    }
}

/// Reads the splats, which are the element at a place in the header's list.
pub(super) fn read(file: &[u8], header: &Header, at: usize) -> Result<SplatCloud, ReadError> {
    let element = &header.elements[at];
    let columns = Columns::of(element)?;
    let is_last = at + 1 == header.elements.len();
    let mut cloud = SplatCloud { degree: columns.degree, ..SplatCloud::default() };
    let place: Box<dyn Fn(&str, usize) -> Place> = if header.encoding == Encoding::Ascii {
        let first = read_text(file, header, at, &columns, &mut cloud)?;
        Box::new(move |_, splat| Place::Line(first + splat as u64))
    } else {
        let mut bytes = Bytes::of_file(Format::Ply, file);
        bytes.take(header.bytes as u64, "header")?;
        for before in &header.elements[..at] {
            skip(&mut bytes, before, header.encoding)?;
        }
        let Place::Byte(start) = bytes.place() else { return Ok(cloud) };
        let (offsets, stride) = read_binary(&mut bytes, element, header.encoding, &columns, &mut cloud)?;
        if is_last {
            bytes.end()?;
        }
        let columns = &columns;
        Box::new(move |field, splat| {
            Place::Byte(start + splat as u64 * stride + offsets[columns.named(field)])
        })
    };
    match cloud.find_bad() {
        Some(bad) => {
            let place = place(bad.field, bad.splat);
            Err(ReadError::invalid(Format::Ply, place, bad.what(), bad.expected, bad.found))
        }
        None => Ok(cloud),
    }
}

/// Adds all splats of a binary file; where each property stands in a row, and how long a row is.
fn read_binary(
    bytes: &mut Bytes,
    element: &Element,
    encoding: Encoding,
    columns: &Columns,
    cloud: &mut SplatCloud,
) -> Result<(Vec<u64>, u64), ReadError> {
    let scalars: Vec<Scalar> = element
        .properties
        .iter()
        .filter_map(|property| match property.kind {
            Kind::One(scalar) => Some(scalar),
            Kind::List { .. } => None,
        })
        .collect();
    let mut stride = 0;
    let starts: Vec<usize> = scalars
        .iter()
        .map(|scalar| {
            let start = stride;
            stride += scalar.size();
            start
        })
        .collect();
    let rows = bytes.take(element.count.saturating_mul(stride as u64), "splats")?;
    // No more than the rows that are there.
    cloud.reserve(rows.len() / stride);
    for row in rows.chunks_exact(stride) {
        let get =
            |column: usize| scalars[column].get(row.get(starts[column]..).unwrap_or_default(), encoding);
        columns.push(get, cloud);
    }
    Ok((starts.into_iter().map(|start| start as u64).collect(), stride as u64))
}

/// Leaves out an element of a binary file.
fn skip(bytes: &mut Bytes, element: &Element, encoding: Encoding) -> Result<(), ReadError> {
    let what = "element before the splats";
    if let Some(stride) = element.stride() {
        bytes.take(element.count.saturating_mul(stride), what)?;
        return Ok(());
    }
    // Each of them has a list, which takes a byte at least: a count that is too high ends at the file's end.
    for _ in 0..element.count {
        for property in &element.properties {
            let size = match property.kind {
                Kind::One(scalar) => scalar.size() as u64,
                Kind::List { count, item } => {
                    let place = bytes.place();
                    let length = count.get(bytes.take(count.size() as u64, what)?, encoding);
                    if length < 0.0 {
                        let expected = "0 or more";
                        return Err(ReadError::invalid(
                            Format::Ply,
                            place,
                            "length of a list",
                            expected,
                            length,
                        ));
                    }
                    length as u64 * item.size() as u64
                }
            };
            bytes.take(size, what)?;
        }
    }
    Ok(())
}

/// Adds all splats of a text file; the line of the first one.
fn read_text(
    file: &[u8],
    header: &Header,
    at: usize,
    columns: &Columns,
    cloud: &mut SplatCloud,
) -> Result<u64, ReadError> {
    let element = &header.elements[at];
    let body = file.get(header.bytes..).unwrap_or_default();
    let mut lines = body.split(|&byte| byte == b'\n');
    let before = header.elements[..at].iter().fold(0_u64, |sum, element| sum.saturating_add(element.count));
    let first = header.lines.saturating_add(before).saturating_add(1);
    let truncated = |splat: u64| {
        let (kind, place) = (ReadErrorKind::Truncated, Place::Line(first.saturating_add(splat)));
        let expected = format!("{} lines of splats", element.count);
        ReadError::new(kind, Format::Ply, place, "splats", expected, format!("{splat} before the end"))
    };
    let is_there =
        usize::try_from(before).ok().is_some_and(|before| before == 0 || lines.nth(before - 1).is_some());
    if !is_there {
        return Err(truncated(0));
    }
    // A number takes two bytes at least, with what divides it from the next one.
    let most = body.len() / (2 * element.properties.len());
    cloud.reserve(usize::try_from(element.count).unwrap_or(usize::MAX).min(most + 1));
    let mut numbers = Vec::with_capacity(element.properties.len());
    for splat in 0..element.count {
        let place = || Place::Line(first.saturating_add(splat));
        let line = lines.next().ok_or_else(|| truncated(splat))?;
        let line = String::from_utf8_lossy(line);
        numbers.clear();
        for word in line.split_ascii_whitespace() {
            match word.parse::<f64>() {
                Ok(number) if numbers.len() < element.properties.len() => numbers.push(number),
                Ok(_) => {
                    let expected = format!("{} numbers", element.properties.len());
                    return Err(ReadError::invalid(Format::Ply, place(), "splat", expected, "more"));
                }
                Err(_) => {
                    return Err(ReadError::invalid(Format::Ply, place(), "splat", "numbers", quoted(word)));
                }
            }
        }
        if numbers.len() < element.properties.len() {
            // The last line of a file that was cut short is empty or ends early.
            if lines.clone().next().is_none() {
                return Err(truncated(splat));
            }
            let expected = format!("{} numbers", element.properties.len());
            return Err(ReadError::invalid(Format::Ply, place(), "splat", expected, numbers.len()));
        }
        columns.push(|column| numbers[column], cloud);
    }
    if at + 1 == header.elements.len() && lines.any(|line| !line.trim_ascii().is_empty()) {
        let place = Place::Line(first.saturating_add(element.count));
        return Err(ReadError::invalid(Format::Ply, place, "end", "the end of the file", "more lines"));
    }
    Ok(first)
}

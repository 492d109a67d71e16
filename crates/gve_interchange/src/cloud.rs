//! Splats as other programs know them.

use crate::{
    color,
    error::{Place, ReadError, ReadErrorKind, WriteError},
    format::Format,
};

/// Most splats that are read from a file.
pub const MAX_SPLATS: u64 = 1 << 24;
/// Highest degree of spherical harmonics.
pub const MAX_DEGREE: u8 = 3;
/// Largest difference between 1 and the squared length of a rotation.
const UNIT_TOLERANCE: f32 = 1e-3;

/// How many coefficients each splat has from degree 1 to a degree: 0, 3, 8, 15.
pub const fn coefficients(degree: u8) -> usize {
    (degree as usize + 1) * (degree as usize + 1) - 1
}

/// The space of colours, both with the primaries and the white of sRGB. Splats are blended in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorSpace {
    /// With the curve of sRGB: what training from photographs gives.
    #[default]
    Srgb,
    /// Without a curve.
    Linear,
}

/// Gaussian splats: one entry per splat in every list.
///
/// Axes are right-handed, y up, x right and z towards the viewer, lengths are metres: the axes of glTF and of
/// this project. A splat's colour seen in a direction is `colors` plus its harmonics in that direction; nothing
/// is clamped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SplatCloud {
    /// Centres.
    pub positions: Vec<[f32; 3]>,
    /// Unit quaternions x, y, z, w from the splat's axes to those of the cloud.
    pub rotations: Vec<[f32; 4]>,
    /// Standard deviations along the splat's axes, not below 0.
    pub scales: Vec<[f32; 3]>,
    /// Opacities at the centre, 0 to 1.
    pub opacities: Vec<f32>,
    /// Colours without the harmonics from degree 1 on; what is to be seen is between 0 and 1.
    pub colors: Vec<[f32; 3]>,
    /// Degree of the harmonics, 0 to [`MAX_DEGREE`].
    pub degree: u8,
    /// Red, green and blue coefficients from degree 1 on, [`coefficients`] of them for each splat: by degree,
    /// then by order from -degree to degree, with the Condon-Shortley phase.
    pub harmonics: Vec<[f32; 3]>,
    /// The space of the colours.
    pub color_space: ColorSpace,
    /// Whether the splats were trained to be drawn with an antialiasing filter (mip splatting).
    pub antialiased: bool,
}

/// A value that no splat may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadValue {
    pub(crate) field: &'static str,
    pub(crate) splat: usize,
    pub(crate) expected: &'static str,
    pub(crate) found: String,
}

impl BadValue {
    pub(crate) fn what(&self) -> String {
        format!("{} of splat {}", self.field, self.splat)
    }
}

impl SplatCloud {
    /// How many splats there are.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The coefficients of one splat from degree 1 on.
    pub fn harmonics_of(&self, splat: usize) -> &[[f32; 3]] {
        let count = coefficients(self.degree);
        self.harmonics.get(splat * count..(splat + 1) * count).unwrap_or_default()
    }

    /// Turns linear colours into those of sRGB. Exact for splats without harmonics; harmonics are multiplied by
    /// the slope of the curve at the splat's colour, which is right while they are small.
    pub fn to_srgb(&mut self) {
        if self.color_space == ColorSpace::Srgb {
            return;
        }
        self.color_space = ColorSpace::Srgb;
        let count = coefficients(self.degree);
        for (i, value) in self.colors.iter_mut().enumerate() {
            let slope = value.map(|c| color::linear_to_srgb_slope(c.max(0.0)));
            *value = value.map(color::linear_to_srgb);
            for coefficient in self.harmonics.iter_mut().skip(i * count).take(count) {
                *coefficient = std::array::from_fn(|channel| coefficient[channel] * slope[channel]);
            }
        }
    }

    /// Makes room for so many splats more.
    pub(crate) fn reserve(&mut self, splats: usize) {
        self.positions.reserve(splats);
        self.rotations.reserve(splats);
        self.scales.reserve(splats);
        self.opacities.reserve(splats);
        self.colors.reserve(splats);
        self.harmonics.reserve(splats * coefficients(self.degree));
    }

    /// The first value that no splat may have.
    pub(crate) fn find_bad(&self) -> Option<BadValue> {
        self.find_bad_from(0)
    }

    /// The first value that no splat may have, from one splat on.
    pub(crate) fn find_bad_from(&self, start: usize) -> Option<BadValue> {
        fn place<T>(values: &[T], start: usize, is_bad: impl Fn(&T) -> bool) -> Option<usize> {
            values.iter().skip(start).position(is_bad).map(|at| start + at)
        }
        let bad = |field, splat: usize, expected, value: &[f32]| {
            Some(BadValue { field, splat, expected, found: format!("{value:?}") })
        };
        let finite = |value: &[f32]| value.iter().all(|c| c.is_finite());
        let all_finite = "finite numbers";
        if let Some(i) = place(&self.positions, start, |p| !finite(p)) {
            return bad("position", i, all_finite, &self.positions[i]);
        }
        let is_unit = |q: &[f32; 4]| (q.iter().map(|c| c * c).sum::<f32>() - 1.0).abs() <= UNIT_TOLERANCE;
        if let Some(i) = place(&self.rotations, start, |q| !is_unit(q)) {
            let expected =
                if self.rotations[i] == [0.0; 4] { "a quaternion other than 0" } else { "a unit quaternion" };
            return bad("rotation", i, expected, &self.rotations[i]);
        }
        if let Some(i) = place(&self.scales, start, |s| !(finite(s) && s.iter().all(|s| *s >= 0.0))) {
            return bad("scale", i, "finite lengths, not below 0", &self.scales[i]);
        }
        if let Some(i) = place(&self.opacities, start, |a| !(0.0..=1.0).contains(a)) {
            return bad("opacity", i, "0 to 1", &self.opacities[i..=i]);
        }
        if let Some(i) = place(&self.colors, start, |c| !finite(c)) {
            return bad("colour", i, all_finite, &self.colors[i]);
        }
        let each = coefficients(self.degree);
        let i = place(&self.harmonics, start * each, |c| !finite(c))?;
        bad("harmonics", i / each.max(1), all_finite, &self.harmonics[i])
    }

    /// What every writer asks for: lists of one length, and no value that no splat may have.
    pub(crate) fn check(&self, format: Format) -> Result<(), WriteError> {
        if self.degree > MAX_DEGREE {
            return Err(WriteError::new(
                format,
                "degree of the harmonics",
                format!("at most {MAX_DEGREE}"),
                self.degree,
            ));
        }
        let count = self.len();
        if count as u64 > MAX_SPLATS {
            return Err(WriteError::new(format, "splats", format!("at most {MAX_SPLATS}"), count));
        }
        let lengths = [
            ("rotations", self.rotations.len(), count),
            ("scales", self.scales.len(), count),
            ("opacities", self.opacities.len(), count),
            ("colours", self.colors.len(), count),
            ("harmonics", self.harmonics.len(), count * coefficients(self.degree)),
        ];
        for (what, found, expected) in lengths {
            if found != expected {
                return Err(WriteError::new(format, what, format!("{expected} for {count} splats"), found));
            }
        }
        match self.find_bad() {
            Some(bad) => Err(WriteError::new(format, bad.what(), bad.expected, bad.found)),
            None => Ok(()),
        }
    }
}

/// Fails for more splats than any file may hold.
pub(crate) fn check_count(format: Format, place: Place, count: u64) -> Result<(), ReadError> {
    if count <= MAX_SPLATS {
        return Ok(());
    }
    let expected = format!("at most {MAX_SPLATS}");
    Err(ReadError::new(ReadErrorKind::TooLarge, format, place, "number of splats", expected, count))
}

/// Fails for harmonics of a degree that is not kept.
pub(crate) fn check_degree(format: Format, place: Place, degree: u64) -> Result<u8, ReadError> {
    match u8::try_from(degree) {
        Ok(degree) if degree <= MAX_DEGREE => Ok(degree),
        _ => Err(ReadError::unsupported(
            format,
            place,
            "degree of the spherical harmonics",
            format!("at most {MAX_DEGREE}"),
            degree,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> SplatCloud {
        SplatCloud {
            positions: vec![[0.0; 3]],
            rotations: vec![[0.0, 0.0, 0.0, 1.0]],
            scales: vec![[1.0; 3]],
            opacities: vec![1.0],
            colors: vec![[0.25; 3]],
            degree: 1,
            harmonics: vec![[0.01; 3]; 3],
            ..SplatCloud::default()
        }
    }

    #[test]
    fn every_bad_value_is_found() {
        assert_eq!(one().check(Format::Ply), Ok(()));
        let spoil: [fn(&mut SplatCloud); 9] = [
            |c| c.positions[0][2] = f32::NAN,
            |c| c.rotations[0] = [0.0; 4],
            |c| c.rotations[0][3] = f32::NAN,
            |c| c.scales[0][1] = -1.0,
            |c| c.scales[0][1] = f32::INFINITY,
            |c| c.opacities[0] = 1.01,
            |c| c.colors[0][0] = f32::NEG_INFINITY,
            |c| c.harmonics[2][0] = f32::NAN,
            |c| c.harmonics.truncate(2),
        ];
        for spoil in spoil {
            let mut cloud = one();
            spoil(&mut cloud);
            assert!(cloud.check(Format::Ply).is_err(), "{cloud:?}");
        }
        let many = SplatCloud { degree: 4, ..SplatCloud::default() };
        assert!(many.check(Format::Spz).is_err());
    }

    #[test]
    fn linear_colours_become_srgb() {
        let mut cloud = one();
        cloud.color_space = ColorSpace::Linear;
        cloud.to_srgb();
        assert!((cloud.colors[0][0] - 0.537_099).abs() < 1e-5);
        // The harmonics do what a small change of the colour would have done.
        let change = color::linear_to_srgb(0.26) - color::linear_to_srgb(0.25);
        assert!((cloud.harmonics[0][0] - change).abs() < 2e-4);
        let again = cloud.clone();
        cloud.to_srgb();
        assert_eq!(cloud, again);
    }
}

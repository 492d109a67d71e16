//! The attributes of packed splats, each on its own.

use half::f16;

use super::{harmonic_bytes, quantize as q, rotation};
use crate::{
    bytes::Bytes,
    cloud::{SplatCloud, check_count, check_degree, coefficients},
    error::{Place, ReadError},
    format::Format,
};

/// What the head of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: u32,
    pub(super) splats: u32,
    pub(super) degree: u8,
    pub(super) fractional_bits: u8,
    pub(super) antialiased: bool,
}

impl Head {
    /// Checks the numbers of a head; `place` is where they stand.
    pub(super) fn check(&self, place: &Place) -> Result<(), ReadError> {
        let format = Format::Spz;
        check_count(format, place.clone(), u64::from(self.splats))?;
        check_degree(format, place.clone(), u64::from(self.degree))?;
        if self.fractional_bits > 24 {
            let (what, expected) = ("fractional bits of positions", "at most 24");
            return Err(ReadError::invalid(format, place.clone(), what, expected, self.fractional_bits));
        }
        Ok(())
    }

    /// Bytes of one splat in each attribute, in the order in which they stand.
    pub(super) fn strides(&self) -> [u64; 6] {
        let position = if self.version == 1 { 6 } else { 9 };
        let rotation = if self.version < 3 { 3 } else { 4 };
        [position, 1, 3, 3, rotation, harmonic_bytes(self.degree)]
    }

    /// Bytes of each attribute.
    pub(super) fn sizes(&self) -> [u64; 6] {
        self.strides().map(|stride| stride * u64::from(self.splats))
    }
}

/// Positions, opacities, colours, scales, rotations and harmonics, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) head: Head,
    /// Each of the size that the head says.
    pub(super) streams: [Vec<u8>; 6],
}

impl Attributes {
    /// Takes them one behind the other.
    pub(super) fn take(head: Head, bytes: &mut Bytes) -> Result<Self, ReadError> {
        let names = ["positions", "opacities", "colours", "scales", "rotations", "harmonics"];
        let mut streams: [Vec<u8>; 6] = Default::default();
        for ((stream, size), name) in streams.iter_mut().zip(head.sizes()).zip(names) {
            *stream = bytes.take(size, name)?.to_vec();
        }
        Ok(Self { head, streams })
    }

    /// Packs a cloud that was checked.
    pub(super) fn of(head: Head, cloud: &SplatCloud) -> Self {
        let bits = head.fractional_bits;
        let rotations = if head.version < 3 {
            cloud.rotations.iter().flat_map(|q| rotation::to_three(*q)).collect()
        } else {
            cloud.rotations.iter().flat_map(|q| rotation::to_smallest(*q)).collect()
        };
        let streams = [
            cloud.positions.as_flattened().iter().flat_map(|p| q::to_position(*p, bits)).collect(),
            cloud.opacities.iter().map(|a| q::to_opacity(*a)).collect(),
            cloud.colors.as_flattened().iter().map(|c| q::to_color(*c)).collect(),
            cloud.scales.as_flattened().iter().map(|s| q::to_scale(*s)).collect(),
            rotations,
            cloud.harmonics.as_flattened().iter().map(|c| q::to_harmonic(*c)).collect(),
        ];
        Self { head, streams }
    }

    /// Unpacks them.
    pub(super) fn to_cloud(&self) -> Result<SplatCloud, ReadError> {
        let Head { version, splats, degree, fractional_bits, antialiased } = self.head;
        let [positions, opacities, colors, scales, rotations, harmonics] = &self.streams;
        let triples = |bytes: &[u8], number: fn(u8) -> f32| -> Vec<[f32; 3]> {
            bytes.as_chunks().0.iter().map(|chunk: &[u8; 3]| chunk.map(number)).collect()
        };
        let [position, .., rotation, _] = self.head.strides().map(|stride| stride as usize);
        let component = |bytes: &[u8], i: usize| match version {
            1 => f16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]).to_f32(),
            _ => q::position(&bytes[3 * i..], fractional_bits),
        };
        let cloud = SplatCloud {
            positions: positions.chunks_exact(position).map(|p| [0, 1, 2].map(|i| component(p, i))).collect(),
            rotations: rotations
                .chunks_exact(rotation)
                .map(if version < 3 { rotation::from_three } else { rotation::from_smallest })
                .collect(),
            scales: triples(scales, q::scale),
            opacities: opacities.iter().map(|a| q::opacity(*a)).collect(),
            colors: triples(colors, q::color),
            degree,
            harmonics: triples(harmonics, q::harmonic),
            antialiased,
            ..SplatCloud::default()
        };
        debug_assert_eq!(cloud.harmonics.len(), splats as usize * coefficients(degree));
        // Only half floats can be bad: everything else has no bits for it.
        match cloud.find_bad() {
            Some(bad) => {
                let at = 16 + (bad.splat * position) as u64;
                Err(ReadError::invalid(Format::Spz, Place::Unpacked(at), bad.what(), bad.expected, bad.found))
            }
            None => Ok(cloud),
        }
    }
}

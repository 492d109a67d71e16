//! Splats and files to test with.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::OnceLock;

use gve_assets::AssetData;
use gve_bake::BakeOptions;
use gve_interchange::{ReadError, SplatCloud, coefficients};
use gve_types::{MaterialTable, parse_recipe};

/// Numbers that look random, from 0 to 1, always the same.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u32 << 24) as f32
    }

    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.next()
    }
}

/// Splats of all kinds, with harmonics up to a degree.
pub(crate) fn cloud(count: usize, degree: u8) -> SplatCloud {
    let mut n = Numbers::new(u64::from(degree) + 1);
    let mut cloud = SplatCloud { degree, ..SplatCloud::default() };
    for _ in 0..count {
        cloud.positions.push([(); 3].map(|()| n.between(-3.0, 3.0)));
        let q = [(); 4].map(|()| n.between(-1.0, 1.0));
        let length = q.iter().map(|c| c * c).sum::<f32>().sqrt();
        cloud.rotations.push(q.map(|c| c / length));
        cloud.scales.push([(); 3].map(|()| n.between(-7.0, 0.0).exp()));
        cloud.opacities.push(n.between(0.01, 0.99));
        cloud.colors.push([(); 3].map(|()| n.between(-0.1, 1.1)));
        for _ in 0..coefficients(degree) {
            cloud.harmonics.push([(); 3].map(|()| n.between(-0.9, 0.9)));
        }
    }
    cloud
}

/// A teapot of the library, baked coarsely.
pub(crate) fn teapot() -> &'static AssetData {
    static TEAPOT: OnceLock<AssetData> = OnceLock::new();
    TEAPOT.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/library/teapot.gve.json");
        let materials = MaterialTable::builtin();
        let dna = parse_recipe(&std::fs::read_to_string(path).unwrap(), materials).unwrap();
        let mut options = BakeOptions::default();
        options.volume_resolution = 24;
        options.shell_resolution = 48;
        options.splat_count = 1500;
        gve_bake::bake(&dna, materials, &options, &()).unwrap().data
    })
}

/// How far two clouds are apart, field by field; opacities and scales as factors.
pub(crate) struct Apart {
    pub(crate) position: f32,
    pub(crate) rotation: f32,
    pub(crate) scale: f32,
    pub(crate) opacity: f32,
    pub(crate) color: f32,
    pub(crate) harmonics: f32,
}

pub(crate) fn apart(a: &SplatCloud, b: &SplatCloud) -> Apart {
    fn most<const N: usize>(a: &[[f32; N]], b: &[[f32; N]], f: impl Fn(f32, f32) -> f32) -> f32 {
        assert_eq!(a.len(), b.len());
        a.as_flattened().iter().zip(b.as_flattened()).map(|(a, b)| f(*a, *b)).fold(0.0, f32::max)
    }
    let difference = |a: f32, b: f32| (a - b).abs();
    assert_eq!((a.degree, a.opacities.len()), (b.degree, b.opacities.len()));
    let rotation = a.rotations.iter().zip(&b.rotations).map(|(a, b)| {
        let away = |sign: f32| a.iter().zip(b).map(|(a, b)| (a - sign * b).powi(2)).sum::<f32>().sqrt();
        away(1.0).min(away(-1.0))
    });
    Apart {
        position: most(&a.positions, &b.positions, difference),
        rotation: rotation.fold(0.0, f32::max),
        scale: most(&a.scales, &b.scales, |a, b| (a / b).max(b / a) - 1.0),
        opacity: a.opacities.iter().zip(&b.opacities).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max),
        color: most(&a.colors, &b.colors, difference),
        harmonics: most(&a.harmonics, &b.harmonics, difference),
    }
}

/// Reads everything that one changed or missing byte makes of a file; nothing may panic, and what is accepted
/// may hold no value that no splat may have.
pub(crate) fn damage(file: &[u8], read: impl Fn(&[u8]) -> Result<SplatCloud, ReadError>) {
    for length in 0..file.len() {
        let _ = read(&file[..length]).map(|cloud| sound(&cloud));
    }
    let mut bytes = file.to_vec();
    for at in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            bytes[at] ^= change;
            let _ = read(&bytes).map(|cloud| sound(&cloud));
            bytes[at] ^= change;
        }
    }
    let mut n = Numbers::new(7);
    for length in 0..300 {
        let garbage: Vec<u8> = (0..length).map(|_| (n.next() * 256.0) as u8).collect();
        assert!(read(&garbage).is_err());
        // The same behind the start of a real one.
        let start = &file[..file.len().min(length)];
        let _ = read(&[start, garbage.as_slice()].concat()).map(|cloud| sound(&cloud));
    }
}

/// What every reader promises.
pub(crate) fn sound(cloud: &SplatCloud) {
    gve_interchange::gltf::write(cloud)
        .map_or_else(|error| assert!(cloud.is_empty(), "{error}"), |file| assert!(file.starts_with(b"glTF")));
}

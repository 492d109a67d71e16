//! SPZ: every version comes back within its steps, another reader agrees, and bad files are refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Read as _, Write as _};

use common::{apart, cloud, damage, teapot};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use gve_interchange::{
    ColorSpace, ReadErrorKind, SplatCloud, gve, ply,
    spz::{self, Version},
};

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_version_comes_back_within_its_steps() {
    for version in Version::ALL {
        for degree in 0..=3 {
            let before = cloud(300, degree);
            let file = spz::write(&before, version).unwrap();
            let after = spz::read(&file).unwrap();
            let apart = apart(&before, &after);
            assert!(apart.position <= 0.5 / 1_048_576.0, "{}", apart.position);
            assert!(apart.rotation < if version == Version::V2 { 0.13 } else { 3e-3 }, "{}", apart.rotation);
            assert!(apart.scale < 0.033, "{}", apart.scale);
            assert!(apart.opacity < 0.0021 && apart.color < 0.0038, "{} {}", apart.opacity, apart.color);
            assert!(apart.harmonics < 0.0041, "{}", apart.harmonics);
            // Packed a second time it stays what it is, but for the last bits of rotations.
            let mut again = spz::read(&spz::write(&after, version).unwrap()).unwrap();
            again.rotations.clone_from(&after.rotations);
            assert_eq!(again, after);
        }
    }
}

#[test]
fn harmonics_survive_ply_to_spz_to_ply() {
    let before = cloud(100, 3);
    let ply = ply::write(&before, ply::Axes::YDown).unwrap();
    let through = spz::write(&ply::read(&ply, ply::Axes::YDown).unwrap(), Version::V4).unwrap();
    let again = ply::write(&spz::read(&through).unwrap(), ply::Axes::YDown).unwrap();
    assert_eq!(again.len(), ply.len());
    let after = ply::read(&again, ply::Axes::YDown).unwrap();
    assert!(apart(&before, &after).harmonics < 0.0041);
}

#[test]
fn another_reader_unpacks_the_same() {
    let mut before = cloud(60, 3);
    before.antialiased = true;
    let file = spz::write(&before, Version::V2).unwrap();
    let ours = spz::read(&file).unwrap();
    let theirs = spz_rs::load_packed_gaussians_from_spz_buffer(&file[..]).unwrap();
    assert_eq!((theirs.num_points, theirs.sh_degree, theirs.antialiased), (60, 3, true));
    assert!(ours.antialiased);
    for i in 0..60 {
        let splat = theirs.unpack(i);
        assert_eq!(splat.position, ours.positions[i]);
        let [w, x, y, z] = splat.rotation;
        if w > 0.1 {
            let q = ours.rotations[i];
            assert!(
                [x, y, z, w].iter().zip(q).all(|(a, b)| (a - b).abs() < 1e-3),
                "{splat:?} {q:?}",
                splat = splat.rotation
            );
        }
        for channel in 0..3 {
            assert!((splat.scale[channel].exp() / ours.scales[i][channel] - 1.0).abs() < 1e-5);
            let color = 0.5 + 0.282_094_79 * splat.color[channel];
            assert!((color - ours.colors[i][channel]).abs() < 1e-5);
        }
        assert!((1.0 / (1.0 + (-splat.alpha).exp()) - ours.opacities[i]).abs() < 1e-5);
        let red: Vec<f32> = ours.harmonics_of(i).iter().map(|c| c[0]).collect();
        assert_eq!(splat.sh_r.to_vec(), red);
        assert_eq!(splat.sh_b[7], ours.harmonics_of(i)[7][2]);
    }
}

#[test]
fn version_1_and_extensions_are_read() {
    // One splat at (1, -2, 0.5) in half floats.
    let mut bytes = b"NGSP".to_vec();
    bytes.extend([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38]);
    bytes.extend([255, 128, 128, 128, 160, 160, 160, 128, 128, 128]);
    let found = spz::read(&packed(&bytes)).unwrap();
    assert_eq!(found.positions, [[1.0, -2.0, 0.5]]);
    assert_eq!((found.scales[0], found.opacities[0]), ([1.0; 3], 1.0));
    let mut infinite = bytes.clone();
    infinite[17] = 0x7c;
    assert!(spz::read(&packed(&infinite)).unwrap_err().to_string().contains("position of splat 0"));
    // Extensions behind the splats: one that nobody knows, and one that names axes.
    bytes[14] = 2;
    bytes.extend([1, 0, 0x34, 0x12, 3, 0, 0, 0, 9, 9, 9]);
    assert_eq!(spz::read(&packed(&bytes)).unwrap().len(), 1);
    let axes = |number: u8| [&bytes[..], &[3, 0, 0xbe, 0xad, 4, 0, 0, 0, number, 0, 0, 0]].concat();
    assert!(spz::read(&packed(&axes(4))).is_ok());
    assert!(spz::read(&packed(&axes(6))).unwrap_err().to_string().contains("axes: expected right, up, back"));
}

#[test]
fn heads_that_lie_are_refused_before_anything_is_taken() {
    let good = unpacked(&spz::write(&cloud(4, 1), Version::V3).unwrap());
    let with = |at: usize, new: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        spz::read(&packed(&bytes)).unwrap_err()
    };
    assert_eq!(with(0, b"PSGN").kind, ReadErrorKind::Foreign);
    assert_eq!(with(4, &[9]).kind, ReadErrorKind::Unsupported);
    assert_eq!(with(8, &[0xff; 4]).kind, ReadErrorKind::TooLarge);
    assert_eq!(with(8, &[0, 0, 0xff, 0]).kind, ReadErrorKind::TooLarge, "more than the file can unpack to");
    assert_eq!(with(8, &[5]).kind, ReadErrorKind::Truncated);
    assert!(with(8, &[3]).to_string().contains("more bytes"));
    assert_eq!(with(12, &[4]).kind, ReadErrorKind::Unsupported, "degree 4");
    assert_eq!(with(13, &[25]).kind, ReadErrorKind::Invalid);
    // Behind the stream.
    let mut longer = packed(&good);
    longer.push(0);
    assert!(spz::read(&longer).unwrap_err().to_string().contains("1 more bytes"));
    // A bomb: little that unpacks to much.
    let bomb = packed(&[&good[..8], &[0, 0, 0xff, 0, 0, 12, 0, 0], &vec![0; 40 << 20][..]].concat());
    assert_eq!(spz::read(&bomb).unwrap_err().kind, ReadErrorKind::TooLarge);

    let good = spz::write(&cloud(4, 1), Version::V4).unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        spz::read(&bytes).unwrap_err()
    };
    assert_eq!(with(4, &[3]).kind, ReadErrorKind::Unsupported);
    assert_eq!(with(8, &[0, 0, 0xff, 0]).kind, ReadErrorKind::TooLarge);
    assert!(with(15, &[5]).to_string().contains("number of streams: expected 6"));
    assert!(with(16, &[31]).to_string().contains("32 or more"));
    assert!(
        with(40, &[1]).to_string().contains("unpacked size of a stream: expected 36 for 4 splats, found 1")
    );
    assert_eq!(with(32, &[0xff; 8]).kind, ReadErrorKind::Truncated);
    assert!(with(32, &[1]).to_string().contains("zstd data"));
}

#[test]
fn damaged_files_never_panic() {
    for version in Version::ALL {
        let file = spz::write(&cloud(3, 1), version).unwrap();
        damage(&file, spz::read);
        for length in 0..file.len() {
            assert!(spz::read(&file[..length]).is_err(), "{version:?} {length}");
        }
        assert!(spz::looks_like(&file) && spz::looks_like(&file[..file.len() / 2]));
    }
    assert!(!spz::looks_like(&packed(b"something else")));
    // Inside the gzip stream, where its checksum does not help.
    let bytes = unpacked(&spz::write(&cloud(2, 1), Version::V3).unwrap());
    damage(&bytes, |bytes| spz::read(&packed(bytes)));
}

#[test]
fn what_does_not_fit_is_refused_or_kept_within_limits() {
    assert!(spz::write(&SplatCloud::default(), Version::V3).is_err());
    let mut far = cloud(1, 0);
    far.positions[0][0] = 1e7;
    assert!(spz::write(&far, Version::V3).unwrap_err().to_string().contains("within 8000 km"));
    far.positions[0][0] = 8.0e6;
    assert_eq!(spz::read(&spz::write(&far, Version::V3).unwrap()).unwrap().positions[0][0], 8.0e6);
    let mut wide = cloud(1, 0);
    wide.scales[0] = [0.0, 1e6, 1.0];
    let [a, b, c] = spz::read(&spz::write(&wide, Version::V3).unwrap()).unwrap().scales[0];
    assert!((a - 4.54e-5).abs() < 1e-7 && (b - 379.0).abs() < 2.0 && c == 1.0, "{a} {b} {c}");
    // Linear colours are turned into sRGB.
    let mut linear = cloud(1, 0);
    linear.color_space = ColorSpace::Linear;
    linear.colors[0] = [0.214_041; 3];
    let color = spz::read(&spz::write(&linear, Version::V3).unwrap()).unwrap().colors[0][0];
    assert!((color - 0.5).abs() < 0.004, "{color}");
}

#[test]
fn splats_of_an_asset_come_back() {
    let before = gve::from_splats(&teapot().splats);
    for version in Version::ALL {
        let file = spz::write(&before, version).unwrap();
        let after = spz::read(&file).unwrap();
        let apart = apart(&before, &after);
        assert!(apart.position < 1e-6 && apart.scale < 0.033 && apart.color < 0.0038, "{version:?}");
        assert!(file.len() < before.len() * 24);
    }
}

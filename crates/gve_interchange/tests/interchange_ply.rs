//! PLY: what is written is read by us and by others, and bad files are refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{apart, cloud, damage, teapot};
use gve_interchange::{ReadErrorKind, gve, ply, ply::Axes};
use ply_rs_bw::{
    parser::Parser,
    ply::{DefaultElement, Encoding, Ply},
    writer::Writer,
};

fn theirs(file: &[u8]) -> Ply<DefaultElement> {
    Parser::<DefaultElement>::new().read_ply(&mut &file[..]).unwrap()
}

fn float(element: &DefaultElement, name: &str) -> f32 {
    element.get(name).unwrap().to_f32_lossy().unwrap()
}

#[test]
fn clouds_come_back_with_their_harmonics() {
    for degree in 0..=3 {
        for axes in [Axes::YDown, Axes::YUp] {
            let before = cloud(200, degree);
            let after = ply::read(&ply::write(&before, axes).unwrap(), axes).unwrap();
            let apart = apart(&before, &after);
            assert_eq!((apart.position, apart.harmonics), (0.0, 0.0));
            assert!(
                apart.rotation < 1e-6 && apart.scale < 1e-5 && apart.opacity < 1e-6 && apart.color < 1e-6
            );
        }
    }
}

#[test]
fn another_reader_finds_the_reference_s_properties() {
    let before = cloud(50, 3);
    let ply = theirs(&ply::write(&before, Axes::YDown).unwrap());
    let rows = &ply.payload["vertex"];
    assert_eq!(rows.len(), 50);
    for (i, row) in rows.iter().enumerate() {
        let near = |name: &str, expected: f32| {
            let found = float(row, name);
            assert!(
                (found - expected).abs() < 1e-5 * expected.abs().max(1.0),
                "{name} of {i}: {found} {expected}"
            );
        };
        let [x, y, z] = before.positions[i];
        // y down, z away.
        [("x", x), ("y", -y), ("z", -z)].into_iter().for_each(|(name, value)| near(name, value));
        let [qx, qy, qz, qw] = before.rotations[i];
        let rotation = [("rot_0", qw), ("rot_1", qx), ("rot_2", -qy), ("rot_3", -qz)];
        rotation.into_iter().for_each(|(name, value)| near(name, value));
        near("scale_2", before.scales[i][2].ln());
        let opacity = before.opacities[i];
        near("opacity", -(1.0 / opacity - 1.0).ln());
        near("f_dc_1", (before.colors[i][1] - 0.5) / 0.282_094_79);
        // All of red, then all of green: coefficient 2, order 1 of degree 1, is along x, which stays.
        near("f_rest_2", before.harmonics_of(i)[2][0]);
        near("f_rest_17", before.harmonics_of(i)[2][1]);
        near("f_rest_0", -before.harmonics_of(i)[0][0]);
        near("nx", 0.0);
    }
}

#[test]
fn files_of_others_are_read_in_all_encodings() {
    let before = cloud(40, 2);
    let ours = ply::write(&before, Axes::YDown).unwrap();
    for encoding in [Encoding::Ascii, Encoding::BinaryBigEndian, Encoding::BinaryLittleEndian] {
        let mut ply = theirs(&ours);
        ply.header.encoding = encoding;
        let mut file = Vec::new();
        Writer::new().write_ply(&mut file, &mut ply).unwrap();
        let after = ply::read(&file, Axes::YDown).unwrap();
        let apart = apart(&before, &after);
        assert!(apart.position < 1e-5 && apart.rotation < 1e-5 && apart.scale < 1e-4, "{encoding:?}");
        assert!(apart.color < 1e-5 && apart.harmonics < 1e-5 && apart.opacity < 1e-5, "{encoding:?}");
    }
}

/// A file of one splat as text, with a hook for its header and its numbers.
fn text(header: &str, row: &str) -> String {
    format!("ply\nformat ascii 1.0\n{header}end_header\n{row}")
}

const NAMES: [&str; 14] = [
    "x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2", "rot_0",
    "rot_1", "rot_2", "rot_3",
];
const ROW: &str = "1 2 3 0 0 0 0 -1 -2 -3 2 0 0 0\n";

fn header(count: &str) -> String {
    let properties: String = NAMES.iter().map(|name| format!("property float {name}\n")).collect();
    format!("element vertex {count}\n{properties}")
}

#[test]
fn elements_and_properties_of_others_are_left_out() {
    let extra = "comment a scan\nelement camera 2\nproperty list uchar int ids\nproperty uchar kind\n";
    let header =
        format!("{extra}{}property double confidence\nelement face 0\nproperty int a\n", header("1"));
    let row = ROW.replace('\n', " 0.5\n");
    let found = ply::read(text(&header, &format!("2 7 8 1\n0 1\n{row}")).as_bytes(), Axes::YUp).unwrap();
    assert_eq!(found.positions, [[1.0, 2.0, 3.0]]);
    assert_eq!(found.rotations, [[0.0, 0.0, 0.0, 1.0]]);
    assert_eq!((found.opacities[0], found.colors[0]), (0.5, [0.5; 3]));
    // The same in binary: lists are walked.
    let mut file = format!("ply\r\nformat binary_little_endian 1.0\r\n{header}end_header\r\n").into_bytes();
    file.extend([2, 7, 0, 0, 0, 8, 0, 0, 0, 1, 0, 1]);
    for number in ROW.split_ascii_whitespace() {
        file.extend(number.parse::<f32>().unwrap().to_le_bytes());
    }
    file.extend(0.5_f64.to_le_bytes());
    assert_eq!(ply::read(&file, Axes::YUp).unwrap(), found);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let one = header("1");
    let cases = [
        ("\u{1f}\u{8b}".to_owned(), "start: expected"),
        (
            text(&one.replace("opacity", "alpha"), ROW),
            "line 3: property \"opacity\": expected one, as splats have",
        ),
        (text("element vertex 1\nproperty uint packed_position\n", "1\n"), "SuperSplat"),
        (
            text(&format!("{one}property float f_rest_0\n"), ROW),
            "number of f_rest properties: expected 0, 9, 24 or 45, found 1",
        ),
        (text(&header("2"), ROW), "2 lines of splats"),
        (text(&header("99999999999"), ROW), "number of splats: expected at most 16777216, found 99999999999"),
        (text(&header("-1"), ROW), "a whole number, found \"-1\""),
        (text(&one, &format!("{ROW}{ROW}")), "expected the end of the file, found more lines"),
        (text(&one, &ROW.replace('2', "two")), "line 19: splat: expected numbers, found \"two\""),
        (
            text(&one, &ROW.replace("1 2 3 0", "1 nan 3 0")),
            "line 19: position of splat 0: expected finite numbers",
        ),
        (
            text(&one, &ROW.replace("2 0 0 0", "0 0 0 0")),
            "rotation of splat 0: expected a quaternion other than 0",
        ),
        (text(&one, &ROW.replace("-1 -2", "-1 99")), "scale of splat 0: expected finite lengths"),
        (text(&one, &ROW.replace("0 0 0 0 -1", "0 0 0 nan -1")), "opacity of splat 0: expected 0 to 1"),
        (text(&one.replace("float x", "list uchar float x"), ROW), "no lists"),
        (text(&one.replace("float x", "quad x"), ROW), "one of PLY's types"),
        (text("element face 3\nproperty float x\n", ""), "an element \"vertex\""),
        ("ply\nformat ascii 1.0\n".to_owned(), "a line \"end_header\""),
        ("ply\nend_header\n".to_owned(), "a line \"format …\""),
        ("ply\nformat ascii 1.0\nproperty float x\n".to_owned(), "an element before it"),
        ("ply\nformat ascii 1.0\n\u{1b}[2J\n".to_owned(), "found \"␛[2J\""),
    ];
    for (file, expected) in cases {
        let error = ply::read(file.as_bytes(), Axes::YDown).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\n  does not say {expected}");
    }
}

#[test]
fn a_bad_number_in_a_binary_file_is_named_with_its_byte() {
    let mut file = ply::write(&cloud(3, 1), Axes::YDown).unwrap();
    let start = file.windows(11).position(|w| w == b"end_header\n").unwrap() + 11;
    let stride = 4 * (17 + 9);
    // The scale of the last one: behind position, normal, colour, nine coefficients and opacity.
    let at = start + 2 * stride + 4 * (3 + 3 + 3 + 9 + 1);
    file[at..at + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let error = ply::read(&file, Axes::YDown).unwrap_err();
    assert_eq!(error.place, gve_interchange::Place::Byte(at as u64));
    assert!(error.to_string().contains("scale of splat 2"), "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let file = ply::write(&cloud(2, 1), Axes::YDown).unwrap();
    damage(&file, |bytes| ply::read(bytes, Axes::YDown));
    damage(text(&header("1"), ROW).as_bytes(), |bytes| ply::read(bytes, Axes::YUp));
    for length in 0..file.len() {
        let error = ply::read(&file[..length], Axes::YDown).unwrap_err();
        let known = [ReadErrorKind::Truncated, ReadErrorKind::Foreign];
        assert!(known.contains(&error.kind), "{length}: {error}");
    }
    let longer = [file.as_slice(), b"!"].concat();
    assert!(ply::read(&longer, Axes::YDown).unwrap_err().to_string().contains("1 more bytes"));
}

#[test]
fn splats_of_an_asset_come_back() {
    let before = &teapot().splats;
    let file = ply::write(&gve::from_splats(before), Axes::YDown).unwrap();
    let after = gve::to_splats(&ply::read(&file, Axes::YDown).unwrap());
    assert_eq!(before.len(), after.len());
    // The order is that of importance, which may differ between equals.
    for splat in before {
        let same = after.iter().any(|other| {
            other.position == splat.position
                && other.color == splat.color
                && (0..3).all(|i| (other.scale[i] / splat.scale[i] - 1.0).abs() < 1e-4)
                && {
                    let dot: f32 = (0..4).map(|i| other.rotation[i] * splat.rotation[i]).sum();
                    dot.abs() > 0.99999
                }
        });
        assert!(same, "{splat:?}");
    }
}

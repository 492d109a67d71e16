//! glTF: splats come back, nodes turn them, another reader agrees on what is in the file, and bad files are
//! refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{apart, cloud, damage, teapot};
use goth_gltf::{Gltf, default_extensions::Extensions};
use gve_interchange::{ColorSpace, ReadErrorKind, SplatCloud, gltf, gve, mesh, mesh::Mesh};
use serde_json::{Value, json};

/// A `.glb` taken apart.
fn parts(file: &[u8]) -> (Value, Vec<u8>) {
    let length = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    (serde_json::from_slice(&file[20..20 + length]).unwrap(), file[28 + length..].to_vec())
}

/// A `.glb` put together.
fn joined(document: &Value, binary: &[u8]) -> Vec<u8> {
    let mut json = document.to_string().into_bytes();
    json.resize(json.len().next_multiple_of(4), b' ');
    let mut file = b"glTF\x02\0\0\0".to_vec();
    file.extend((28 + json.len() as u32 + binary.len() as u32).to_le_bytes());
    file.extend((json.len() as u32).to_le_bytes());
    file.extend(b"JSON");
    file.extend(json);
    file.extend((binary.len() as u32).to_le_bytes());
    file.extend(b"BIN\0");
    file.extend(binary);
    file
}

fn changed(file: &[u8], change: impl Fn(&mut Value)) -> Result<SplatCloud, gve_interchange::ReadError> {
    let (mut document, binary) = parts(file);
    change(&mut document);
    gltf::read(&joined(&document, &binary))
}

#[test]
fn clouds_come_back_with_harmonics_and_colour_space() {
    for degree in 0..=3 {
        let mut before = cloud(150, degree);
        before.color_space = if degree % 2 == 0 { ColorSpace::Srgb } else { ColorSpace::Linear };
        let after = gltf::read(&gltf::write(&before).unwrap()).unwrap();
        assert_eq!(before.color_space, after.color_space);
        let apart = apart(&before, &after);
        assert_eq!((apart.position, apart.scale, apart.opacity, apart.harmonics), (0.0, 0.0, 0.0, 0.0));
        assert!(apart.rotation < 1e-6 && apart.color < 1e-6);
    }
}

#[test]
fn the_file_says_what_the_extension_asks_for() {
    let file = gltf::write(&cloud(5, 1)).unwrap();
    let (document, binary) = parts(&file);
    assert_eq!(document["extensionsUsed"], json!(["KHR_gaussian_splatting"]));
    let primitive = &document["meshes"][0]["primitives"][0];
    assert_eq!(primitive["mode"], 0);
    let extension = &primitive["extensions"]["KHR_gaussian_splatting"];
    assert_eq!(
        (&extension["kernel"], &extension["colorSpace"]),
        (&json!("ellipse"), &json!("srgb_rec709_display"))
    );
    let names: Vec<&str> = primitive["attributes"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "POSITION",
        "COLOR_0",
        "KHR_gaussian_splatting:ROTATION",
        "KHR_gaussian_splatting:SCALE",
        "KHR_gaussian_splatting:OPACITY",
        "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0",
        "KHR_gaussian_splatting:SH_DEGREE_1_COEF_0",
        "KHR_gaussian_splatting:SH_DEGREE_1_COEF_1",
        "KHR_gaussian_splatting:SH_DEGREE_1_COEF_2",
    ];
    assert_eq!(names, expected);
    // Another reader finds every view in its buffer, and the bounds of the points.
    let (theirs, buffer) = Gltf::<Extensions>::from_bytes(&file).unwrap();
    assert_eq!(buffer.unwrap(), binary);
    assert_eq!(theirs.meshes[0].primitives[0].mode, goth_gltf::PrimitiveMode::Points);
    for view in &theirs.buffer_views {
        assert!(
            view.byte_offset % 4 == 0 && view.byte_offset + view.byte_length <= theirs.buffers[0].byte_length
        );
    }
    let points = &theirs.accessors[theirs.meshes[0].primitives[0].attributes.position.unwrap()];
    let highest = cloud(5, 1).positions.iter().map(|p| p[1]).reduce(f32::max).unwrap();
    assert_eq!((points.count, points.max.as_ref().unwrap()[1]), (5, highest));
}

#[test]
fn nodes_move_turn_and_enlarge_splats() {
    let before = cloud(30, 3);
    let file = gltf::write(&before).unwrap();
    let half = std::f32::consts::FRAC_1_SQRT_2;
    // A quarter turn about x, twice as large, in a node that is moved.
    let after = changed(&file, |document| {
        document["nodes"] = json!([
            {"translation": [1.0, 2.0, 3.0], "children": [1]},
            {"mesh": 0, "rotation": [half, 0.0, 0.0, half], "scale": [2.0, 2.0, 2.0]},
        ]);
    })
    .unwrap();
    for (p, q) in before.positions.iter().zip(&after.positions) {
        let expected = [1.0 + 2.0 * p[0], 2.0 - 2.0 * p[2], 3.0 + 2.0 * p[1]];
        assert!((0..3).all(|i| (q[i] - expected[i]).abs() < 1e-4), "{q:?} {expected:?}");
    }
    for (a, b) in before.scales.iter().zip(&after.scales) {
        assert!((0..3).all(|i| (b[i] / a[i] - 2.0).abs() < 1e-5));
    }
    // What was along z is along -y now: the coefficient of order 0 of degree 1 becomes that of order -1.
    let (a, b) = (before.harmonics_of(4), after.harmonics_of(4));
    assert!(
        (b[0][1] - a[1][1]).abs() < 1e-5
            && (b[1][1] + a[0][1]).abs() < 1e-5
            && (b[2][1] - a[2][1]).abs() < 1e-5
    );
    // The same mesh twice is twice the splats; a scene without it has none.
    let twice = changed(&file, |document| {
        document["nodes"] = json!([{"mesh": 0}, {"mesh": 0}]);
        document["scenes"] = json!([{"nodes": [0, 1]}]);
    });
    assert_eq!(twice.unwrap().len(), 60);
    let none = changed(&file, |document| document["scenes"] = json!([{}])).unwrap_err();
    assert!(none.to_string().contains("splats (KHR_gaussian_splatting) in the scene"), "{none}");
}

#[test]
fn packed_numbers_and_other_buffers_are_read() {
    // One splat whose rotation, scale and opacity are bytes; the buffer is a URI.
    let mut binary = Vec::new();
    for number in [1.0_f32, 2.0, 3.0, 0.5, 0.0, -0.5] {
        binary.extend(number.to_le_bytes());
    }
    binary.extend([0, 127, 0, 0, 2, 255, 1, 0, 51, 0, 0, 0]);
    let view =
        |offset: usize, length: usize| json!({"buffer": 0, "byteOffset": offset, "byteLength": length});
    let accessor = |view: usize, component: u32, kind: &str, normalized: bool| json!({"bufferView": view, "componentType": component, "count": 1, "type": kind, "normalized": normalized});
    let document = |uri: &str| {
        json!({
            "asset": {"version": "2.0"},
            "meshes": [{"primitives": [{"mode": 0, "attributes": {
                "POSITION": 0, "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0": 1, "KHR_gaussian_splatting:ROTATION": 2,
                "KHR_gaussian_splatting:SCALE": 3, "KHR_gaussian_splatting:OPACITY": 4,
            }, "extensions": {"KHR_gaussian_splatting": {"kernel": "ellipse", "colorSpace": "lin_rec709_display"}}}]}],
            "accessors": [
                accessor(0, 5126, "VEC3", false), accessor(1, 5126, "VEC3", false), accessor(2, 5120, "VEC4", true),
                accessor(3, 5121, "VEC3", false), accessor(4, 5121, "SCALAR", true),
            ],
            "bufferViews": [view(0, 12), view(12, 12), view(24, 4), view(28, 3), view(32, 1)],
            "buffers": [{"byteLength": binary.len(), "uri": uri}],
        })
        .to_string()
        .into_bytes()
    };
    let mut base64 = "data:application/octet-stream;base64,".to_owned();
    base64.push_str(&base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &binary));
    let found = gltf::read(&document(&base64)).unwrap();
    assert_eq!((found.positions[0], found.rotations[0]), ([1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.0]));
    assert_eq!((found.scales[0], found.opacities[0]), ([2.0, 255.0, 1.0], 0.2));
    assert_eq!(found.color_space, ColorSpace::Linear);
    let elsewhere = gltf::read_with(&document("a.bin"), &mut |uri| {
        assert_eq!(uri, "a.bin");
        Ok(binary.clone())
    });
    assert_eq!(elsewhere.unwrap(), found);
    assert!(gltf::read(&document("a.bin")).unwrap_err().to_string().contains("which is not looked for here"));
    assert!(gltf::read(&document("data:,abc")).unwrap_err().to_string().contains("data in base64"));
    damage(&document(&base64), gltf::read);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let file = gltf::write(&cloud(3, 1)).unwrap();
    type Change = fn(&mut Value);
    let primitive = "meshes[0].primitives[0]";
    let cases: [(Change, &str); 22] = [
        (|d| d["asset"]["version"] = json!("1.0"), "asset.version: version: expected 2.x"),
        (|d| d["scene"] = json!(4), "scene: scene: expected one of 1, found 4"),
        (|d| d["scenes"][0]["nodes"] = json!([9]), "nodes[9]"),
        (|d| d["nodes"][0]["children"] = json!([0]), "nodes[0]: node: expected one parent at most"),
        (|d| d["nodes"][0]["mesh"] = json!(3), "meshes[3]"),
        (|d| d["nodes"][0]["scale"] = json!([1, 2, 1]), "nodes[0]: scale: expected one positive factor"),
        (|d| d["meshes"][0]["primitives"][0]["mode"] = json!(4), "expected points (0), found 4"),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["extensions"]["KHR_gaussian_splatting"]["kernel"] =
                    json!("cube");
            },
            "kernel: expected \"ellipse\", found \"cube\"",
        ),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["extensions"]["KHR_gaussian_splatting"]["colorSpace"] =
                    json!("x");
            },
            "colorSpace",
        ),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["extensions"]["KHR_gaussian_splatting"]["extensions"] =
                    json!({"KHR_gaussian_splatting_compression_spz": {}});
            },
            "without a further extension",
        ),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["attributes"]
                    .as_object_mut()
                    .unwrap()
                    .remove("KHR_gaussian_splatting:SCALE");
            },
            "\"KHR_gaussian_splatting:SCALE\"",
        ),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["attributes"]
                    .as_object_mut()
                    .unwrap()
                    .remove("KHR_gaussian_splatting:SH_DEGREE_1_COEF_1");
            },
            "SH_DEGREE_1_COEF_1",
        ),
        (
            |d| {
                d["meshes"][0]["primitives"][0]["attributes"]["KHR_gaussian_splatting:SH_DEGREE_4_COEF_0"] =
                    json!(0);
            },
            "degree of the spherical harmonics",
        ),
        (
            |d| d["accessors"][0]["count"] = json!(4),
            "accessors[0]: count: expected elements in a view of 36 bytes",
        ),
        (|d| d["accessors"][0]["count"] = json!(2), "count: expected 2, found 3"),
        (
            |d| d["accessors"][0]["count"] = json!(u64::MAX),
            "accessors[0]: number of splats: expected at most 16777216",
        ),
        (|d| d["accessors"][0]["byteOffset"] = json!(u64::MAX), "accessors[0]: count"),
        (|d| d["accessors"][0]["sparse"] = json!({}), "sparse"),
        (
            |d| {
                d["accessors"][0].as_object_mut().unwrap().remove("bufferView");
            },
            "all numbers are 0",
        ),
        (|d| d["bufferViews"][0]["byteLength"] = json!(u64::MAX), "bufferViews[0]"),
        (|d| d["bufferViews"][0]["byteStride"] = json!(0), "byteStride: expected 12 to 252, found 0"),
        (|d| d["buffers"][0]["byteLength"] = json!(1_u64 << 40), "buffers[0]: length"),
    ];
    for (change, expected) in cases {
        let error = changed(&file, change).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\n  does not say {expected} ({primitive})");
    }
    let not_json = gltf::read(b"{\"asset\": 3}").unwrap_err();
    assert_eq!(not_json.place, gve_interchange::Place::Byte(10), "{not_json}");
}

#[test]
fn few_bytes_do_not_become_many_splats() {
    let file = gltf::write(&cloud(1000, 0)).unwrap();
    let error = changed(&file, |document| {
        let nodes: Vec<Value> = (0..5000).map(|_| json!({"mesh": 0})).collect();
        document["scenes"] = json!([{"nodes": (0..nodes.len()).collect::<Vec<_>>()}]);
        document["nodes"] = json!(nodes);
    })
    .unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooLarge, "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let file = gltf::write(&cloud(2, 1)).unwrap();
    damage(&file, gltf::read);
    for length in 0..file.len() {
        assert!(gltf::read(&file[..length]).is_err(), "{length}");
    }
    let (document, binary) = parts(&file);
    assert!(gltf::read(&joined(&document, &binary)).is_ok());
    for length in 0..binary.len() {
        assert!(gltf::read(&joined(&document, &binary[..length])).is_err(), "{length}");
    }
}

#[test]
fn a_mesh_is_what_another_reader_finds_in_it() {
    let asset = teapot();
    let mesh =
        Mesh { name: "Tea \"pot\"", shell: (&asset.shell).into(), materials: &asset.metadata.materials };
    let file = mesh::glb::write(&mesh).unwrap();
    let (theirs, buffer) = Gltf::<Extensions>::from_bytes(&file).unwrap();
    let buffer = buffer.unwrap();
    let primitives = &theirs.meshes[0].primitives;
    assert_eq!(primitives.len(), asset.shell.parts.len());
    let bytes = |index: usize, size: usize| {
        let accessor = &theirs.accessors[index];
        let view = &theirs.buffer_views[accessor.buffer_view.unwrap()];
        let start = view.byte_offset + accessor.byte_offset;
        assert!(accessor.byte_offset + accessor.count * size <= view.byte_length);
        buffer[start..start + accessor.count * size].to_vec()
    };
    for (primitive, part) in primitives.iter().zip(&asset.shell.parts) {
        let first = part.first_index as usize;
        let expected: Vec<u8> = asset.shell.indices[first..first + part.index_count as usize]
            .iter()
            .flat_map(|index| index.to_le_bytes())
            .collect();
        assert_eq!(bytes(primitive.indices.unwrap(), 4), expected);
        let positions = bytes(primitive.attributes.position.unwrap(), 12);
        assert_eq!(
            positions,
            asset.shell.positions.as_flattened().iter().flat_map(|c| c.to_le_bytes()).collect::<Vec<_>>()
        );
        assert_eq!(bytes(primitive.attributes.normal.unwrap(), 12).len(), positions.len());
        let material = &theirs.materials[primitive.material.unwrap()];
        let spec = &asset.metadata.materials[part.material as usize];
        assert_eq!(material.pbr_metallic_roughness.metallic_factor, spec.metallic);
        assert_eq!(material.pbr_metallic_roughness.roughness_factor, spec.roughness);
        let red = f32::from(spec.base_color_srgb[0]) / 255.0;
        let found = material.pbr_metallic_roughness.base_color_factor[0];
        assert!((found - ((red + 0.055) / 1.055).powf(2.4)).abs() < 1e-5 || red < 0.05, "{found}");
    }
    // A mesh has no splats.
    assert!(gltf::read(&file).is_err());
    let splats = gltf::read(&gltf::write(&gve::from_splats(&asset.splats)).unwrap()).unwrap();
    assert_eq!(gve::to_splats(&splats).len(), asset.splats.len());
}

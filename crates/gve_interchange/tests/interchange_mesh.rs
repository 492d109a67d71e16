//! Meshes: readers that others wrote find the triangles, places and materials of the shell.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{collections::HashMap, io::Read as _};

use common::teapot;
use flate2::read::DeflateDecoder;
use gve_assets::{AssetFile, Shell, encode};
use gve_interchange::{
    gve,
    mesh::{self, Mesh, Unit},
};
use gve_types::MaterialTable;

fn mesh() -> Mesh<'static> {
    let asset = teapot();
    Mesh {
        name: "Tea <&> \"pot\"\n\u{1b}",
        shell: (&asset.shell).into(),
        materials: &asset.metadata.materials,
    }
}

/// Every edge of the triangles is there once in each direction.
fn is_closed(triangles: impl Iterator<Item = [u32; 3]>) -> bool {
    let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
    for [a, b, c] in triangles {
        for edge in [(a, b), (b, c), (c, a)] {
            *edges.entry(edge).or_default() += 1;
        }
    }
    !edges.is_empty() && edges.iter().all(|(&(a, b), count)| *count == 1 && edges.get(&(b, a)) == Some(&1))
}

/// Six times the volume between the triangles.
fn volume(triangles: impl Iterator<Item = [[f32; 3]; 3]>) -> f64 {
    let one = |[a, b, c]: [[f32; 3]; 3]| {
        let [a, b, c] = [a, b, c].map(|v| v.map(f64::from));
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    triangles.map(one).sum()
}

fn shell_volume(shell: &Shell) -> f64 {
    let corners = |t: &[u32; 3]| t.map(|i| shell.positions[i as usize]);
    volume(shell.indices.as_chunks().0.iter().map(corners))
}

#[test]
fn obj_and_mtl_are_read_by_another_reader() {
    let mesh = mesh();
    let asset = teapot();
    let text = mesh::obj::write(&mesh, Unit::Metre, Some("tea pot.mtl")).unwrap();
    assert!(text.contains("\nmtllib tea pot.mtl\n") && text.contains("\no Tea <&> \"pot\""));
    let materials = mesh::obj::write_materials(&mesh);
    let options = tobj::LoadOptions::default();
    let (models, found) =
        tobj::load_obj_buf(&mut text.as_bytes(), &options, |_| tobj::load_mtl_buf(&mut materials.as_bytes()))
            .unwrap();
    let found = found.unwrap();
    assert_eq!(found.len(), asset.metadata.materials.len());
    let indices: usize = models.iter().map(|model| model.mesh.indices.len()).sum();
    assert_eq!(indices, asset.shell.indices.len());
    for (model, part) in models.iter().zip(&asset.shell.parts) {
        let spec = &asset.metadata.materials[part.material as usize];
        let material = &found[model.mesh.material_id.unwrap()];
        assert_eq!(material.name, spec.spec_id);
        let color = material.diffuse.unwrap();
        assert!((0..3).all(|i| (color[i] * 255.0).round() as u8 == spec.base_color_srgb[i]));
        assert!((material.unknown_param["Pr"].parse::<f32>().unwrap() - spec.roughness).abs() < 1e-3);
    }
    // Closed, since vertices are welded.
    let faces = text.lines().filter_map(|line| line.strip_prefix("f ")).map(|line| {
        let mut corners = line.split(' ').map(|corner| corner.split("//").next().unwrap().parse().unwrap());
        [(); 3].map(|()| corners.next().unwrap())
    });
    assert!(is_closed(faces));
    let large = mesh::obj::write(&mesh, Unit::Millimetre, None).unwrap();
    assert!(!large.contains("mtllib"));
    let first = |text: &str| -> f32 {
        let line = text.lines().find_map(|line| line.strip_prefix("v ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    };
    assert!((first(&large) / first(&text) - 1000.0).abs() < 1e-2);
}

#[test]
fn stl_is_read_by_another_reader() {
    let asset = teapot();
    let file = mesh::stl::write(&mesh(), Unit::Metre).unwrap();
    assert_eq!(file.len(), 84 + 50 * asset.shell.indices.len() / 3);
    assert!(mesh::stl::looks_like(&file));
    let found = stl_io::read_stl(&mut std::io::Cursor::new(&file)).unwrap();
    assert_eq!(found.faces.len(), asset.shell.indices.len() / 3);
    let point = |i: usize| [found.vertices[i][0], found.vertices[i][1], found.vertices[i][2]];
    let volume = volume(found.faces.iter().map(|face| face.vertices.map(point)));
    assert!((volume / shell_volume(&asset.shell) - 1.0).abs() < 1e-4, "turned, not mirrored: {volume}");
    // z is up: as high as the asset is along y.
    let height = |values: &mut dyn Iterator<Item = f32>| {
        values.fold([f32::MAX, f32::MIN], |[low, high], v| [low.min(v), high.max(v)])
    };
    let ours = height(&mut asset.shell.positions.iter().map(|p| p[1]));
    assert_eq!(height(&mut found.vertices.iter().map(|v| v[2])), ours);
}

#[test]
fn threemf_is_a_zip_of_xml_with_the_same_triangles() {
    let asset = teapot();
    let file = mesh::threemf::write(&mesh()).unwrap();
    assert_eq!(file, mesh::threemf::write(&mesh()).unwrap(), "the same mesh gives the same bytes");
    let archive = rawzip::ZipArchive::from_slice(&file[..]).unwrap();
    let mut parts = HashMap::new();
    for entry in archive.entries() {
        let entry = entry.unwrap();
        let name = String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
        let data = archive.get_entry(entry.wayfinder()).unwrap();
        let mut text = String::new();
        let mut reader = data.verifying_reader(DeflateDecoder::new(data.data()));
        reader.read_to_string(&mut text).unwrap();
        parts.insert(name, text);
    }
    let types = roxmltree::Document::parse(&parts["[Content_Types].xml"]).unwrap();
    assert_eq!(types.root_element().children().count(), 2);
    let relationships = roxmltree::Document::parse(&parts["_rels/.rels"]).unwrap();
    let target = relationships.root_element().first_element_child().unwrap().attribute("Target").unwrap();
    let model = roxmltree::Document::parse(&parts[target.trim_start_matches('/')]).unwrap();
    let root = model.root_element();
    assert_eq!(
        root.tag_name().namespace(),
        Some("http://schemas.microsoft.com/3dmanufacturing/core/2015/02")
    );
    assert_eq!(root.attribute("unit"), Some("meter"));
    let all = |name: &'static str| {
        model
            .descendants()
            .filter(move |node| node.has_tag_name((root.tag_name().namespace().unwrap(), name)))
    };
    assert_eq!(all("metadata").next().unwrap().text(), Some("Tea <&> \"pot\"  "));
    let colors: Vec<&str> = all("base").map(|base| base.attribute("displaycolor").unwrap()).collect();
    let [r, g, b] = asset.metadata.materials[0].base_color_srgb;
    assert_eq!(
        (colors.len(), colors[0]),
        (asset.metadata.materials.len(), format!("#{r:02X}{g:02X}{b:02X}").as_str())
    );
    let vertices: Vec<[f32; 3]> = all("vertex")
        .map(|v| ["x", "y", "z"].map(|axis| v.attribute(axis).unwrap().parse().unwrap()))
        .collect();
    let triangles: Vec<[u32; 3]> = all("triangle")
        .map(|t| ["v1", "v2", "v3"].map(|v| t.attribute(v).unwrap().parse().unwrap()))
        .collect();
    assert_eq!(triangles.len(), asset.shell.indices.len() / 3);
    assert!(is_closed(triangles.iter().copied()));
    let volume = volume(triangles.iter().map(|t| t.map(|i| vertices[i as usize])));
    assert!((volume / shell_volume(&asset.shell) - 1.0).abs() < 1e-4);
    let used: Vec<usize> = all("triangle").map(|t| t.attribute("p1").unwrap().parse().unwrap()).collect();
    assert!(used.iter().all(|material| *material < colors.len()));
}

#[test]
fn a_file_of_splats_alone_is_valid_and_says_so() {
    let material = MaterialTable::builtin().get("ASTM_C62").unwrap();
    let cloud = common::cloud(100, 2);
    let asset = gve::to_asset(&cloud, &"é".repeat(100), material).unwrap();
    let file = AssetFile::from_bytes(encode(&asset).unwrap()).unwrap();
    assert_eq!(file.splats().len(), 100);
    assert_eq!(file.metadata().warnings, [gve::WARNING]);
    assert!(file.metadata().name.len() <= 128 && file.metadata().volume_lacks.len() == 1);
    let bounds = file.metadata().bounds;
    assert!(
        file.splats()
            .iter()
            .all(|s| (0..3).all(|i| bounds.min[i] < s.position[i] && s.position[i] < bounds.max[i]))
    );
    let weight = |i: usize| {
        let splat = &file.splats()[i];
        f32::from(splat.color[3]) * splat.scale[0] * splat.scale[1]
    };
    assert!((1..100).all(|i| weight(i) <= weight(i - 1)), "most important first");
    for write in [mesh::glb::write, mesh::threemf::write] {
        let error = write(&Mesh::of(&file)).unwrap_err().to_string();
        assert!(error.contains("expected at least one triangle, found a file without a mesh"), "{error}");
    }
    assert!(gve::to_asset(&gve_interchange::SplatCloud::default(), "", material).is_err());
}

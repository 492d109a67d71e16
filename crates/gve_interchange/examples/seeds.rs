//! Writes small files of every format that is read, for the fuzzer to start from: `seeds FOLDER`.

use std::{error::Error, fs, path::PathBuf};

use gve_interchange::{SplatCloud, coefficients, gltf, ply, spz};

fn cloud(degree: u8) -> SplatCloud {
    SplatCloud {
        positions: vec![[0.0, 1.0, 2.0], [-1.0, 0.5, 0.0]],
        rotations: vec![[0.0, 0.0, 0.0, 1.0], [0.5, -0.5, 0.5, 0.5]],
        scales: vec![[0.1, 0.2, 0.01], [1.0, 0.05, 0.05]],
        opacities: vec![0.9, 0.1],
        colors: vec![[0.2, 0.5, 0.8], [1.0, 0.0, 0.3]],
        degree,
        harmonics: vec![[0.25, -0.5, 0.125]; 2 * coefficients(degree)],
        ..SplatCloud::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("seeds FOLDER")?);
    let text = "ply\nformat ascii 1.0\nelement a 1\nproperty list uchar int b\nelement vertex 1\n";
    let names = "x y z f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3";
    let properties: String = names.split(' ').map(|name| format!("property float {name}\n")).collect();
    let text = format!("{text}{properties}end_header\n2 1 1\n0 1 2 0 0 0 1 -1 -1 -3 1 0 0 0\n");
    let mut files = vec![("ply", "text".to_owned(), text.into_bytes())];
    for degree in [0, 1, 3] {
        let cloud = cloud(degree);
        files.push(("ply", format!("binary_{degree}"), ply::write(&cloud, ply::Axes::YDown)?));
        files.push(("gltf", format!("glb_{degree}"), gltf::write(&cloud)?));
        for version in spz::Version::ALL {
            files.push(("spz", format!("v{}_{degree}", version.number()), spz::write(&cloud, version)?));
        }
    }
    for (format, name, bytes) in files {
        let folder = folder.join(format);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

//! What every reader promises of what it accepts.

use gve_interchange::{SplatCloud, gltf, gve, spz};
use gve_types::MaterialTable;

/// All lists are of one length, and every writer takes it, or says that it is too large.
pub fn check(cloud: &SplatCloud) {
    if cloud.is_empty() {
        return;
    }
    let file = gltf::write(cloud).expect("what was read can be written");
    assert_eq!(gltf::read(&file).expect("what was written can be read").len(), cloud.len());
    for version in spz::Version::ALL {
        if let Ok(file) = spz::write(cloud, version) {
            assert_eq!(spz::read(&file).expect("what was written can be read").len(), cloud.len());
        }
    }
    let material = MaterialTable::builtin().get("WOOD_OAK").expect("oak is in the table");
    if let Ok(asset) = gve::to_asset(cloud, "splats", material) {
        gve_assets::encode(&asset).expect("an asset of splats is valid");
    }
}

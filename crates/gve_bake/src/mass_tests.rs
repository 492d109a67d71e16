#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::f64::consts::PI;

use gve_types::MaterialTable;

use super::*;
use crate::test_recipes::field;

/// Checks volume and principal moments of a solid of one material, centred on `center`.
fn check(root: &str, volume: f64, inertia_per_mass: [f64; 3], center: [f32; 3]) {
    let field = field(root);
    let density = f64::from(field.materials()[0].density_kg_m3);
    let found = weigh(&field, 128);
    let off = |found: f32, wanted: f64| (f64::from(found) / wanted - 1.0).abs();
    assert!(off(found.volume_m3, volume) < 0.002, "volume {} instead of {volume}", found.volume_m3);
    assert!(off(found.mass_kg, volume * density) < 0.002);
    let scale = volume.cbrt() as f32;
    for axis in 0..3 {
        let shift = (found.center_of_mass[axis] - center[axis]).abs();
        assert!(shift < 1e-3 * scale, "centre {:?}", found.center_of_mass);
        let wanted = inertia_per_mass[axis] * volume * density;
        let got = found.inertia_kg_m2[axis][axis];
        assert!(off(got, wanted) < 0.005, "inertia {axis}: {got} instead of {wanted}");
        for other in 0..3 {
            if other != axis {
                assert!(f64::from(found.inertia_kg_m2[axis][other].abs()) < 1e-3 * wanted);
            }
        }
    }
}

#[test]
fn a_sphere() {
    let r = 0.4f64;
    let i = 0.4 * r * r;
    check(r#"{"op": "sphere", "radius": 0.4}"#, 4.0 / 3.0 * PI * r.powi(3), [i; 3], [0.0; 3]);
}

#[test]
fn a_box_off_the_origin() {
    let [a, b, c] = [0.3f64, 0.11, 0.2].map(|h| 2.0 * h);
    let i = [b * b + c * c, c * c + a * a, a * a + b * b].map(|x| x / 12.0);
    check(
        r#"{"op": "translate", "offset": [3, -1, 2], "child": {"op": "box", "half_extents": [0.3, 0.11, 0.2]}}"#,
        a * b * c,
        i,
        [3.0, -1.0, 2.0],
    );
}

#[test]
fn a_cylinder() {
    let (r, h) = (0.25f64, 0.9f64);
    let side = (3.0 * r * r + h * h) / 12.0;
    check(
        r#"{"op": "cylinder", "radius": 0.25, "half_height": 0.45}"#,
        PI * r * r * h,
        [side, 0.5 * r * r, side],
        [0.0; 3],
    );
}

#[test]
fn a_torus() {
    let (c, a) = (0.4f64, 0.1f64);
    let axis = c * c + 0.75 * a * a;
    let side = 0.5 * c * c + 0.625 * a * a;
    check(
        r#"{"op": "torus", "major_radius": 0.4, "minor_radius": 0.1}"#,
        2.0 * PI * PI * c * a * a,
        [side, axis, side],
        [0.0; 3],
    );
}

#[test]
fn a_plate_thinner_than_a_cell() {
    let [a, b, c] = [0.5f64, 0.003, 0.4].map(|h| 2.0 * h);
    let i = [b * b + c * c, c * c + a * a, a * a + b * b].map(|x| x / 12.0);
    // 1 m over 128 cells: the plate is 0.77 cells thick.
    let field = field(r#"{"op": "box", "half_extents": [0.5, 0.003, 0.4]}"#);
    let found = weigh(&field, 128);
    let off = f64::from(found.volume_m3) / (a * b * c) - 1.0;
    assert!(off.abs() < 0.03, "{off}");
    assert!((f64::from(found.inertia_kg_m2[1][1] / found.mass_kg) / i[1] - 1.0).abs() < 0.01);
}

#[test]
fn two_materials_put_the_centre_nearer_to_the_heavier() {
    let field = field(
        r#"{"op": "union", "children": [
            {"op": "translate", "offset": [-0.5, 0, 0],
             "child": {"op": "box", "half_extents": [0.5, 0.2, 0.2], "material": "ASTM_A36"}},
            {"op": "translate", "offset": [0.5, 0, 0],
             "child": {"op": "box", "half_extents": [0.5, 0.2, 0.2], "material": "WOOD_OAK"}}]}"#,
    );
    let table = MaterialTable::builtin();
    let density = |id| f64::from(table.get(id).unwrap().density_kg_m3);
    let (steel, oak) = (density("ASTM_A36") * 0.16, density("WOOD_OAK") * 0.16);
    let found = weigh(&field, 128);
    assert!((f64::from(found.mass_kg) / (steel + oak) - 1.0).abs() < 0.004, "{}", found.mass_kg);
    let wanted = 0.5 * (oak - steel) / (oak + steel);
    assert!((f64::from(found.center_of_mass[0]) - wanted).abs() < 0.004, "{:?}", found.center_of_mass);
    // Both halves about the joint centre.
    let half = |mass: f64, x: f64| mass * ((1.0 + 0.16) / 12.0 + (x - wanted).powi(2));
    let inertia = half(steel, -0.5) + half(oak, 0.5);
    assert!((f64::from(found.inertia_kg_m2[1][1]) / inertia - 1.0).abs() < 0.005);
}

#[test]
fn the_same_field_weighs_the_same() {
    let field = field(r#"{"op": "torus", "major_radius": 0.4, "minor_radius": 0.1}"#);
    assert_eq!(weigh(&field, 64), weigh(&field, 64));
}

#[test]
fn a_plane_cuts_a_cube() {
    let share = |n: Vec3, d: f32| solid_share(n.extend(d), 1.0);
    assert!((share(Vec3::X, 0.0) - 0.5).abs() < 1e-6);
    assert!((share(Vec3::Z, 0.25) - 0.25).abs() < 1e-3);
    // A corner cut off at distance 0.25 along each axis: a tetrahedron.
    let n = Vec3::ONE.normalize();
    let d = (1.5f32 - 0.25) / 3f32.sqrt();
    assert!((share(n, d) - 0.25f64.powi(3) / 6.0).abs() < 1e-6);
}

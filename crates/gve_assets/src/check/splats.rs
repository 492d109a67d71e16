//! The splats.

use super::{find_bad, is_finite, list};
use crate::{
    error::{Fault, Section},
    layout::UNIT_TOLERANCE,
    model::Splat,
};

fn squared_length(v: &[f32; 4]) -> f32 {
    v[0] * v[0] + v[1] * v[1] + v[2] * v[2] + v[3] * v[3]
}

fn is_unit(rotation: &[f32; 4]) -> bool {
    (squared_length(rotation) - 1.0).abs() <= UNIT_TOLERANCE
}

fn is_scale(scale: f32) -> bool {
    (scale > 0.0) & (scale < f32::INFINITY)
}

/// Without a branch, so that a block of splats is checked at the speed of memory.
fn is_good(splat: &Splat, materials: u32) -> bool {
    let [px, py, pz] = splat.position;
    let [sx, sy, sz] = splat.scale;
    is_finite(px)
        & is_finite(py)
        & is_finite(pz)
        & is_scale(sx)
        & is_scale(sy)
        & is_scale(sz)
        & is_unit(&splat.rotation)
        & (u32::from(splat.material) < materials)
        & (splat.reserved == 0)
}

/// Every splat has a finite place, a positive size, a unit rotation and a material that exists.
pub(crate) fn splats(splats: &[Splat], first: usize, at: u64, materials: u32) -> Result<(), Fault> {
    let Some(i) = find_bad(splats, |splat| is_good(splat, materials)) else { return Ok(()) };
    let splat = &splats[i];
    let fault = |offset: usize, what: &str, expected: String, found: String| {
        let at = at + (i * size_of::<Splat>() + offset) as u64;
        Err(Fault::new(Section::Splats, at, format!("{what} of splat {}", first + i), expected, found))
    };
    if !splat.position.iter().all(|&x| is_finite(x)) {
        return fault(0, "position", "finite numbers".to_owned(), list(&splat.position));
    }
    if !splat.scale.iter().all(|&s| is_scale(s)) {
        return fault(12, "scale", "positive finite lengths".to_owned(), list(&splat.scale));
    }
    if !is_unit(&splat.rotation) {
        return fault(24, "rotation", "a unit quaternion".to_owned(), list(&splat.rotation));
    }
    if u32::from(splat.material) >= materials {
        return fault(46, "material", format!("an index below {materials}"), splat.material.to_string());
    }
    fault(47, "reserved byte", "0".to_owned(), splat.reserved.to_string())
}

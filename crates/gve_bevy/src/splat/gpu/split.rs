//! Where other transparent objects come between the splats.
//!
//! Bevy draws transparent objects far to near, each at the distance of its centre. The order of the splats is cut
//! at those distances, and each range is an item of its own between the objects.

use bevy::{
    core_pipeline::core_3d::{Transparent3d, TransparentSortingInfo3d},
    math::{FloatOrd, UVec4},
    prelude::*,
    render::{
        render_phase::{DrawFunctions, PhaseItemExtraIndex, SortedRenderPhase, ViewSortedRenderPhases},
        render_resource::ShaderType,
        sync_world::MainEntity,
        view::ExtractedView,
    },
};

use super::{buffers::MAX_RANGES, passes::DrawSplats, raster::DrawRange, views::SplatViews};

/// What `scan.wgsl` needs to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, ShaderType)]
pub(super) struct Cuts {
    pub(super) groups: u32,
    pub(super) capacity: u32,
    pub(super) lit_width: u32,
    pub(super) lit_rows: u32,
    pub(super) ranges: u32,
    pub(super) keys: [UVec4; 4],
}

/// Where the order is cut, far to near, and where in Bevy's order each range goes: one more than there are cuts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) distances: Vec<f32>,
    places: Vec<f32>,
}

impl Default for Plan {
    /// Everything at once.
    fn default() -> Self {
        Self { distances: Vec::new(), places: vec![0.0] }
    }
}

/// Another transparent object: its key in Bevy's order, which grows towards the camera, and its distance.
#[derive(Debug, Clone, Copy)]
struct Other {
    key: f32,
    distance: f32,
}

impl Plan {
    /// `near` and `far` bound the distances of the splats.
    fn new(mut others: Vec<Other>, near: f32, far: f32) -> Self {
        others.sort_by_key(|other| FloatOrd(other.key));
        let within = |other: &Other| near < other.distance && other.distance < far;
        let first = others.iter().position(|other| other.distance < far).unwrap_or(others.len());
        let candidates: Vec<usize> = (first..others.len()).filter(|&i| within(&others[i])).collect();
        // Where there are more than ranges, every n-th parts the splats.
        let step = candidates.len().div_ceil(MAX_RANGES as usize - 1).max(1);
        let mut plan = Self { distances: Vec::new(), places: Vec::new() };
        let mut reach = f32::INFINITY;
        for &i in candidates.iter().step_by(step) {
            // Bevy's order is by depth, that of the splats by distance: cuts must not cross.
            reach = reach.min(others[i].distance);
            plan.distances.push(reach);
            plan.places.push(between(i.checked_sub(1).map(|j| others[j].key), Some(others[i].key)));
        }
        let last = candidates.iter().step_by(step).next_back().map_or(first, |i| i + 1);
        let before = last.checked_sub(1).map(|j| others[j].key);
        plan.places.push(between(before, others.get(last).map(|other| other.key)));
        plan
    }
}

/// A number between two others that may be missing.
fn between(low: Option<f32>, high: Option<f32>) -> f32 {
    match (low, high) {
        (Some(low), Some(high)) => low + (high - low) * 0.5,
        (Some(low), None) => low + 1.0,
        (None, Some(high)) => high - 1.0,
        (None, None) => 0.0,
    }
}

/// Adds the ranges of every camera to its transparent phase, when all else is in it.
pub(super) fn split(
    functions: Res<DrawFunctions<Transparent3d>>,
    mut phases: ResMut<ViewSortedRenderPhases<Transparent3d>>,
    views: Query<&ExtractedView>,
    mut splat_views: ResMut<SplatViews>,
) {
    for view in &views {
        let id = view.retained_view_entity;
        let (Some(phase), Some(splats)) = (phases.get_mut(&id), splat_views.get_mut(id)) else { continue };
        let Some(request) = &splats.request else { continue };
        let [near, far] = request.distances;
        let draw_function = if request.is_tiled {
            functions.read().id::<DrawRange>()
        } else {
            functions.read().id::<DrawSplats>()
        };
        let plan = Plan::new(others(phase, view), near, far);
        let rangefinder = view.rangefinder3d();
        for (range, place) in plan.places.iter().enumerate() {
            phase.add_transient(Transparent3d {
                sorting_info: TransparentSortingInfo3d::Sorted {
                    mesh_center: Vec3::ZERO,
                    depth_bias: place - rangefinder.distance(&Vec3::ZERO),
                },
                distance: 0.0,
                pipeline: request.draw_pipeline,
                entity: (Entity::PLACEHOLDER, range_entity(range)),
                draw_function,
                batch_range: 0..1,
                extra_index: PhaseItemExtraIndex::DynamicOffset(range as u32),
                indexed: !request.is_tiled,
            });
        }
        splats.plan = plan;
    }
}

/// Items are told apart by their entities. These are none: no world has so many.
fn range_entity(range: usize) -> MainEntity {
    let index = u32::MAX - 1 - range as u32;
    Entity::from_raw_u32(index).map_or(MainEntity::from(Entity::PLACEHOLDER), MainEntity::from)
}

fn others(phase: &SortedRenderPhase<Transparent3d>, view: &ExtractedView) -> Vec<Other> {
    let rangefinder = view.rangefinder3d();
    let eye = view.world_from_view.translation();
    let orthographic = view.clip_from_view.w_axis.w == 1.0;
    let other = |item: &Transparent3d| match item.sorting_info {
        TransparentSortingInfo3d::AlwaysOnTop => None,
        TransparentSortingInfo3d::Sorted { mesh_center, depth_bias } => {
            let depth = -rangefinder.distance(&mesh_center);
            let distance = if orthographic { depth } else { mesh_center.distance(eye) };
            (distance.is_finite() && depth > 0.0)
                .then_some(Other { key: depth_bias - depth, distance: (distance - depth_bias).max(0.0) })
        }
    };
    phase.items.values().filter_map(other).collect()
}

/// The key that the shader gives to a distance; `key_of_distance` in scene.wgsl.
pub(super) fn key_of_distance(distance: f32) -> u32 {
    const NEAREST_BITS: u32 = 0x3a80_0000;
    let bits = distance.to_bits().max(NEAREST_BITS) - NEAREST_BITS;
    0x00ff_ffff - (bits >> 4).min(0x00ff_ffff)
}

impl Plan {
    pub(super) fn ranges(&self) -> u32 {
        self.places.len() as u32
    }

    /// The keys of the cuts.
    pub(super) fn keys(&self) -> [UVec4; 4] {
        let mut keys = [0; 16];
        for (key, distance) in keys.iter_mut().zip(&self.distances) {
            *key = key_of_distance(*distance);
        }
        core::array::from_fn(|i| UVec4::from_slice(&keys[i * 4..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(distance: f32) -> Other {
        Other { key: -distance, distance }
    }

    #[test]
    fn keys_fall_with_distance() {
        let distances = [1e-5, 0.001, 0.01, 0.5, 0.500_01, 3.0, 1000.0, 4e6, 1e9];
        let keys = distances.map(key_of_distance);
        assert!(keys.is_sorted_by(|a, b| a >= b), "{keys:?}");
        assert!(keys[3] > keys[4] && keys[0] == 0x00ff_ffff && keys[8] == 0);
    }

    #[test]
    fn alone_all_splats_are_one_range() {
        assert_eq!(Plan::new(Vec::new(), 1.0, 3.0).ranges(), 1);
    }

    #[test]
    fn a_pane_among_the_splats_parts_them() {
        let plan = Plan::new(vec![at(2.0), at(9.0), at(0.5)], 1.0, 3.0);
        assert_eq!(plan.distances, [2.0]);
        // The far range between 9 and 2, the near one between 2 and 0.5; keys are negative.
        assert_eq!(plan.places, [-5.5, -1.25]);
    }

    #[test]
    fn panes_before_and_behind_part_nothing() {
        let plan = Plan::new(vec![at(9.0), at(0.5)], 1.0, 3.0);
        assert_eq!((plan.distances.len(), plan.places), (0, vec![-4.75]));
    }

    #[test]
    fn more_panes_than_ranges_are_thinned_out_and_cuts_never_cross() {
        let plan = Plan::new((0..100).map(|i| at(1.0 + 0.01 * i as f32)).collect(), 0.5, 5.0);
        assert!(plan.ranges() <= MAX_RANGES && plan.ranges() > MAX_RANGES / 2);
        assert!(plan.distances.is_sorted_by(|a, b| a >= b));
        assert!(plan.places.is_sorted());
        let crossed = vec![Other { key: -3.0, distance: 1.0 }, Other { key: -2.0, distance: 2.0 }];
        assert_eq!(Plan::new(crossed, 0.5, 5.0).distances, [1.0, 1.0]);
    }
}

//! Rays and distances in trees of bricks and in shells.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::f32::consts::SQRT_2;

use common::{bare, minimal, several_materials};
use gve_assets::{
    AssetData, ShellView, VolumeView,
    query::{Ray, ShellTree, Sides},
};
use gve_types::Bounds;

/// The balls of `several_materials`: centre, radius, part.
const BALLS: [([f32; 3], f32, u16); 2] =
    [([-1.0375, 0.0875, 0.0875], 0.1, 3), ([0.2375, -0.2625, -0.2625], 0.05, 1)];
/// They hold both.
const ROOM: Bounds = Bounds { min: [-1.25, -0.35, -0.35], max: [1.55, 0.35, 0.35] };

fn ray(origin: [f32; 3], direction: [f32; 3]) -> Ray {
    Ray { origin, direction, end: f32::INFINITY, sides: Sides::Front }
}

fn at(ray: &Ray, parameter: f32) -> [f32; 3] {
    std::array::from_fn(|axis| ray.origin[axis] + parameter * ray.direction[axis])
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

fn between(from: [f32; 3], to: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|axis| to[axis] - from[axis])
}

fn size(v: [f32; 3]) -> f32 {
    dot(v, v).sqrt()
}

/// Where a line meets a ball, in and out.
fn ball(ray: &Ray, center: [f32; 3], radius: f32) -> Option<[f32; 2]> {
    let to = between(ray.origin, center);
    let (a, b) = (dot(ray.direction, ray.direction), dot(ray.direction, to));
    let root = b * b - a * (dot(to, to) - radius * radius);
    (root > 0.0).then(|| [(b - root.sqrt()) / a, (b + root.sqrt()) / a])
}

/// A point set without a period: the fractional parts of multiples of irrational numbers.
fn scatter(i: u32) -> [f32; 3] {
    [0.754_877_7_f32, 0.569_840_3, 0.438_579].map(|g| (i as f32 * g).fract())
}

#[test]
fn rays_meet_the_balls_where_they_are_from_everywhere() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    let mut hits = 0;
    for i in 0..4000 {
        let (center, radius, part) = BALLS[i as usize % 2];
        let start: [f32; 3] = scatter(i).map(|x| 4.0 * x - 2.0);
        let target: [f32; 3] =
            std::array::from_fn(|axis| center[axis] + radius * (scatter(7 * i + 1)[axis] - 0.5));
        // Of any length: the parameter counts it, and not metres.
        let length = 0.1 + 3.0 * (i as f32 * 0.31).fract();
        let ray = ray(start, between(start, target).map(|x| x * length));
        let truth = BALLS.iter().filter_map(|&(c, r, _)| ball(&ray, c, r)).filter(|[into, _]| *into > 0.0);
        let truth = truth.map(|[into, _]| into).reduce(f32::min);
        let Some(truth) = truth else { continue };
        let hit = volume.cast_ray(&ray, &ROOM).unwrap_or_else(|| panic!("{ray:?} hits at {truth}"));
        hits += 1;
        // Both balls are four cells thick: a chord of a cell lies a fortieth of its radius below the ball, along each
        // axis, and a ray that comes in slantwise meets it later.
        let off = (hit.at - truth) * size(ray.direction);
        assert!(off.abs() < 0.3 * radius, "{ray:?}: {off} m beside");
        assert!(hit.is_front);
        let slope = volume.slope_at(&hit);
        assert!(dot(slope, ray.direction) < 0.0, "{slope:?} looks back");
        let out = between(center, at(&ray, hit.at));
        // It may be the other ball, if that one is in the way.
        if size(out) < 3.0 * radius {
            assert!((size(out) - radius).abs() < 0.15 * radius, "{ray:?}: {} m from the centre", size(out));
            let cosine = dot(slope, out) / (size(slope) * size(out));
            assert!(cosine > 0.9, "{cosine} at {:?}", at(&ray, hit.at));
            assert_eq!(volume.part_at(&hit, u32::from), Some(part));
        }
        // Nothing lies beyond the end, nor before the start.
        let short = Ray { end: hit.at * 0.99, ..ray };
        assert_eq!(volume.cast_ray(&short, &ROOM), None);
        let beyond = Ray { origin: at(&ray, hit.at + 0.5 * radius / size(ray.direction)), ..ray };
        if let Some(next) = volume.cast_ray(&beyond, &ROOM) {
            assert!(next.at * size(ray.direction) > 0.5, "a ray from inside comes out first: {next:?}");
        }
    }
    assert!(hits > 3000, "{hits}");
}

#[test]
fn both_sides_are_hit_on_request() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    let (center, radius, _) = BALLS[0];
    let out = Ray { sides: Sides::Both, ..ray(center, [0.0, 0.0, 1.0]) };
    let hit = volume.cast_ray(&out, &ROOM).unwrap();
    assert!(!hit.is_front && (hit.at - radius).abs() < 0.01, "{hit:?}");
    assert!(volume.slope_at(&hit)[2] > 0.5, "the slope points out of the solid");
    assert_eq!(volume.cast_ray(&Ray { sides: Sides::Front, ..out }, &ROOM), None);
    let from_outside = Ray { origin: [center[0], center[1], -0.3], ..out };
    assert!(volume.cast_ray(&from_outside, &ROOM).unwrap().is_front);
}

#[test]
fn what_lies_outside_of_the_bounds_is_not_hit() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    let along = ray([-3.0, 0.0875, 0.0875], [1.0, 0.0, 0.0]);
    assert!(volume.cast_ray(&along, &ROOM).is_some());
    let right = Bounds { min: [0.0, -0.35, -0.35], ..ROOM };
    assert_eq!(volume.cast_ray(&along, &right), None);
}

#[test]
fn rays_that_make_no_sense_hit_nothing() {
    let assets = [minimal(), several_materials(), bare()];
    for asset in &assets {
        let (volume, shell) = (VolumeView::from(&asset.volume), ShellView::from(&asset.shell));
        let tree = ShellTree::new(&shell);
        let good = ray([3.0, 0.0, 0.0], [-1.0, 0.0, 0.0]);
        let bad = [
            Ray { direction: [0.0; 3], ..good },
            Ray { direction: [1e-30, 0.0, 0.0], ..good },
            Ray { direction: [f32::NAN, 0.0, 0.0], ..good },
            Ray { direction: [f32::INFINITY, 0.0, 0.0], ..good },
            Ray { origin: [f32::NAN; 3], ..good },
            Ray { origin: [f32::NEG_INFINITY, 0.0, 0.0], ..good },
            Ray { end: f32::NAN, ..good },
            Ray { end: -1.0, ..good },
        ];
        for ray in bad {
            assert_eq!(volume.cast_ray(&ray, &asset.metadata.bounds), None, "{ray:?}");
            assert_eq!(tree.cast_ray(&shell, &ray), None, "{ray:?}");
        }
        for extreme in [1e-18, 1e18_f32] {
            let ray = Ray { direction: [-extreme, extreme * 1e-9, 0.0], ..good };
            // No panic and no endless loop, whatever comes out.
            let _ = (volume.cast_ray(&ray, &asset.metadata.bounds), tree.cast_ray(&shell, &ray));
            let far = Ray { origin: [extreme * 1e10; 3], ..good };
            assert_eq!(volume.cast_ray(&far, &asset.metadata.bounds), None);
        }
        assert_eq!(volume.field([f32::NAN; 3]), None);
        assert_eq!(tree.nearest(&shell, [f32::NAN; 3], 1.0), None);
    }
    let nothing = bare();
    let (volume, shell) = (VolumeView::from(&nothing.volume), ShellView::from(&nothing.shell));
    let across = ray([3.0, 0.01, 0.02], [-1.0, 0.0, 0.0]);
    assert_eq!(volume.cast_ray(&across, &nothing.metadata.bounds), None);
    assert_eq!(ShellTree::new(&shell).cast_ray(&shell, &across), None);
    assert_eq!(ShellTree::new(&shell).nearest(&shell, [0.0; 3], f32::INFINITY), None);
}

#[test]
fn distances_and_slopes_are_those_of_the_field() {
    let asset = several_materials();
    let volume = VolumeView::from(&asset.volume);
    let (mut stored, mut empty) = (0, 0);
    for i in 0..20_000 {
        let t = scatter(i);
        let point = std::array::from_fn(|axis| ROOM.min[axis] + t[axis] * (ROOM.max[axis] - ROOM.min[axis]));
        let Some(field) = volume.field(point) else { continue };
        let sample = volume.sample(point).unwrap();
        assert!((field.distance - sample.distance).abs() < 1e-5, "{point:?}: {field:?}, {sample:?}");
        assert_eq!((field.part, field.gradient.is_some()), (sample.part, sample.stored));
        let away = BALLS.map(|(center, radius, _)| size(between(center, point)) - radius);
        match field.gradient {
            // Not in the middle of a ball, nor between the two.
            Some(slope) if field.distance > 0.05 && (away[0] - away[1]).abs() > 0.3 => {
                stored += 1;
                let (center, ..) = BALLS[usize::from(away[1] < away[0])];
                let out = between(center, point);
                assert!((size(slope) - 1.0).abs() < 0.15, "{point:?}: {slope:?}");
                assert!(dot(slope, out) / size(out) > 0.85, "{point:?}: {slope:?}");
            }
            Some(_) => {}
            None => {
                empty += 1;
                assert!(field.distance.abs() <= away[0].min(away[1]).abs() + 1e-5);
            }
        }
    }
    assert!(stored > 400 && empty > 500, "{stored} stored, {empty} empty");
    assert_eq!(volume.field([5.0, 0.0, 0.0]), None);
}

fn shells() -> [AssetData; 2] {
    [minimal(), several_materials()]
}

#[test]
fn rays_meet_a_box_where_it_is() {
    let [_, asset] = shells();
    let shell = ShellView::from(&asset.shell);
    let tree = ShellTree::new(&shell);
    let half = [0.5, 0.25, 0.125_f32];
    // Two faces to a part, in the order of the axes.
    let materials = [2, 0, 3];
    for axis in 0..3 {
        for sign in [1.0_f32, -1.0] {
            let mut direction = [0.0; 3];
            direction[axis] = -2.0 * sign;
            // Through the middle of a face, where its two triangles meet, and through a corner.
            for shift in [0.0, 0.1, 1.0] {
                let mut origin = half.map(|x| x * shift);
                origin[axis] = 3.0 * sign;
                let hit =
                    tree.cast_ray(&shell, &ray(origin, direction)).unwrap_or_else(|| panic!("{origin:?}"));
                assert!((hit.at - 0.5 * (3.0 - half[axis])).abs() < 1e-6, "{hit:?}");
                assert!(hit.is_front);
                if shift < 1.0 {
                    assert!((hit.normal[axis] - sign).abs() < 1e-5, "{hit:?}");
                    assert_eq!(hit.material, materials[axis]);
                }
            }
            let out = Ray { sides: Sides::Both, ..ray([0.0; 3], direction) };
            let hit = tree.cast_ray(&shell, &out).unwrap();
            assert!(!hit.is_front && (hit.at - 0.5 * half[axis]).abs() < 1e-6);
            assert_eq!(tree.cast_ray(&shell, &Ray { sides: Sides::Front, ..out }), None);
        }
    }
    let beside = ray([0.51, 0.0, 3.0], [0.0, 0.0, -1.0]);
    assert_eq!(tree.cast_ray(&shell, &beside), None);
}

#[test]
fn no_ray_slips_between_two_triangles() {
    let [asset, _] = shells();
    let shell = ShellView::from(&asset.shell);
    let tree = ShellTree::new(&shell);
    // Towards points of the edges and the corners of an octahedron, from where no number is round.
    let edges: Vec<[u32; 2]> =
        shell.indices.chunks_exact(3).flat_map(|t| [[t[0], t[1]], [t[1], t[2]], [t[2], t[0]]]).collect();
    for i in 0..20_000 {
        let [a, b] = edges[i as usize % edges.len()].map(|i| shell.positions[i as usize]);
        let share = (i / 24) as f32 / 833.0;
        let target: [f32; 3] = std::array::from_fn(|axis| a[axis] + share * (b[axis] - a[axis]));
        let origin = target.map(|x| 3.0 * x + 0.1 * x * scatter(i)[0]);
        let out = Ray { sides: Sides::Both, ..ray([0.0, 1e-4, -2e-4], target) };
        assert!(tree.cast_ray(&shell, &out).is_some(), "out at {target:?}");
        let toward = ray(origin, between(origin, [1e-4, 0.0, 2e-4]));
        assert!(tree.cast_ray(&shell, &toward).is_some(), "in at {target:?}");
    }
}

#[test]
fn the_nearest_point_is_the_nearest_and_knows_its_side() {
    let [asset, boxed] = shells();
    let radius = 0.25;
    let shell = ShellView::from(&asset.shell);
    let tree = ShellTree::new(&shell);
    for i in 0..2000 {
        let point = scatter(i).map(|x| x - 0.5);
        let found = tree.nearest(&shell, point, f32::INFINITY).unwrap();
        assert!((size(between(point, found.position)) - found.distance.abs()).abs() < 1e-6);
        let faces = shell.indices.len() / 3;
        assert!((found.triangle as usize) < faces);
        // An octahedron: the sum of the coordinates' sizes is its radius.
        let sum = |p: [f32; 3]| p.iter().map(|x| x.abs()).sum::<f32>();
        assert!((sum(found.position) - radius).abs() < 1e-5, "{found:?}");
        let plane = (sum(point) - radius) / 3.0_f32.sqrt();
        assert!(found.distance.abs() >= plane.abs() - 1e-5);
        assert_eq!(found.distance > 0.0, plane > 0.0, "{point:?}: {found:?}, {plane}");
        // From above a face the foot is on it.
        if plane > 0.0 && found.position.iter().all(|x| x.abs() > 0.01) {
            assert!((found.distance - plane).abs() < 1e-5);
        }
        let near = tree.nearest(&shell, point, found.distance.abs() * 0.99);
        assert_eq!(near, None, "nothing is nearer");
    }
    let shell = ShellView::from(&boxed.shell);
    let corner = ShellTree::new(&shell).nearest(&shell, [0.6, 0.35, 0.0], 1.0).unwrap();
    assert!((corner.distance - 0.1 * SQRT_2).abs() < 1e-6, "{corner:?}");
}

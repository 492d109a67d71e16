//! Pictures of volumes that are trees of bricks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bevy::{camera::Viewport, core_pipeline::prepass::DepthPrepass, math::bounding::Aabb3d, prelude::*};
use common::{
    asset::{Shape, asset, asset_with, data, material, shell, tree},
    stage::{BLUE, RED, Stage},
    *,
};
use gve_assets::{AssetFile, BrickCell, PartIds, Volume};
use gve_bevy::{object::GvePart, prelude::*};
use gve_types::MissingFeature;

fn red_sphere(radius: f32) -> Shape {
    Shape::sphere(radius, material(RED, 0.0, 0.5))
}

/// Two parts, whose materials are in the other order.
fn two_materials() -> Shape {
    Shape {
        part: Box::new(|p| u16::from(p.x + 0.3 * p.y > 0.1)),
        parts: vec![1, 0],
        materials: vec![material(BLUE, 0.0, 0.4), material(RED, 0.0, 0.4)],
        ..Shape::cube(0.8, 0.05, material(RED, 0.0, 0.4))
    }
}

/// How many bricks each level of a tree stores.
fn stored(volume: &Volume) -> Vec<usize> {
    volume.levels.iter().map(|level| level.scales.len()).collect()
}

impl Stage {
    /// A picture of this asset alone, in the sun.
    fn picture_of(&mut self, asset: GveAsset) -> Picture {
        self.sun();
        self.object(asset, Transform::default());
        let picture = self.shoot(GveRepresentation::Volume);
        self.clear();
        picture
    }
}

#[test]
fn trees_are_drawn_as_what_they_hold() {
    let mut stage = Stage::new(Msaa::Off);
    fine_everywhere_or_in_part(&mut stage);
    a_thin_part_is_there_whole(&mut stage);
    nothing_is_hit_in_empty_bricks(&mut stage);
    a_brick_knows_nothing_of_what_lies_behind_it(&mut stage);
    a_ray_comes_through_a_long_deep_volume(&mut stage);
    parts_have_the_looks_of_their_materials(&mut stage);
    a_reload_may_change_the_depth(&mut stage);
    near_and_far_planes_cut_in_every_pass(&mut stage);
}

/// Refined everywhere, and on one side: the walls between coarse and fine bricks go through the surface.
fn fine_everywhere_or_in_part(stage: &mut Stage) {
    let sphere = red_sphere(1.0);
    type Refine = fn(Vec3) -> bool;
    let trees: [(&str, Refine); 3] =
        [("fine", |_| true), ("half_fine", |p| p.x + 0.4 * p.z > 0.1), ("belted", |p| p.y.abs() < 0.5)];
    for (name, refine) in trees {
        let volume = tree(&sphere, 20, 3, refine);
        assert_eq!(stored(&volume).len(), 3, "{name}");
        stage.sun();
        let turn = Quat::from_rotation_z(0.4);
        stage.object(
            asset_with(&sphere, volume),
            Transform::from_rotation(turn).with_scale(Vec3::new(1.1, 0.9, 1.0)),
        );
        stage.compare(name);
        stage.clear();
    }
}

/// A ball with an aerial that only the finest of five levels resolves.
fn a_thin_part_is_there_whole(stage: &mut Stage) {
    const RADIUS: f32 = 0.012;
    // Away from all samples of the coarsest level.
    const PLACE: Vec3 = Vec3::new(0.04, 0.0, 0.03);
    let shape = || {
        Shape::new(
            1.0,
            |p| {
                let p = p - PLACE;
                let ball = (p + Vec3::Y * 0.4).length() - 0.5;
                let aerial = (p - Vec3::Y * p.y.clamp(0.0, 0.95)).length() - RADIUS;
                ball.min(aerial)
            },
            material(RED, 0.0, 0.5),
        )
    };
    let near_aerial = |p: Vec3| p.y > -0.2 && Vec2::new(p.x, p.z).length() < 0.4;
    let volume = tree(&shape(), 16, 5, near_aerial);
    assert_eq!(stored(&volume).len(), 5);
    let finest = 2.0 / 16.0 / 16.0;
    assert!((1.0..2.5).contains(&(RADIUS / finest)), "the aerial is as thin as its finest level takes");
    let picture = stage.picture_of(asset_with(&shape(), volume.clone()));
    picture.keep("aerial");
    stage.sun();
    stage.mesh(
        Sphere::new(0.5).mesh().uv(128, 64),
        Color::srgb_u8(RED[0], RED[1], RED[2]),
        Transform::from_translation(PLACE - Vec3::Y * 0.4),
    );
    stage.mesh(
        Cylinder::new(RADIUS, 0.9),
        Color::srgb_u8(RED[0], RED[1], RED[2]),
        Transform::from_translation(PLACE + Vec3::Y * 0.5),
    );
    let mesh = stage.shoot(GveRepresentation::Volume);
    mesh.keep("aerial_mesh");
    stage.clear();
    let iou = picture.iou(&mesh);
    assert!(iou > 0.98, "silhouettes agree to {iou}");
    // Every row that the aerial crosses shows it, as wide as the mesh does.
    let width = |picture: &Picture, y| (0..SIZE).filter(|&x| picture.at(x, y)[0] > 8).count();
    let rows: Vec<u32> = (0..SIZE).filter(|&y| (1..8).contains(&width(&mesh, y))).collect();
    assert!(rows.len() > 60, "{} rows show the aerial alone", rows.len());
    // The mesh's ends are flat and the aerial's are round.
    for &y in &rows[4..] {
        let (is, wanted) = (width(&picture, y), width(&mesh, y));
        assert!(is.abs_diff(wanted) <= 1, "row {y} shows {is} pixels, the mesh {wanted}");
    }
    // The coarse levels alone have lost it: what shows it is the descent.
    let coarse = Volume { levels: volume.levels[..1].to_vec(), ..volume };
    let coarse = stage.picture_of(asset_with(&shape(), without_links(coarse)));
    let lost = rows.iter().filter(|&&y| width(&coarse, y) == 0).count();
    assert!(2 * lost > rows.len(), "{lost} of {} rows lack it", rows.len());
}

/// The same volume, whose finest level is not refined.
fn without_links(mut volume: Volume) -> Volume {
    for cell in volume.levels.last_mut().into_iter().flat_map(|level| &mut level.cells) {
        if cell.is_stored() {
            cell.link = BrickCell::NONE;
        }
    }
    volume
}

/// Whatever their bounds say: 0 with either sign, or the inside of something that no brick shows.
fn nothing_is_hit_in_empty_bricks(stage: &mut Stage) {
    let sphere = red_sphere(0.6);
    let roomy = || Shape { bounds: Aabb3d::new(Vec3::ZERO, Vec3::ONE), ..red_sphere(0.6) };
    let honest = tree(&roomy(), 40, 2, |p| p.x > 0.0);
    let wanted = stage.picture_of(asset_with(&sphere, honest.clone()));
    assert!(wanted.covered() > 4_000, "{}", wanted.covered());
    let empties = honest.levels.iter().flat_map(|level| &level.cells).filter_map(BrickCell::bound);
    assert!(empties.filter(|bound| *bound > 0.0).count() > 40);
    type Lie = fn(f32) -> f32;
    let lies: [(&str, Lie); 3] = [("zero", |_| 0.0), ("minus_zero", |_| -0.0), ("inside", |bound| -bound)];
    for (name, lie) in lies {
        let mut volume = honest.clone();
        for cell in volume.levels.iter_mut().flat_map(|level| &mut level.cells) {
            if let Some(bound) = cell.bound().filter(|bound| *bound > 0.0) {
                *cell = BrickCell::empty(lie(bound));
            }
        }
        // A box with room around the ball, so that rays go through empty bricks before and after it.
        let picture = stage.picture_of(asset_with(&roomy(), volume));
        picture.keep(&format!("empty_{name}"));
        let other = picture.other_pixels(&wanted, 8);
        assert!(other < 0.001, "{name}: {:.2} % of the pixels differ", 100.0 * other);
    }
}

/// A brick that the surface does not cross may hold distances that are right in it and nowhere else.
fn a_brick_knows_nothing_of_what_lies_behind_it(stage: &mut Stage) {
    let sphere = red_sphere(1.0);
    let mut volume = tree(&sphere, 84, 2, |p| p.x > 0.0);
    let wanted = stage.picture_of(asset_with(&sphere, volume.clone()));
    let mut enlarged = 0;
    let per_layer = volume.slab[0] * volume.slab[1];
    for level in &mut volume.levels {
        let [width, height] = volume.slab.map(|side| 8 * side);
        for (slot, scale) in (0..).zip(&mut level.scales) {
            let place = [slot % volume.slab[0], slot % per_layer / volume.slab[0], slot / per_layer];
            let [x, y, z] = place.map(|place| 8 * place);
            let mut rows = (0..64).map(|i| x + width * (y + i % 8 + height * (z + i / 8)));
            if rows.all(|row| {
                level.distances[row as usize..][..8].iter().all(|distance| distance.to_f32() > 0.0)
            }) {
                *scale *= 50.0;
                enlarged += 1;
            }
        }
    }
    assert!(enlarged > 100, "{enlarged} bricks lie outside");
    let picture = stage.picture_of(asset_with(&sphere, volume));
    picture.keep("enlarged");
    let iou = picture.iou(&wanted);
    assert!(iou > 0.998, "silhouettes agree to {iou}");
    // Slopes across the walls of such bricks are none of the surface's: a few normals differ.
    let other = picture.other_pixels(&wanted, 8);
    assert!(other < 0.01, "{:.2} % of the pixels differ", 100.0 * other);
}

/// Along a closed tube of more than three hundred bricks of the finest level.
fn a_ray_comes_through_a_long_deep_volume(stage: &mut Stage) {
    const LEVEL_0_CELLS: f32 = 560.0;
    let cell = 8.0 / LEVEL_0_CELLS;
    let half = Vec3::new(1.49 * cell, 1.49 * cell, 4.0);
    let shape = Shape {
        bounds: Aabb3d::new(Vec3::ZERO, half),
        distance: Box::new(move |p| {
            let solid = |half: Vec3, p: Vec3| {
                let q = p.abs() - half;
                q.max(Vec3::ZERO).length() + q.max_element().min(0.0)
            };
            // Open towards +z.
            let hole = Vec3::new(cell, cell, 4.0);
            solid(half, p).max(-solid(hole, p - Vec3::Z * 4.0 * cell))
        }),
        part: Box::new(|p| u16::from(p.z < -3.9)),
        parts: vec![0, 1],
        materials: vec![material(RED, 0.0, 0.9), material(BLUE, 0.0, 0.9)],
    };
    let volume = tree(&shape, LEVEL_0_CELLS as u32, 3, |_| true);
    assert_eq!(volume.bricks[..2], [1, 1]);
    let finest = volume.bricks[2] << 2;
    assert!(finest > 300, "{finest} bricks of the finest level along the tube");
    stage.app.insert_resource(GlobalAmbientLight { brightness: 3000.0, ..default() });
    stage.object(asset_with(&shape, volume), Transform::from_scale(Vec3::new(20.0, 20.0, 0.5)));
    stage.look_from(Vec3::new(0.0, 0.0, 4.5));
    let picture = stage.shoot(GveRepresentation::Volume);
    picture.keep("tube");
    stage.app.insert_resource(GlobalAmbientLight { brightness: 300.0, ..default() });
    stage.clear();
    let middle = SIZE / 2 - 6..SIZE / 2 + 6;
    for (x, y) in middle.clone().flat_map(|y| middle.clone().map(move |x| (x, y))) {
        let [red, _, blue] = picture.at(x, y);
        assert!(blue > 40 && blue > red, "the end of the tube shows at ({x}, {y}): {:?}", picture.at(x, y));
    }
}

fn parts_have_the_looks_of_their_materials(stage: &mut Stage) {
    let two = two_materials();
    let wanted = stage.picture_of(asset_with(&two, tree(&two, 48, 2, |p| p.y > 0.0)));
    wanted.keep("two_parts");
    let red = wanted.pixels().filter(|p| p[0] > 60 && p[0] > p[2].saturating_mul(2)).count();
    let blue = wanted.pixels().filter(|p| p[2] > 60 && p[2] > p[0].saturating_mul(2)).count();
    // What is on the right, at larger x, is of the second part, whose material is the first.
    let right = (SIZE / 2..SIZE).flat_map(|x| (0..SIZE).map(move |y| (x, y))).filter(|&(x, y)| {
        let p = wanted.at(x, y);
        p[2] > 60 && p[2] > p[0].saturating_mul(2)
    });
    let right = right.count();
    assert!(red > 3_000 && blue > 3_000 && 2 * right > blue, "{red} red, {blue} blue, {right} on the right");
    // Each half in 300 parts: too many for a byte.
    let many = Shape {
        part: Box::new(move |p| {
            let stripe = ((p.z + 0.8) * 187.0).clamp(0.0, 299.0) as u16;
            2 * stripe + u16::from(p.x + 0.3 * p.y > 0.1)
        }),
        parts: (0..600).map(|part| 1 - part % 2).collect(),
        ..two_materials()
    };
    let volume = tree(&many, 48, 2, |p| p.y > 0.0);
    assert!(volume.levels.iter().all(|level| matches!(level.parts, PartIds::U16(_))));
    let picture = stage.picture_of(asset_with(&many, volume));
    let other = picture.other_pixels(&wanted, 8);
    assert!(other < 0.001, "{:.2} % of the pixels differ", 100.0 * other);
}

/// From one level to four and back, byte ids to wider ones and back: textures of other sizes and formats.
fn a_reload_may_change_the_depth(stage: &mut Stage) {
    let flat = || asset(&two_materials(), 40);
    let deep = || {
        let many = Shape { parts: [1, 0].repeat(200), ..two_materials() };
        asset_with(&many, tree(&many, 12, 4, |p| p.x < 0.3))
    };
    let small = || asset_with(&red_sphere(0.5), tree(&red_sphere(0.5), 10, 2, |_| true));
    let wanted = [stage.picture_of(flat()), stage.picture_of(deep()), stage.picture_of(small())];
    assert!(wanted[2].other_pixels(&wanted[0], 8) > 0.05);
    stage.sun();
    stage.object(flat(), Transform::default());
    let id = stage.app.world().get::<GveObject>(stage.objects[0]).unwrap().id();
    stage.shoot(GveRepresentation::Volume);
    for (step, (asset, which)) in
        [(deep(), 1), (flat(), 0), (small(), 2), (deep(), 1), (small(), 2), (flat(), 0)]
            .into_iter()
            .enumerate()
    {
        stage.app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, asset).unwrap();
        let picture = stage.shoot(GveRepresentation::Volume);
        let other = picture.other_pixels(&wanted[which], 8);
        assert!(other < 0.001, "step {step}: {:.2} % of the pixels differ", 100.0 * other);
    }
    stage.clear();
}

/// What lies before the near plane or behind the far one is not there, neither in the picture nor in what hides others.
fn near_and_far_planes_cut_in_every_pass(stage: &mut Stage) {
    stage.sun();
    stage.object(asset(&red_sphere(1.0), 48), Transform::default());
    stage.mesh(Cuboid::from_length(0.5), Color::srgb_u8(40, 160, 60), Transform::default());
    let near = stage::EYE.length() - 0.6;
    let projection = OrthographicProjection { scale: 0.012, near, ..OrthographicProjection::default_3d() };
    stage.replace_camera((DepthPrepass, Projection::from(projection)));
    let (picture, _) = stage.compare("orthographic_cut");
    let green = picture.pixels().filter(|p| p[1] > p[0]).count();
    assert!(green > 300, "{green} pixels show what is inside");
    // Only the cap before the far plane.
    let far = stage::EYE.length() - 0.5;
    let projection = OrthographicProjection { scale: 0.012, far, ..OrthographicProjection::default_3d() };
    stage.replace_camera((DepthPrepass, Projection::from(projection)));
    stage.compare("orthographic_far");
    stage.clear();
    stage.replace_camera(());
}

/// The width of a pixel is that of the viewport's rows, whatever its columns are.
#[test]
fn outlines_in_a_wide_viewport_are_as_smooth_as_in_a_square_one() {
    let mut stage = Stage::new(Msaa::Sample4);
    let viewport =
        Viewport { physical_position: UVec2::new(0, 96), physical_size: UVec2::new(SIZE, 64), ..default() };
    stage.app.world_mut().get_mut::<Camera>(stage.camera).unwrap().viewport = Some(viewport);
    stage.sun();
    stage.object(asset(&red_sphere(1.0), 48), Transform::default());
    let (volume, shell) = (stage.shoot(GveRepresentation::Volume), stage.shoot(GveRepresentation::Shell));
    volume.keep("wide_volume");
    shell.keep("wide_shell");
    // Pixels outside the outline that are covered in part: beside the background, darker than what follows.
    let partial = |picture: &Picture| {
        let rows = (96..160).filter(|&y| {
            let row: Vec<u8> = (0..SIZE).map(|x| picture.at(x, y)[0]).collect();
            row.windows(3).any(|w| w[0] < 8 && w[1] > 12 && w[1] + 30 < w[2])
        });
        rows.count()
    };
    let (of_volume, of_mesh) = (partial(&volume), partial(&shell));
    assert!(of_mesh > 20, "{of_mesh} rows of the mesh begin with a partly covered pixel");
    assert!(of_volume * 2 > of_mesh, "{of_volume} rows of the volume begin so, {of_mesh} of the mesh");
}

fn lacking() -> GveAsset {
    let sphere = red_sphere(1.0);
    let mut data = data(&sphere, 12, shell(&Sphere::new(1.0).mesh().uv(16, 8)));
    let missing =
        |path: &str, thickness_m| MissingFeature { path: path.into(), place: [0.0, 1.25, 0.0], thickness_m };
    data.metadata.volume_lacks =
        vec![missing("$.root_node.children[1]", 0.0005), missing("$.root_node.children[2]", 0.002)];
    GveAsset::new(AssetFile::from_bytes(gve_assets::encode(&data).unwrap()).unwrap().into())
}

fn drawn_as(app: &App, object: Entity) -> (Option<GveRepresentation>, Option<String>) {
    let drawn_as = app.world().get::<GveDrawnAs>(object).unwrap();
    (**drawn_as, drawn_as.reason().map(str::to_owned))
}

#[test]
fn a_volume_that_lacks_something_is_drawn_as_the_shell() {
    let mut app = app();
    let object = spawn(&mut app, lacking(), GveRepresentation::Volume, Transform::default());
    app.update();
    let (what, reason) = drawn_as(&app, object);
    assert_eq!(what, Some(GveRepresentation::Shell));
    let reason = reason.unwrap();
    for part in ["$.root_node.children[1]", "0.50 mm", "[0.000, 1.250, 0.000]", "1 more"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let children: Vec<Entity> = app.world().get::<Children>(object).unwrap().iter().collect();
    let parts: Vec<_> = children.iter().filter_map(|&child| app.world().get::<GvePart>(child)).collect();
    assert!(!parts.is_empty() && parts.iter().all(|part| part.representation == GveRepresentation::Shell));

    // Nothing is missing from its other forms.
    app.world_mut().entity_mut(object).insert(GveRepresentation::Splats);
    app.update();
    assert_eq!(drawn_as(&app, object), (Some(GveRepresentation::Splats), None));

    // The next bake has room for all of it.
    app.world_mut().entity_mut(object).insert(GveRepresentation::Volume);
    let id = app.world().get::<GveObject>(object).unwrap().id();
    let whole = asset(&red_sphere(1.0), 12);
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, whole).unwrap();
    app.update();
    assert_eq!(drawn_as(&app, object), (Some(GveRepresentation::Volume), None));
    app.world_mut().resource_mut::<Assets<GveAsset>>().insert(id, lacking()).unwrap();
    app.update();
    assert_eq!(drawn_as(&app, object).0, Some(GveRepresentation::Shell));
}

#[test]
fn without_a_shell_most_of_an_asset_is_better_than_nothing() {
    let mut app = app_with(GvePlugin.build().disable::<GveShellPlugin>());
    let object = spawn(&mut app, lacking(), GveRepresentation::Volume, Transform::default());
    app.update();
    let (what, reason) = drawn_as(&app, object);
    assert_eq!(what, Some(GveRepresentation::Volume));
    assert!(reason.unwrap().contains("$.root_node.children[1]"));
}

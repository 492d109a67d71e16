//! Random recipes, the same for the same seed: for the tests of this and other crates.

use gve_types::{
    AssetDna, DnaNode,
    dna::{
        AssetCategory, AssetMetadata, AudioPatch, Axis, Bend, Blend, BlendKind, BoxNode, Capsule, Cone,
        Cylinder, DNA_VERSION, Displace, DisplacePattern, Ellipsoid, Elongate, ExtrudedPolygon,
        HexagonalPrism, Intersect, LinearRepeat, Mirror, Morph, Plane, PolarRepeat, RevolvedPolygon, Rotate,
        Round, RoundedBox, Scale, Shell, Sphere, Subtract, Taper, Torus, Translate, Twist, UnionNode,
    },
};

/// A small generator of random numbers (SplitMix64): the same sequence everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to but not including 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// From `low` up to `high`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// From 0 up to but not including `count`, which is above 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A point of the box from `low` to `high` on every axis.
    pub fn point(&mut self, low: f32, high: f32) -> glam::Vec3 {
        glam::Vec3::new(self.range(low, high), self.range(low, high), self.range(low, high))
    }
}

/// Materials that random recipes use.
const MATERIALS: [&str; 2] = ["ASTM_A36", "WOOD_OAK"];

/// A recipe around a shape, made of steel where the shape names nothing else.
pub fn recipe(root_node: DnaNode) -> AssetDna {
    AssetDna {
        schema: None,
        dna_version: DNA_VERSION,
        metadata: AssetMetadata {
            name: "Test".to_owned(),
            version: 1,
            category: AssetCategory::Prop,
            material_spec: Some(MATERIALS[0].to_owned()),
        },
        subcategory: None,
        root_node,
        audio_patch: AudioPatch::default(),
    }
}

/// A random valid recipe about a metre in size. Every operation occurs; a few recipes (planes that
/// nothing bounds, copies that overlap) pass validation but cannot be lowered, as in real life.
pub fn random_recipe(seed: u64) -> AssetDna {
    let mut random = Random::new(seed);
    let depth = 2 + random.below(3);
    recipe(random_node(&mut random, depth))
}

/// A random shape of at most `depth` levels.
pub fn random_node(random: &mut Random, depth: usize) -> DnaNode {
    if depth <= 1 {
        return random_primitive(random);
    }
    let child = |random: &mut Random| Box::new(random_node(random, depth - 1));
    let material = random.one_in(5).then(|| MATERIALS[random.below(MATERIALS.len())].to_owned());
    let name = None;
    match random.below(22) {
        0..=3 => DnaNode::Union(UnionNode {
            children: children(random, depth),
            blend: blend(random),
            material,
            name,
        }),
        4..=5 => DnaNode::Subtract(Subtract {
            children: children(random, depth),
            blend: blend(random),
            material,
            name,
        }),
        6..=7 => {
            let mut children = children(random, depth);
            if random.one_in(2) {
                children.push(random_plane(random));
            }
            DnaNode::Intersect(Intersect { children, blend: blend(random), material, name })
        }
        8 => {
            DnaNode::Shell(Shell { thickness: random.range(0.02, 0.2), child: child(random), material, name })
        }
        9 => DnaNode::Round(Round { radius: random.range(0.01, 0.15), child: child(random), material, name }),
        10 => DnaNode::Morph(Morph {
            factor: random.unit(),
            from: child(random),
            to: child(random),
            material,
            name,
        }),
        11 => DnaNode::Translate(Translate {
            offset: random.point(-0.4, 0.4).to_array(),
            child: child(random),
            material,
            name,
        }),
        12 => DnaNode::Rotate(Rotate {
            axis: direction(random),
            angle_rad: random.range(-3.2, 3.2),
            child: child(random),
            material,
            name,
        }),
        13 => DnaNode::Scale(Scale { factor: random.range(0.4, 1.8), child: child(random), material, name }),
        14 => DnaNode::Mirror(Mirror {
            axis: [Axis::X, Axis::Y, Axis::Z][random.below(3)],
            offset: random.range(-0.3, 0.1),
            child: child(random),
            material,
            name,
        }),
        15 => random_linear_repeat(random, child, material),
        16 => random_polar_repeat(random, child, material),
        17 => DnaNode::Twist(Twist {
            rate_rad_per_m: random.range(-2.0, 2.0),
            child: child(random),
            material,
            name,
        }),
        18 => DnaNode::Bend(Bend {
            curvature_per_m: random.range(-0.7, 0.7),
            child: child(random),
            material,
            name,
        }),
        19 => DnaNode::Taper(Taper {
            half_height: random.range(0.3, 1.0),
            scale_bottom: random.range(0.5, 1.4),
            scale_top: random.range(0.5, 1.4),
            child: child(random),
            material,
            name,
        }),
        20 => DnaNode::Elongate(Elongate {
            half_extents: random.point(0.0, 0.3).to_array(),
            child: child(random),
            material,
            name,
        }),
        _ => DnaNode::Displace(Displace {
            pattern: if random.one_in(2) { DisplacePattern::Gyroid } else { DisplacePattern::Sine },
            amplitude: random.range(0.005, 0.04),
            wavelength: random.range(0.3, 1.0),
            octaves: 1 + random.below(3) as u32,
            child: child(random),
            material,
            name,
        }),
    }
}

fn children(random: &mut Random, depth: usize) -> Vec<DnaNode> {
    let count = 1 + random.below(4);
    (0..count)
        .map(|_| {
            let child = Box::new(random_node(random, depth - 1));
            // Apart from each other, so that most of them show.
            let offset = random.point(-0.5, 0.5).to_array();
            DnaNode::Translate(Translate { offset, child, material: None, name: None })
        })
        .collect()
}

fn blend(random: &mut Random) -> Option<Blend> {
    let kind = match random.below(4) {
        0 | 1 => return None,
        2 => BlendKind::Smooth,
        _ => BlendKind::Chamfer,
    };
    Some(Blend { kind, radius: random.range(0.02, 0.3) })
}

fn direction(random: &mut Random) -> [f32; 3] {
    loop {
        let v = random.point(-1.0, 1.0);
        if v.length_squared() > 0.01 {
            return v.to_array();
        }
    }
}

fn random_linear_repeat(
    random: &mut Random,
    child: impl Fn(&mut Random) -> Box<DnaNode>,
    material: Option<String>,
) -> DnaNode {
    let small =
        Box::new(DnaNode::Scale(Scale { factor: 0.3, child: child(random), material: None, name: None }));
    DnaNode::LinearRepeat(LinearRepeat {
        counts: [1 + random.below(5) as u32, 1 + random.below(3) as u32, 1 + random.below(3) as u32],
        spacing: random.point(0.5, 1.2).to_array(),
        child: small,
        material,
        name: None,
    })
}

fn random_polar_repeat(
    random: &mut Random,
    child: impl Fn(&mut Random) -> Box<DnaNode>,
    material: Option<String>,
) -> DnaNode {
    let small =
        Box::new(DnaNode::Scale(Scale { factor: 0.25, child: child(random), material: None, name: None }));
    let offset = [random.range(0.7, 1.2), 0.0, random.range(-0.5, 0.5)];
    let away = Box::new(DnaNode::Translate(Translate { offset, child: small, material: None, name: None }));
    DnaNode::PolarRepeat(PolarRepeat { count: 1 + random.below(9) as u32, child: away, material, name: None })
}

fn random_plane(random: &mut Random) -> DnaNode {
    let normal = if random.one_in(2) { [0.0, 1.0, 0.0] } else { direction(random) };
    DnaNode::Plane(Plane {
        normal,
        offset: random.range(-0.1, 0.4),
        center: None,
        material: None,
        name: None,
    })
}

/// A random primitive with a limit to it.
pub fn random_primitive(random: &mut Random) -> DnaNode {
    let material = random.one_in(4).then(|| MATERIALS[random.below(MATERIALS.len())].to_owned());
    let name = None;
    let mut size = || random.range(0.1, 0.6);
    let pick = (size() * 1e6) as u32;
    let part = |shift: u32| 0.2 * ((pick >> shift & 31) as f32 / 15.5 - 1.0);
    let center = (pick / 11).is_multiple_of(4).then(|| [part(0), part(5), part(10)]);
    match pick % 11 {
        0 => DnaNode::Sphere(Sphere { radius: size(), center, material, name }),
        1 => DnaNode::Ellipsoid(Ellipsoid { radii: [size(), size(), size()], center, material, name }),
        2 => DnaNode::Box(BoxNode { half_extents: [size(), size(), size()], center, material, name }),
        3 => {
            let half_extents = [size(), size(), size()];
            let smallest = half_extents.into_iter().fold(f32::INFINITY, f32::min);
            DnaNode::RoundedBox(RoundedBox {
                half_extents,
                radius: smallest * size(),
                center,
                material,
                name,
            })
        }
        4 => DnaNode::Cylinder(Cylinder { radius: size(), half_height: size(), center, material, name }),
        5 => DnaNode::Capsule(Capsule { radius: size(), half_height: size(), center, material, name }),
        6 => DnaNode::Cone(Cone {
            radius_bottom: size(),
            radius_top: size() - 0.1,
            half_height: size(),
            center,
            material,
            name,
        }),
        7 => {
            let major_radius = size();
            DnaNode::Torus(Torus {
                major_radius,
                minor_radius: major_radius * size(),
                center,
                material,
                name,
            })
        }
        8 => DnaNode::HexagonalPrism(HexagonalPrism {
            apothem: size(),
            half_height: size(),
            center,
            material,
            name,
        }),
        9 => DnaNode::ExtrudedPolygon(ExtrudedPolygon {
            half_depth: size(),
            points: star(random, 0.0),
            center,
            material,
            name,
        }),
        _ => DnaNode::RevolvedPolygon(RevolvedPolygon { points: star(random, 0.45), center, material, name }),
    }
}

/// A polygon that is star-shaped about the point (`x`, 0), so it does not cross itself; either way round.
fn star(random: &mut Random, x: f32) -> Vec<[f32; 2]> {
    let count = 3 + random.below(7);
    let mut points: Vec<[f32; 2]> = (0..count)
        .map(|i| {
            let angle = std::f32::consts::TAU * (i as f32 + 0.6 * random.unit()) / count as f32;
            let radius = random.range(0.12, 0.44);
            [x + radius * angle.cos(), radius * angle.sin()]
        })
        .collect();
    if random.one_in(2) {
        points.reverse();
    }
    points
}

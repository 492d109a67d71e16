//! Random recipes for tests, the same for the same seed. Feature `testing`.

use std::f32::consts::TAU;

use crate::{
    dna::*,
    limits::{MAX_AUDIO_MODES, MAX_NESTED_COPIES, MAX_OCTAVES},
    material::MaterialTable,
};

/// How many shapes a recipe of [`random_dna`] aims at.
const SHAPES: usize = 60;
/// How deep its nodes nest at most.
const DEPTH: usize = 14;
/// The material codes that a random node draws from, besides none.
const MATERIALS: usize = 6;

/// A random recipe that passes every check, out of all operations.
pub fn random_dna(seed: u64) -> AssetDna {
    let mut random = Random::new(seed);
    let categories = [
        AssetCategory::Architecture,
        AssetCategory::Weapon,
        AssetCategory::Vehicle,
        AssetCategory::Prop,
        AssetCategory::Character,
    ];
    let metadata = AssetMetadata {
        name: format!("random {seed} \u{e4}\u{1f600}\"\\"),
        version: random.next() as u32,
        category: random.pick(&categories),
        material_spec: Some("ASTM_A36".to_owned()),
    };
    let mut shapes = 1 + random.below(SHAPES);
    let root_node = random.node(&mut shapes, 1, 1);
    AssetDna {
        schema: random.flip().then(|| "gve.editor.schema.json".to_owned()),
        dna_version: DNA_VERSION,
        metadata,
        subcategory: random.flip().then(|| "random".to_owned()),
        root_node,
        audio_patch: random.audio(),
    }
}

/// One random shape of the primitive kinds, about a metre large.
pub fn random_primitive(seed: u64) -> DnaNode {
    Random::new(seed).primitive()
}

/// A generator with 64 bits of state: Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014.
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "a generator has no end and needs no adaptors")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, without 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        (low + (high - low) * self.unit()).clamp(low, high)
    }

    /// Below `count`, which is above 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// True half of the time.
    pub fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// A length around half a metre, over two orders of magnitude.
    fn size(&mut self) -> f32 {
        0.05 * 100.0f32.powf(self.unit())
    }

    fn vector(&mut self, reach: f32) -> [f32; 3] {
        std::array::from_fn(|_| self.between(-reach, reach))
    }

    fn direction(&mut self) -> [f32; 3] {
        let [x, y, z] = self.vector(1.0);
        if x.abs() + y.abs() + z.abs() < 0.1 { [0.0, 1.0, 0.0] } else { [x, y, z] }
    }

    fn material(&mut self) -> Option<String> {
        let index = self.below(2 * MATERIALS);
        MaterialTable::builtin().iter().take(MATERIALS).nth(index).map(|m| m.spec_id.clone())
    }

    fn name(&mut self) -> Option<String> {
        (self.below(4) == 0).then(|| format!("part {}", self.below(1000)))
    }

    fn blend(&mut self) -> Option<Blend> {
        let kind = self.pick(&[None, Some(BlendKind::Smooth), Some(BlendKind::Chamfer)])?;
        Some(Blend { kind, radius: 0.2 * self.size() })
    }

    /// A polygon that winds once about `(center, 0)`, so it cannot cross itself.
    fn polygon(&mut self, center: f32, reach: f32) -> Vec<[f32; 2]> {
        let count = 3 + self.below(9);
        (0..count)
            .map(|i| {
                let angle = (i as f32 + self.between(0.05, 0.45)) / count as f32 * TAU;
                let radius = self.between(0.4, 1.0) * reach;
                [center + radius * angle.cos(), radius * angle.sin()]
            })
            .collect()
    }

    fn audio(&mut self) -> AudioPatch {
        if self.flip() {
            return AudioPatch::default();
        }
        let count = self.below(MAX_AUDIO_MODES + 1);
        AudioPatch {
            gain: self.between(0.0, 4.0),
            pitch_scale: self.between(0.125, 8.0),
            damping_scale: self.between(0.05, 20.0),
            modes: (0..count)
                .map(|_| AudioMode {
                    frequency_hz: self.between(20.0, 20_000.0),
                    decay_secs: self.between(0.005, 60.0),
                    gain: self.unit(),
                })
                .collect(),
        }
    }

    fn center(&mut self) -> Option<[f32; 3]> {
        self.flip().then(|| self.vector(0.5))
    }

    fn primitive(&mut self) -> DnaNode {
        let (center, material, name) = (self.center(), self.material(), self.name());
        match self.below(12) {
            0 => DnaNode::Sphere(Sphere { radius: self.size(), center, material, name }),
            1 => DnaNode::Ellipsoid(Ellipsoid {
                radii: std::array::from_fn(|_| self.size()),
                center,
                material,
                name,
            }),
            2 => DnaNode::Box(BoxNode {
                half_extents: std::array::from_fn(|_| self.size()),
                center,
                material,
                name,
            }),
            3 => {
                let half_extents: [f32; 3] = std::array::from_fn(|_| self.size());
                let smallest = half_extents.iter().copied().fold(f32::INFINITY, f32::min);
                let radius = self.between(0.05, 1.0) * smallest;
                DnaNode::RoundedBox(RoundedBox { half_extents, radius, center, material, name })
            }
            4 => DnaNode::Cylinder(Cylinder {
                radius: self.size(),
                half_height: self.size(),
                center,
                material,
                name,
            }),
            5 => DnaNode::Capsule(Capsule {
                radius: self.size(),
                half_height: self.size(),
                center,
                material,
                name,
            }),
            6 => DnaNode::Cone(Cone {
                radius_bottom: self.size(),
                radius_top: if self.flip() { 0.0 } else { self.size() },
                half_height: self.size(),
                center,
                material,
                name,
            }),
            7 => {
                let major_radius = self.size();
                let minor_radius = self.between(0.1, 0.9) * major_radius;
                DnaNode::Torus(Torus { major_radius, minor_radius, center, material, name })
            }
            8 => DnaNode::Plane(Plane {
                normal: self.direction(),
                offset: self.between(-1.0, 1.0),
                center,
                material,
                name,
            }),
            9 => DnaNode::HexagonalPrism(HexagonalPrism {
                apothem: self.size(),
                half_height: self.size(),
                center,
                material,
                name,
            }),
            10 => {
                let reach = self.size();
                let points = self.polygon(0.0, reach);
                DnaNode::ExtrudedPolygon(ExtrudedPolygon {
                    points,
                    half_depth: self.size(),
                    center,
                    material,
                    name,
                })
            }
            _ => {
                let reach = self.size();
                let points = self.polygon(1.5 * reach, reach);
                DnaNode::RevolvedPolygon(RevolvedPolygon { points, center, material, name })
            }
        }
    }

    /// A random node; `shapes` counts down the shapes still wanted, `copies` how often the repeats
    /// above copy it.
    fn node(&mut self, shapes: &mut usize, depth: usize, copies: u64) -> DnaNode {
        if depth >= DEPTH || *shapes <= 1 && self.below(3) > 0 {
            *shapes = shapes.saturating_sub(1);
            return self.primitive();
        }
        let (material, name) = (self.material(), self.name());
        let operation = self.below(20);
        if operation < 8 {
            let count = 1 + self.below(6.min(1 + *shapes));
            let children = (0..count).map(|_| self.node(shapes, depth + 1, copies)).collect();
            let blend = self.blend();
            return match operation {
                0..=3 => DnaNode::Union(UnionNode { children, blend, material, name }),
                4 | 5 => DnaNode::Subtract(Subtract { children, blend, material, name }),
                _ => DnaNode::Intersect(Intersect { children, blend, material, name }),
            };
        }
        let axis = self.pick(&[Axis::X, Axis::Y, Axis::Z]);
        let counts: [u32; 3] = std::array::from_fn(|_| 1 + self.below(3) as u32);
        let count = 1 + self.below(12) as u32;
        let copied = copies * u64::from(counts.iter().product::<u32>()).max(u64::from(count));
        let repeats = copied <= MAX_NESTED_COPIES;
        let below = if repeats && (operation == 15 || operation == 16) { copied } else { copies };
        let mut child = || Box::new(self.node(shapes, depth + 1, below));
        match operation {
            8 => {
                let (from, to) = (child(), child());
                DnaNode::Morph(Morph { factor: self.unit(), from, to, material, name })
            }
            9 => DnaNode::Shell(Shell { child: child(), thickness: 0.1 * self.size(), material, name }),
            10 => DnaNode::Round(Round { child: child(), radius: 0.1 * self.size(), material, name }),
            11 => DnaNode::Translate(Translate { child: child(), offset: self.vector(2.0), material, name }),
            12 => DnaNode::Rotate(Rotate {
                child: child(),
                axis: self.direction(),
                angle_rad: self.between(-TAU, TAU),
                material,
                name,
            }),
            13 => DnaNode::Scale(Scale { child: child(), factor: self.between(0.2, 3.0), material, name }),
            15 if repeats => DnaNode::LinearRepeat(LinearRepeat {
                child: child(),
                counts,
                spacing: std::array::from_fn(|_| self.size()),
                material,
                name,
            }),
            16 if repeats => DnaNode::PolarRepeat(PolarRepeat { child: child(), count, material, name }),
            17 => DnaNode::Twist(Twist {
                child: child(),
                rate_rad_per_m: self.between(-2.0, 2.0),
                material,
                name,
            }),
            18 => {
                let child = child();
                self.bent(child, material, name)
            }
            19 => DnaNode::Displace(Displace {
                child: child(),
                pattern: self.pick(&[DisplacePattern::Gyroid, DisplacePattern::Sine]),
                amplitude: 0.02 * self.size(),
                wavelength: self.between(0.1, 1.0),
                octaves: 1 + self.below(MAX_OCTAVES as usize) as u32,
                material,
                name,
            }),
            _ => DnaNode::Mirror(Mirror {
                child: child(),
                axis,
                offset: self.between(-0.5, 0.5),
                material,
                name,
            }),
        }
    }

    fn bent(&mut self, child: Box<DnaNode>, material: Option<String>, name: Option<String>) -> DnaNode {
        match self.below(3) {
            0 => DnaNode::Bend(Bend { child, curvature_per_m: self.between(-0.5, 0.5), material, name }),
            1 => DnaNode::Taper(Taper {
                child,
                half_height: self.size(),
                scale_bottom: self.between(0.5, 1.5),
                scale_top: self.between(0.5, 1.5),
                material,
                name,
            }),
            _ => DnaNode::Elongate(Elongate {
                child,
                half_extents: std::array::from_fn(|_| if self.flip() { 0.0 } else { self.size() }),
                material,
                name,
            }),
        }
    }
}

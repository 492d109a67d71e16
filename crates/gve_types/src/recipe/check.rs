//! Limits and numbers: what the types alone cannot say.

use crate::{
    dna::{AssetDna, Blend, DNA_VERSION, DnaNode},
    limits::*,
    material::MaterialTable,
    recipe::{Findings, Violation, polygon, suggest::nearest},
    text::shown_short,
};

/// Everything wrong with a recipe's numbers, limits and materials; empty when it can be made.
pub fn validate_recipe(dna: &AssetDna, materials: &MaterialTable) -> Vec<Violation> {
    let mut check = Check { materials, findings: Findings::default(), nodes: 0 };
    if dna.dna_version != DNA_VERSION {
        check.add(
            "$.dna_version",
            format!("this build reads DNA version {DNA_VERSION}, found {}", dna.dna_version),
        );
    }
    check.text("$.metadata.name", Some(&dna.metadata.name));
    if dna.metadata.name.trim().is_empty() {
        check.add("$.metadata.name", "a name has at least one character");
    }
    check.text("$.subcategory", dna.subcategory.as_deref());
    check.material("$.metadata.material_spec", dna.metadata.material_spec.as_deref());
    check.audio(dna);
    let place = Place {
        path: "$.root_node".to_owned(),
        depth: 1,
        copies: 1,
        material: dna.metadata.material_spec.is_some(),
    };
    check.node(&dna.root_node, &place);
    check.findings.0
}

/// Where the walk stands.
struct Place {
    path: String,
    depth: usize,
    /// How often the repeats above copy what is here.
    copies: u64,
    /// Whether a material is inherited.
    material: bool,
}

struct Check<'a> {
    materials: &'a MaterialTable,
    findings: Findings,
    nodes: usize,
}

impl Check<'_> {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.findings.add(path, message);
    }

    fn text(&mut self, path: &str, text: Option<&str>) {
        if let Some(text) = text
            && text.len() > MAX_NAME_BYTES
        {
            self.add(path, format!("at most {MAX_NAME_BYTES} bytes, found {}", text.len()));
        }
    }

    fn material(&mut self, path: &str, material: Option<&str>) {
        if let Some(id) = material
            && self.materials.get(id).is_none()
        {
            self.add(path, format!("unknown material `{}`{}", shown_short(id), self.suggest(id)));
        }
    }

    fn suggest(&self, id: &str) -> String {
        nearest(id, self.materials.iter().map(|m| m.spec_id.as_str()))
            .map(|meant| format!("; did you mean `{meant}`?"))
            .unwrap_or_default()
    }

    fn range(&mut self, path: &str, value: f32, min: f32, max: f32) {
        if !(value >= min && value <= max) {
            let found = if value.is_finite() { value.to_string() } else { "a number too large".to_owned() };
            self.add(path, format!("expected a number from {min} to {max}, found {found}"));
        }
    }

    fn size(&mut self, path: &str, value: f32) {
        self.range(path, value, MIN_LENGTH_M, MAX_LENGTH_M);
    }

    fn length(&mut self, path: &str, value: f32) {
        self.range(path, value, 0.0, MAX_LENGTH_M);
    }

    fn sizes(&mut self, path: &str, values: &[f32]) {
        for (i, &value) in values.iter().enumerate() {
            self.size(&format!("{path}[{i}]"), value);
        }
    }

    fn vector(&mut self, path: &str, values: &[f32]) {
        for (i, &value) in values.iter().enumerate() {
            self.range(&format!("{path}[{i}]"), value, -MAX_LENGTH_M, MAX_LENGTH_M);
        }
    }

    fn direction(&mut self, path: &str, values: [f32; 3]) {
        self.vector(path, &values);
        let length_squared: f32 = values.iter().map(|v| v * v).sum();
        if length_squared < 1e-12 {
            self.add(path, format!("a direction has a length above 0, found {values:?}"));
        }
    }

    fn blend(&mut self, path: &str, blend: Option<Blend>) {
        if let Some(blend) = blend {
            self.size(&format!("{path}.blend.radius"), blend.radius);
        }
    }

    fn polygon(&mut self, path: &str, points: &[[f32; 2]], smallest_x: f32) {
        let before = self.findings.0.len();
        if points.len() < 3 || points.len() > MAX_POLYGON_POINTS {
            self.add(path, format!("a polygon has 3 to {MAX_POLYGON_POINTS} points, found {}", points.len()));
            return;
        }
        for (i, &[x, y]) in points.iter().enumerate() {
            self.range(&format!("{path}[{i}][0]"), x, smallest_x, MAX_LENGTH_M);
            self.range(&format!("{path}[{i}][1]"), y, -MAX_LENGTH_M, MAX_LENGTH_M);
        }
        if self.findings.0.len() == before
            && let Some((index, message)) = polygon::fault(points)
        {
            self.add(format!("{path}[{index}]"), message);
        }
    }

    fn repeat(&mut self, path: &str, copies: u64, place: &Place) -> u64 {
        let nested = place.copies.saturating_mul(copies);
        if copies == 0 || copies > MAX_REPEAT_COPIES {
            self.add(path, format!("a repeat makes 1 to {MAX_REPEAT_COPIES} copies, found {copies}"));
        } else if nested > MAX_NESTED_COPIES {
            self.add(
                path,
                format!("nested repeats make at most {MAX_NESTED_COPIES} copies of a part, found {nested}"),
            );
        }
        nested
    }

    fn audio(&mut self, dna: &AssetDna) {
        let patch = &dna.audio_patch;
        self.range("$.audio_patch.gain", patch.gain, 0.0, 4.0);
        self.range("$.audio_patch.pitch_scale", patch.pitch_scale, 0.125, 8.0);
        self.range("$.audio_patch.damping_scale", patch.damping_scale, 0.05, 20.0);
        if patch.modes.len() > MAX_AUDIO_MODES {
            self.add(
                "$.audio_patch.modes",
                format!("at most {MAX_AUDIO_MODES} modes, found {}", patch.modes.len()),
            );
        }
        for (i, mode) in patch.modes.iter().take(MAX_AUDIO_MODES).enumerate() {
            let path = format!("$.audio_patch.modes[{i}]");
            self.range(&format!("{path}.frequency_hz"), mode.frequency_hz, 20.0, 20_000.0);
            self.range(&format!("{path}.decay_secs"), mode.decay_secs, 0.005, 60.0);
            self.range(&format!("{path}.gain"), mode.gain, 0.0, 1.0);
        }
    }

    fn node(&mut self, node: &DnaNode, place: &Place) {
        self.nodes += 1;
        if self.nodes == MAX_NODES + 1 {
            self.add(&place.path, format!("a recipe has at most {MAX_NODES} nodes"));
        }
        if place.depth > MAX_DEPTH {
            self.add(&place.path, format!("nodes nest at most {MAX_DEPTH} deep"));
            return;
        }
        if self.nodes > MAX_NODES || self.findings.full() {
            return;
        }
        self.material(&format!("{}.material", place.path), node.material());
        self.text(&format!("{}.name", place.path), node.name());
        let copies = self.fields(node, place);
        let material = place.material || node.material().is_some();
        let children = node.children();
        if children.is_empty() && !material {
            self.add(
                &place.path,
                "no material: name one here, on a node above, or in metadata.material_spec",
            );
        }
        for (slot, child) in children {
            let path = format!("{}.{slot}", place.path);
            self.node(child, &Place { path, depth: place.depth + 1, copies, material });
        }
    }

    /// Checks a node's own numbers; returns how often its children are copied.
    fn fields(&mut self, node: &DnaNode, place: &Place) -> u64 {
        let at = |field: &str| format!("{}.{field}", place.path);
        let mut copies = place.copies;
        if let Some(center) = node.center() {
            self.vector(&at("center"), &center);
        }
        match node {
            DnaNode::Sphere(n) => self.size(&at("radius"), n.radius),
            DnaNode::Ellipsoid(n) => self.sizes(&at("radii"), &n.radii),
            DnaNode::Box(n) => self.sizes(&at("half_extents"), &n.half_extents),
            DnaNode::RoundedBox(n) => {
                self.sizes(&at("half_extents"), &n.half_extents);
                let smallest = n.half_extents.iter().copied().fold(f32::INFINITY, f32::min);
                self.range(&at("radius"), n.radius, MIN_LENGTH_M, smallest);
            }
            DnaNode::Cylinder(n) => {
                self.sizes_named(&[(at("radius"), n.radius), (at("half_height"), n.half_height)]);
            }
            DnaNode::Capsule(n) => {
                self.sizes_named(&[(at("radius"), n.radius), (at("half_height"), n.half_height)]);
            }
            DnaNode::HexagonalPrism(n) => {
                self.sizes_named(&[(at("apothem"), n.apothem), (at("half_height"), n.half_height)]);
            }
            DnaNode::Cone(n) => {
                self.length(&at("radius_bottom"), n.radius_bottom);
                self.length(&at("radius_top"), n.radius_top);
                self.size(&at("half_height"), n.half_height);
                if n.radius_bottom.max(n.radius_top) < MIN_LENGTH_M {
                    self.add(at("radius_bottom"), "one of the two radii of a cone is above 0");
                }
            }
            DnaNode::Torus(n) => {
                self.size(&at("major_radius"), n.major_radius);
                self.range(&at("minor_radius"), n.minor_radius, MIN_LENGTH_M, n.major_radius);
            }
            DnaNode::Plane(n) => {
                self.direction(&at("normal"), n.normal);
                self.range(&at("offset"), n.offset, -MAX_LENGTH_M, MAX_LENGTH_M);
            }
            DnaNode::ExtrudedPolygon(n) => {
                self.polygon(&at("points"), &n.points, -MAX_LENGTH_M);
                self.size(&at("half_depth"), n.half_depth);
            }
            DnaNode::RevolvedPolygon(n) => self.polygon(&at("points"), &n.points, 0.0),
            DnaNode::Union(n) => self.group(place, n.children.len(), n.blend),
            DnaNode::Subtract(n) => self.group(place, n.children.len(), n.blend),
            DnaNode::Intersect(n) => self.group(place, n.children.len(), n.blend),
            DnaNode::Shell(n) => self.size(&at("thickness"), n.thickness),
            DnaNode::Round(n) => self.size(&at("radius"), n.radius),
            DnaNode::Morph(n) => self.range(&at("factor"), n.factor, 0.0, 1.0),
            DnaNode::Translate(n) => self.vector(&at("offset"), &n.offset),
            DnaNode::Rotate(n) => {
                self.direction(&at("axis"), n.axis);
                self.range(&at("angle_rad"), n.angle_rad, -MAX_ANGLE_RAD, MAX_ANGLE_RAD);
            }
            DnaNode::Scale(n) => self.range(&at("factor"), n.factor, 1e-4, 1e4),
            DnaNode::Mirror(n) => self.range(&at("offset"), n.offset, -MAX_LENGTH_M, MAX_LENGTH_M),
            DnaNode::LinearRepeat(n) => {
                let product =
                    n.counts.iter().fold(1u64, |product, &count| product.saturating_mul(u64::from(count)));
                copies = self.repeat(&at("counts"), product, place);
                for (i, (&count, &spacing)) in n.counts.iter().zip(&n.spacing).enumerate() {
                    let path = format!("{}[{i}]", at("spacing"));
                    if count > 1 { self.size(&path, spacing) } else { self.length(&path, spacing) }
                }
            }
            DnaNode::PolarRepeat(n) => copies = self.repeat(&at("count"), u64::from(n.count), place),
            DnaNode::Twist(n) => {
                self.range(&at("rate_rad_per_m"), n.rate_rad_per_m, -MAX_ANGLE_RAD, MAX_ANGLE_RAD);
            }
            DnaNode::Bend(n) => {
                self.range(&at("curvature_per_m"), n.curvature_per_m, -MAX_ANGLE_RAD, MAX_ANGLE_RAD);
            }
            DnaNode::Taper(n) => {
                self.size(&at("half_height"), n.half_height);
                self.range(&at("scale_bottom"), n.scale_bottom, 0.01, 100.0);
                self.range(&at("scale_top"), n.scale_top, 0.01, 100.0);
            }
            DnaNode::Elongate(n) => {
                for (i, &half) in n.half_extents.iter().enumerate() {
                    self.length(&format!("{}[{i}]", at("half_extents")), half);
                }
            }
            DnaNode::Displace(n) => {
                self.size(&at("amplitude"), n.amplitude);
                self.size(&at("wavelength"), n.wavelength);
                if n.octaves == 0 || n.octaves > MAX_OCTAVES {
                    self.add(at("octaves"), format!("1 to {MAX_OCTAVES} octaves, found {}", n.octaves));
                }
            }
        }
        copies
    }

    fn sizes_named(&mut self, sizes: &[(String, f32)]) {
        for (path, value) in sizes {
            self.size(path, *value);
        }
    }

    fn group(&mut self, place: &Place, children: usize, blend: Option<Blend>) {
        if children == 0 || children > MAX_CHILDREN {
            self.add(
                format!("{}.children", place.path),
                format!("1 to {MAX_CHILDREN} children, found {children}"),
            );
        }
        self.blend(&place.path, blend);
    }
}

//! A recipe made ready for evaluation.

use std::sync::Arc;

use gve_types::{AssetDna, MaterialSpec, MaterialTable, validate_recipe};

use crate::{
    DVec3, Vec3,
    aabb::Aabb,
    error::LowerError,
    eval::{self, Evaluator, Program},
    lower::{self, Part},
    tape::Tape,
};

/// A lowered recipe: a signed distance field with a part, and so a material, at every point. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Field(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tape: Tape,
    bounds: Aabb,
    lipschitz: f32,
    reach_m: f32,
    /// The same about an origin near to it, and that origin.
    near: Option<(Field, DVec3)>,
    materials: Vec<MaterialSpec>,
    parts: Vec<Part>,
    warnings: Vec<String>,
    program: Arc<Program>,
    part_materials: Arc<[u8]>,
}

impl Field {
    /// Lowers a recipe. The recipe is validated first.
    ///
    /// # Errors
    /// What [`validate_recipe`] finds; and what only lowering can tell: a shape without an end or without
    /// any point, copies that overlap in too large numbers, a bend that closes on itself, a distortion
    /// that is too strong, or too many operations. Each with its JSON path.
    pub fn lower(dna: &AssetDna, materials: &MaterialTable) -> Result<Self, LowerError> {
        let violations = validate_recipe(dna, materials);
        if !violations.is_empty() {
            return Err(LowerError { violations });
        }
        let mut field = Self::about(dna, materials, DVec3::ZERO)?;
        let origin = near_origin(field.bounds());
        if origin != DVec3::ZERO
            && let Ok(near) = Self::about(dna, materials, origin)
            && let Some(inner) = Arc::get_mut(&mut field.0)
        {
            inner.bounds = seen_from(near.bounds(), -origin);
            inner.near = Some((near, origin));
        }
        Ok(field)
    }

    fn about(dna: &AssetDna, materials: &MaterialTable, origin: DVec3) -> Result<Self, LowerError> {
        let lowered = lower::lower(dna, materials, origin)?;
        let distance = Arc::new(Program::of_distance(&lowered.tape));
        let program = Arc::new(Program::new(&lowered.tape));
        let bounds = eval::tight_bounds(&distance, lowered.bounds).ok_or_else(|| {
            LowerError::new("$.root_node", "nothing is left of the shape: it holds no point")
        })?;
        Ok(Self(Arc::new(Inner {
            tape: lowered.tape,
            bounds,
            lipschitz: lowered.lipschitz,
            reach_m: lowered.reach_m,
            near: None,
            materials: lowered.materials,
            part_materials: lowered.parts.iter().map(|part| part.material).collect(),
            parts: lowered.parts,
            warnings: lowered.warnings,
            program,
        })))
    }

    /// The program that defines the field.
    pub fn tape(&self) -> &Tape {
        &self.0.tape
    }

    /// A box that holds the whole surface, in metres.
    pub fn bounds(&self) -> Aabb {
        self.0.bounds
    }

    /// The same field about an origin near to it, and where that is in the asset's space, in metres: what stands far
    /// from its origin, compared with its size, is evaluated more precisely so. Itself and zero for all else.
    ///
    /// The origin is a multiple of a length that depends on the size alone, in large steps, so that it stays where it
    /// is while one part of an asset moves. Parts, materials and their order are the same.
    pub fn near(&self) -> (&Self, DVec3) {
        self.0.near.as_ref().map_or((self, DVec3::ZERO), |(field, origin)| (field, *origin))
    }

    /// How far from its origin a point of the surface may be evaluated, in metres: single precision tells apart no
    /// more than that allows.
    pub fn reach_m(&self) -> f32 {
        let bounds = self.bounds();
        bounds.min.abs().max(bounds.max.abs()).max_element().max(self.0.reach_m)
    }

    /// A bound on the length of the gradient; 1 or more. `|distance| / lipschitz` never exceeds the true
    /// distance to the surface.
    pub fn lipschitz(&self) -> f32 {
        self.0.lipschitz
    }

    /// The parts, which the field's part outputs index.
    pub fn parts(&self) -> &[Part] {
        &self.0.parts
    }

    /// The materials, which the parts index.
    pub fn materials(&self) -> &[MaterialSpec] {
        &self.0.materials
    }

    /// Where the field falls short of what the recipe asks for, each as `$.json.path (name): message`.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }
}

/// How many times its size something stands from the origin before it gets one of its own.
const FAR_SIZES: f64 = 16.0;
/// Origins stand at multiples of this many times a power of two of a metre: so many cells, of a power of two too, have
/// the bricks of a volume.
const BRICK: f64 = 7.0;
/// Distance between two origins, in sizes of what stands there; at most twice as much.
const STEP_SIZES: f64 = 4.0;

/// The origin for a field with these bounds: zero unless they are far away.
fn near_origin(bounds: Aabb) -> DVec3 {
    let [min, max] = [bounds.min.as_dvec3(), bounds.max.as_dvec3()];
    let (size, center) = ((max - min).max_element(), 0.5 * (min + max));
    if !(size.is_normal() && center.abs().max_element() > FAR_SIZES * size) {
        return DVec3::ZERO;
    }
    // The exponent as it is stored: a logarithm may round to the next whole number.
    let exponent = ((STEP_SIZES * size / BRICK).to_bits() >> 52) as i32 - 1022;
    let step = BRICK * 2f64.powi(exponent);
    (center / step).round() * step
}

/// A box counted from another origin, rounded outwards.
fn seen_from(bounds: Aabb, origin: DVec3) -> Aabb {
    let [min, max] = [bounds.min.as_dvec3() - origin, bounds.max.as_dvec3() - origin];
    let low = |v: f64| if f64::from(v as f32) > v { (v as f32).next_down() } else { v as f32 };
    let high = |v: f64| if f64::from(v as f32) < v { (v as f32).next_up() } else { v as f32 };
    Aabb::new(Vec3::from(min.to_array().map(low)), Vec3::from(max.to_array().map(high)))
}

impl Evaluator {
    /// An evaluator of `field`.
    pub fn new(field: &Field) -> Self {
        Self::of_program(Arc::clone(&field.0.program), Arc::clone(&field.0.part_materials))
    }
}

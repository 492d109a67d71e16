//! A recipe made ready for evaluation.

use std::sync::Arc;

use gve_types::{AssetDna, MaterialSpec, MaterialTable, validate_recipe};

use crate::{
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
        let lowered = lower::lower(dna, materials)?;
        let distance = Arc::new(Program::of_distance(&lowered.tape));
        let program = Arc::new(Program::new(&lowered.tape));
        let bounds = eval::tight_bounds(&distance, lowered.bounds).ok_or_else(|| {
            LowerError::new("$.root_node", "nothing is left of the shape: it holds no point")
        })?;
        Ok(Self(Arc::new(Inner {
            tape: lowered.tape,
            bounds,
            lipschitz: lowered.lipschitz,
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

impl Evaluator {
    /// An evaluator of `field`.
    pub fn new(field: &Field) -> Self {
        Self::of_program(Arc::clone(&field.0.program), Arc::clone(&field.0.part_materials))
    }
}

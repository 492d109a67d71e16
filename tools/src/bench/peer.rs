//! The same field in fidget, the peer that volumes and meshes are measured against.
//!
//! The tree is made from our tape, so both evaluate the same arithmetic.

use fidget_core::{context::Tree, shape::BoundShape};
use fidget_jit::{JitFunction, JitShape};
use fidget_mesh::{Mesh, Octree, Settings};
use gve_sdf::{Aabb, Field, Op, Tape};

/// A field as fidget evaluates it, with the region that its cube from -1 to 1 stands for.
pub(crate) struct FidgetField {
    shape: JitShape,
    /// Half the side of the region in metres.
    pub(crate) half_size: f32,
}

impl FidgetField {
    /// Takes over a field; the region is the cube about its bounds.
    ///
    /// # Errors
    /// When the tape has an operation that fidget lacks.
    pub(crate) fn new(field: &Field) -> anyhow::Result<Self> {
        let bounds = field.bounds();
        let (center, half_size) = (bounds.center(), 1.05 * bounds.half_size().max_element());
        let place = |axis: Tree, center: f32| axis * half_size + center;
        let point = [place(Tree::x(), center.x), place(Tree::y(), center.y), place(Tree::z(), center.z)];
        // Divided, so that it is a distance in fidget's units.
        let tree = tree(field.tape(), &point)? / half_size;
        let shape = JitShape::from(tree);
        Ok(Self { shape, half_size })
    }

    /// fidget's manifold dual contouring with `2^depth` cells along the cube.
    ///
    /// # Errors
    /// When fidget refuses the shape.
    pub(crate) fn mesh(&self, depth: u8) -> anyhow::Result<Mesh> {
        let bound: BoundShape<JitFunction, f32> =
            self.shape.clone().try_into().map_err(|error| anyhow::anyhow!("fidget: {error:?}"))?;
        let settings = Settings { depth, ..Settings::default() };
        let octree = Octree::build(&bound, &settings);
        Ok(octree.map(|octree| octree.walk_dual()).unwrap_or_default())
    }

    /// Every sample of a dense grid with `side` samples along the cube, on one thread; their sum, so
    /// that nothing is left out.
    ///
    /// # Errors
    /// When fidget refuses to evaluate.
    pub(crate) fn dense_grid(&self, side: usize) -> anyhow::Result<f32> {
        let tape = self.shape.float_slice_tape(Default::default());
        let mut evaluator = JitShape::new_float_slice_eval();
        let at = |i: usize| 2.0 * i as f32 / (side - 1) as f32 - 1.0;
        let xs: Vec<f32> = (0..side).map(at).collect();
        let mut sum = 0.0;
        for k in 0..side {
            let zs = vec![at(k); side];
            for j in 0..side {
                let ys = vec![at(j); side];
                let row =
                    evaluator.eval(&tape, &xs, &ys, &zs).map_err(|e| anyhow::anyhow!("fidget: {e:?}"))?;
                sum += row.iter().sum::<f32>();
            }
        }
        Ok(sum)
    }
}

fn tree(tape: &Tape, point: &[Tree; 3]) -> anyhow::Result<Tree> {
    let mut values: Vec<Tree> = Vec::with_capacity(tape.ops().len());
    for op in tape.ops() {
        let mut operands = op.operands().map(|id| values[id.index()].clone());
        let mut next = || operands.next().unwrap_or_else(|| Tree::constant(0.0));
        let value = match *op {
            Op::X => point[0].clone(),
            Op::Y => point[1].clone(),
            Op::Z => point[2].clone(),
            Op::Const(value) => Tree::constant(value),
            Op::Neg(_) => next().neg(),
            Op::Abs(_) => next().abs(),
            Op::Sqrt(_) => next().sqrt(),
            Op::Square(_) => next().square(),
            Op::Sin(_) => next().sin(),
            Op::Cos(_) => next().cos(),
            Op::Floor(_) => next().floor(),
            Op::Add(..) => next() + next(),
            Op::Sub(..) => next() - next(),
            Op::Mul(..) => next() * next(),
            Op::Div(..) => next() / next(),
            Op::Min(..) => next().min(next()),
            Op::Max(..) => next().max(next()),
            Op::Atan2(..) => next().atan2(next()),
            Op::Length2(..) => length(&[next(), next()]),
            Op::Length3(..) => length(&[next(), next(), next()]),
            Op::Corner2(..) => corner(&[next(), next()]),
            Op::Corner3(..) => corner(&[next(), next(), next()]),
            Op::SmoothMin(.., radius) => smooth_min(&next(), &next(), radius),
            Op::SmoothMax(.., radius) => smooth_min(&next().neg(), &next().neg(), radius).neg(),
            // `compare` is -1 where the first is less; conditions are 0 or 1 on our tapes.
            Op::Less(..) => next().compare(next()).neg().max(0.0),
            Op::Select(..) => {
                let (condition, yes, no) = (next(), next(), next());
                no.clone() + condition * (yes - no)
            }
            other => anyhow::bail!("fidget has no `{}`", other.name()),
        };
        values.push(value);
    }
    Ok(values[tape.distance().index()].clone())
}

fn length(parts: &[Tree]) -> Tree {
    let squares = parts.iter().map(Tree::square);
    squares.reduce(|a, b| a + b).map_or_else(|| Tree::constant(0.0), |sum| sum.sqrt())
}

fn corner(sides: &[Tree]) -> Tree {
    let outside: Vec<Tree> = sides.iter().map(|side| side.max(0.0)).collect();
    let largest = sides.iter().cloned().reduce(|a, b| a.max(b));
    length(&outside) + largest.map_or_else(|| Tree::constant(0.0), |largest| largest.min(0.0))
}

fn smooth_min(a: &Tree, b: &Tree, radius: f32) -> Tree {
    let h = (Tree::constant(radius) - (a.clone() - b.clone()).abs()).max(0.0) / radius;
    a.min(b.clone()) - h.square() * (0.25 * radius)
}

/// The cube that the peer works on, so that both meet the same cells.
pub(crate) fn cube(field: &Field) -> Aabb {
    let bounds = field.bounds();
    let half = glam::Vec3::splat(1.05 * bounds.half_size().max_element());
    Aabb { min: bounds.center() - half, max: bounds.center() + half }
}

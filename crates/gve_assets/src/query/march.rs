//! The march of a ray through the distance volume: that of `march.wgsl`, so that what is hit is what is drawn.

use glam::{BVec3, IVec3, Vec3};
use gve_types::Bounds;

use super::{
    Ray, Sides,
    brick::{Brick, CELLS, Node, Tree, width_of},
};
use crate::{BRICK_CELLS, VolumeView};

/// The shortest step in cells: what it cuts off a corner is far below what the samples resolve.
const MIN_STEP: f32 = 0.2;
/// Steps through one brick, at most: its diagonal is 12.2 cells long.
const MAX_STEPS: u32 = 64;

/// Where a ray meets the surface of a volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeHit {
    /// The ray's parameter.
    pub at: f32,
    /// Whether it goes into the solid, and not out of it.
    pub is_front: bool,
    node: Node,
    /// In cells from the brick's corner: finer than the parameter tells.
    local: Vec3,
}

impl VolumeView<'_> {
    /// Where a ray first meets the surface within a box, which is the asset's bounds: what lies outside of them is not
    /// drawn. Nothing for a ray that is not finite or leads nowhere.
    pub fn cast_ray(&self, ray: &Ray, bounds: &Bounds) -> Option<VolumeHit> {
        let tree = Tree::new(self).filter(|_| ray.is_valid())?;
        March::new(&tree, ray, bounds)?.run(ray.sides)
    }

    /// The slope of the stored distances where a ray has hit, per metre: it points out of the solid, and its length
    /// is about 1.
    pub fn slope_at(&self, hit: &VolumeHit) -> [f32; 3] {
        let slope = Tree::new(self).and_then(|tree| tree.gradient(&hit.node, hit.local));
        slope.unwrap_or_default().to_array()
    }

    /// The part that a ray has hit: of the material with the most weight among the samples around, the part with the
    /// most. `material_of` tells the material of a part.
    pub fn part_at(&self, hit: &VolumeHit, material_of: impl Fn(u16) -> u32) -> Option<u16> {
        let parts = self.levels().get(hit.node.level as usize)?.parts;
        let inside = hit.local.clamp(Vec3::ZERO, Vec3::splat(CELLS));
        let low = inside.floor().min(Vec3::splat(CELLS - 1.0));
        let t = inside - low;
        let mut around = [(0, 0, 0.0); 8];
        for (corner, around) in around.iter_mut().enumerate() {
            let upper = [corner & 1, corner >> 1 & 1, corner >> 2];
            let sample = std::array::from_fn(|axis| (low[axis] as u32 + upper[axis] as u32).min(BRICK_CELLS));
            let weight = |axis: usize| if upper[axis] == 1 { t[axis] } else { 1.0 - t[axis] };
            let part = parts.get(self.texel(hit.node.cell.slot, sample))?;
            *around = (part, material_of(part), weight(0) * weight(1) * weight(2));
        }
        let sum = |is: &dyn Fn(u16, u32) -> bool| -> f32 {
            around.iter().filter(|(part, material, _)| is(*part, *material)).map(|(.., weight)| weight).sum()
        };
        let heaviest = |a: &(u16, u32, f32), b: &(u16, u32, f32)| {
            let of_materials = sum(&|_, material| material == a.1).total_cmp(&sum(&|_, m| m == b.1));
            of_materials.then_with(|| sum(&|part, _| part == a.0).total_cmp(&sum(&|part, _| part == b.0)))
        };
        around.iter().max_by(|a, b| heaviest(a, b)).map(|(part, ..)| *part)
    }
}

/// A ray in cells of level 0.
struct March<'a> {
    tree: &'a Tree<'a>,
    anchor: Vec3,
    direction: Vec3,
    inverse: Vec3,
    ahead: BVec3,
    /// Metres for each unit of the parameter.
    speed: f32,
    start: f32,
    end: f32,
    /// Whether it comes into the box from outside of it.
    enters: bool,
}

impl<'a> March<'a> {
    /// `None` where the ray misses the box.
    fn new(tree: &'a Tree<'a>, ray: &Ray, bounds: &Bounds) -> Option<Self> {
        let metres = Vec3::from(ray.direction);
        let anchor = tree.to_grid(ray.origin.into());
        let direction = no_zero(metres / tree.volume.cell_size);
        let inverse = direction.recip();
        // Half a cell more than the bounds holds also the surface's rounding to the grid.
        let low = (tree.to_grid(bounds.min.into()) - 0.5).max(Vec3::ZERO);
        let high = (tree.to_grid(bounds.max.into()) + 0.5).min(tree.end());
        let (a, b) = ((low - anchor) * inverse, (high - anchor) * inverse);
        let (near, far) = (a.min(b).max_element(), a.max(b).min_element());
        let (start, end) = (near.max(0.0), far.min(ray.end));
        let march = Self {
            tree,
            anchor,
            direction,
            inverse,
            ahead: direction.cmpgt(Vec3::ZERO),
            speed: metres.length(),
            start,
            end,
            enters: near > 0.0,
        };
        // Nothing of this holds where a number has become infinite on the way.
        (start < end && inverse.is_finite() && direction.is_finite()).then_some(march)
    }

    fn point(&self, at: f32) -> Vec3 {
        self.anchor + at * self.direction
    }

    /// From brick to brick. In a stored one it steps by the stored distance and never beyond the brick, whose samples
    /// know nothing of what lies there; an empty one is passed, and is never hit.
    fn run(&self, sides: Sides) -> Option<VolumeHit> {
        let tree = self.tree;
        let per_metre = 1.0 / (tree.volume.lipschitz.max(1.0) * self.speed);
        let mut at = self.start;
        let mut place = tree.place_of(self.point(at));
        // A ray that starts in the box does not know yet.
        let mut was_outside = self.enters.then_some(true);
        for _ in 0..max_visits(tree) {
            if at >= self.end {
                break;
            }
            let node = tree.descend(place)?;
            let width = width_of(node.level);
            let low = CELLS * width * node.index.as_vec3();
            let high = Vec3::select(self.ahead, Vec3::splat(CELLS * width), Vec3::ZERO);
            let walls = (low + high - self.anchor) * self.inverse;
            let wall = walls.min_element();
            let leave = wall.max(at);
            let one_cell = width * tree.volume.cell_size / self.speed;
            if let Some(bound) = node.cell.bound() {
                was_outside = Some(bound.is_sign_positive());
                // No point of this brick is nearer to the surface than that, so neither is the last one.
                let clear = bound.abs() / self.speed;
                if clear > one_cell {
                    at = leave + clear;
                    place = tree.place_of(self.point(at));
                    continue;
                }
            } else {
                let brick = tree.brick(&node)?;
                let entry = (self.point(at) - low) / width;
                let along = self.direction / width;
                let length = leave.min(self.end) - at;
                let through =
                    Through { brick, entry, along, length, per_metre, shortest: MIN_STEP * one_cell };
                if let Some((zero, is_front)) = through.cross(sides, &mut was_outside) {
                    return Some(VolumeHit { at: at + zero, is_front, node, local: entry + zero * along });
                }
            }
            // Into the neighbour behind the nearest wall, whatever rounding says of the point there.
            let shift = tree.depth - node.level;
            let first = node.index << shift;
            let last = first + ((1 << shift) - 1);
            place = tree.place_of(self.point(leave)).clamp(first, last);
            let behind = IVec3::select(self.ahead, last + 1, first - 1);
            place = IVec3::select(walls.cmpeq(Vec3::splat(wall)), behind, place);
            if place.cmplt(IVec3::ZERO).any() || place.cmpge(tree.places).any() {
                break;
            }
            at = leave;
        }
        None
    }
}

/// The way of a ray through one stored brick.
struct Through<'a> {
    brick: Brick<'a>,
    /// In the brick's own cells, so that rounding does not grow with the volume.
    entry: Vec3,
    along: Vec3,
    length: f32,
    per_metre: f32,
    shortest: f32,
}

impl Through<'_> {
    fn sample(&self, at: f32) -> f32 {
        self.brick.sample(self.entry + at * self.along)
    }

    /// Where the ray first crosses the surface, and whether into the solid.
    fn cross(&self, sides: Sides, was_outside: &mut Option<bool>) -> Option<(f32, bool)> {
        let mut before_at = 0.0;
        let mut before = self.sample(0.0);
        let is_hit = |was_outside: Option<bool>, is_outside: bool| match was_outside {
            Some(true) => !is_outside,
            Some(false) => is_outside && sides == Sides::Both,
            None => false,
        };
        if is_hit(*was_outside, before > 0.0) {
            return Some((0.0, before <= 0.0));
        }
        for _ in 0..MAX_STEPS {
            *was_outside = Some(before > 0.0);
            if before_at >= self.length {
                break;
            }
            let clear = before.abs() * self.per_metre;
            // The surface is not so near: what a sample at the end says is known.
            if before_at + clear >= self.length {
                break;
            }
            let after_at = (before_at + clear.max(self.shortest)).min(self.length);
            let after = self.sample(after_at);
            if is_hit(*was_outside, after > 0.0) {
                let ends = [(before_at, before), (after_at, after)];
                return Some((self.refine(ends), after <= 0.0));
            }
            (before_at, before) = (after_at, after);
        }
        None
    }

    /// The zero between two points on different sides, by false position; the Illinois variant halves the weight of
    /// an end that stays (Dowell and Jarratt, BIT 1971).
    fn refine(&self, [(mut a, mut at_a), (mut b, mut at_b)]: [(f32, f32); 2]) -> f32 {
        let mut middle = b;
        for _ in 0..5 {
            let (size_a, size_b) = (at_a.abs(), at_b.abs());
            middle = a + (b - a) * size_a / (size_a + size_b).max(1e-30);
            let at_middle = self.sample(middle);
            if (at_middle > 0.0) == (at_a > 0.0) {
                (a, at_a) = (middle, at_middle);
                at_b *= 0.5;
            } else {
                (b, at_b) = (middle, at_middle);
                at_a *= 0.5;
            }
        }
        middle
    }
}

/// More bricks than any ray visits: it goes along a staircase, never back, and may come to each a second time when it
/// has leapt over empty ones and rounding set it back.
fn max_visits(tree: &Tree) -> u64 {
    let along: u64 = tree.places.to_array().iter().map(|&places| places as u64).sum();
    let cells: u64 = tree.volume.levels().iter().map(|level| level.cells.len() as u64).sum();
    2 * along.min(cells) + 2
}

fn no_zero(v: Vec3) -> Vec3 {
    Vec3::select(v.abs().cmplt(Vec3::splat(1e-20)), Vec3::splat(1e-20), v)
}

//! Refinement beyond the level that was asked for: thin parts, as far as a budget of bytes goes.

use std::collections::BTreeMap;

use gve_sdf::Evaluator;

use super::{
    brick::Brick,
    look::SAMPLES,
    source::Source,
    thin::{Place, Thin},
    tree::{Tree, numbered},
};
use crate::{BakeError, points::Points};

/// Cells to the thickness of a part that shows it without holes, wherever it lies between the samples.
const WHOLE_CELLS: f32 = 1.25;
/// Cells to the thickness of a part that shows it smoothly.
const SMOOTH_CELLS: f32 = 1.6;

/// A part that is thinner than the size over this is no loss when so few bricks at most lack it: neither a shell
/// nor splats show it.
const SMALLEST_SIZES: f32 = 1000.0;
const SMALLEST_BRICKS: usize = 3;

/// A part of the asset that the volume does not show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lack {
    /// Which of [`Field::parts`](gve_sdf::Field::parts).
    pub part: u16,
    /// Where, in metres: half way through it.
    pub position: [f32; 3],
    /// How thick it is there, in metres.
    pub thickness_m: f32,
}

/// What is refined for, in this order.
#[derive(Clone, Copy, PartialEq)]
enum Aim {
    /// That the parts are there.
    Whole,
    /// That they are smooth.
    Smooth,
}

impl Aim {
    fn place(self, thin: &Thin) -> Option<Place> {
        match self {
            Self::Whole => thin.missing,
            Self::Smooth => thin.missing.or(thin.uneven),
        }
    }

    fn cells(self) -> f32 {
        match self {
            Self::Whole => WHOLE_CELLS,
            Self::Smooth => SMOOTH_CELLS,
        }
    }
}

/// Bricks of one part that need the same level, by their own level.
type Group = BTreeMap<usize, Vec<u32>>;

impl Tree<'_> {
    /// Refines bricks that are too coarse for thin parts, the cheapest first, by at most so many bricks.
    pub(super) fn refine_thin_parts(
        &mut self,
        source: &mut Source<'_>,
        max_bricks: usize,
    ) -> Result<(), BakeError> {
        let limit = self.stored() + max_bricks;
        for aim in [Aim::Whole, Aim::Smooth] {
            let mut groups: Vec<_> = self.groups(aim).into_iter().collect();
            // Parts that do with larger cells cost less per square metre; of those, small parts cost less.
            groups.sort_by_key(|((level, part), group)| {
                (*level, group.values().map(Vec::len).sum::<usize>(), *part)
            });
            for ((level, _), group) in groups {
                let left = limit.saturating_sub(self.stored());
                // Even the bricks along a line double with every level.
                let least: usize = group.iter().map(|(from, bricks)| bricks.len() << (level - from)).sum();
                if least <= left {
                    self.refine_group(source, aim, group, left)?;
                }
            }
        }
        Ok(())
    }

    /// What the volume does not show, one place of each part.
    pub(super) fn lacks(&self) -> Vec<Lack> {
        let mut by_part: BTreeMap<u16, Vec<Place>> = BTreeMap::new();
        let all: Vec<Place> = self
            .levels
            .iter()
            .flatten()
            .filter(|brick| brick.children.is_none())
            .filter_map(|brick| brick.thin.missing)
            .collect();
        for (place, part) in all.iter().zip(self.parts_at(&all)) {
            by_part.entry(part).or_default().push(*place);
        }
        by_part
            .into_iter()
            .filter_map(|(part, mut places)| {
                places.sort_by(|a, b| a.thickness_m.total_cmp(&b.thickness_m));
                let thickest = places.last()?.thickness_m;
                if places.len() <= SMALLEST_BRICKS && thickest * SMALLEST_SIZES < self.ladder.size_m {
                    return None;
                }
                let Place { position, thickness_m } = places[places.len() / 2];
                Some(Lack { part, position: position.into(), thickness_m })
            })
            .collect()
    }

    /// Leaves that are too coarse, by the level that they need and the part that needs it.
    fn groups(&self, aim: Aim) -> BTreeMap<(usize, u16), Group> {
        let mut leaves = vec![];
        for level in self.ladder.asked..self.levels.len().min(self.ladder.finest) {
            for (i, brick) in numbered(&self.levels[level]) {
                if let Some(place) = self.wanted(aim, level, brick) {
                    leaves.push((level, i, place));
                }
            }
        }
        let places: Vec<Place> = leaves.iter().map(|leaf| leaf.2).collect();
        let mut groups: BTreeMap<(usize, u16), Group> = BTreeMap::new();
        for ((level, i, place), part) in leaves.into_iter().zip(self.parts_at(&places)) {
            let needs = (level + 1..self.ladder.finest)
                .find(|&level| self.ladder.cell_size_m(level) * aim.cells() <= place.thickness_m)
                .unwrap_or(self.ladder.finest);
            groups.entry((needs, part)).or_default().entry(level).or_default().push(i);
        }
        groups
    }

    /// Where a leaf is too coarse for a part that some level is fine enough for.
    fn wanted(&self, aim: Aim, level: usize, brick: &Brick) -> Option<Place> {
        let finest_m = self.ladder.cell_size_m(self.ladder.finest);
        let place = aim.place(&brick.thin).filter(|place| place.thickness_m >= finest_m)?;
        (brick.children.is_none() && level < self.ladder.finest).then_some(place)
    }

    fn parts_at(&self, places: &[Place]) -> Vec<u16> {
        let mut parts = vec![0; places.len()];
        if self.field.parts().len() > 1 {
            let mut points = Points::default();
            places.iter().for_each(|place| points.push(place.position));
            let mut evaluator = Evaluator::new(self.field);
            let root = evaluator.root();
            evaluator.parts(&root, &points.xs, &points.ys, &points.zs, &mut parts);
        }
        parts
    }

    /// Refines a group until its parts are shown; when that takes more than `max` bricks, not at all.
    fn refine_group(
        &mut self,
        source: &mut Source<'_>,
        aim: Aim,
        mut group: Group,
        max: usize,
    ) -> Result<(), BakeError> {
        let before: Vec<usize> = self.levels.iter().map(Vec::len).collect();
        let stored = self.stored();
        let mut refined: Vec<(usize, u32)> = vec![];
        let mut level = self.ladder.asked;
        let mut fits = true;
        while level < self.ladder.finest && fits {
            if let Some(bricks) = group.remove(&level) {
                let left = max.saturating_sub(self.stored() - stored);
                match self.refine(level, &bricks, source, left, [0.9, 0.98])? {
                    Some(first) => {
                        let next = numbered(&self.levels[level + 1]).skip(first as usize);
                        let next: Vec<u32> = next
                            .filter(|(_, brick)| self.wanted(aim, level + 1, brick).is_some())
                            .map(|(i, _)| i)
                            .collect();
                        if !next.is_empty() {
                            group.entry(level + 1).or_default().extend(next);
                        }
                    }
                    None => fits = false,
                }
                refined.extend(bricks.into_iter().map(|i| (level, i)));
            }
            level += 1;
        }
        if !fits {
            for (level, i) in refined {
                if before.get(level).is_some_and(|&count| (i as usize) < count) {
                    self.levels[level][i as usize].children = None;
                }
            }
            self.levels.truncate(before.len());
            self.levels.iter_mut().zip(before).for_each(|(bricks, count)| bricks.truncate(count));
        }
        Ok(())
    }
}

/// Bricks that a budget of bytes pays for, when the asset has so many parts.
pub(super) fn bricks_in(bytes: u64, parts: usize) -> usize {
    let part_bytes = if parts <= 256 { 1 } else { 2 };
    // Its samples, its scale, and eight cells in case that it is refined.
    let brick = SAMPLES as u64 * (2 + part_bytes) + 4 + 8 * 8;
    usize::try_from(bytes / brick).unwrap_or(usize::MAX)
}

//! Changes from one level of detail to another.

use bevy::prelude::*;

use super::table::{Forms, Level};

/// From what to what an object changes, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fading {
    pub(super) from: Level,
    pub(super) to: Level,
    /// 0 to 1.
    done: f32,
}

impl Fading {
    /// All of one level.
    pub(super) fn at(level: Level) -> Self {
        Self { from: level, to: level, done: 1.0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.from == self.to
    }

    /// Sets out for another level, or turns around. What is neither here nor there waits until this is done.
    pub(super) fn head_for(&mut self, wanted: Level, forms: &Forms) {
        if self.is_done() && wanted != self.to {
            *self = Self { from: self.to, to: forms.toward(self.to, wanted), done: 0.0 };
        } else if !self.is_done() && forms.toward(self.to, wanted) == self.from {
            *self = Self { from: self.to, to: self.from, done: 1.0 - self.done };
        }
    }

    /// Goes on by so much of the whole.
    pub(super) fn step(&mut self, step: f32) {
        self.done += step;
        if self.done >= 1.0 {
            *self = Self::at(self.to);
        }
    }

    /// How the splats are drawn meanwhile.
    ///
    /// A volume or shell is there as a whole until the splats cover it, so that nothing shines through: they appear over
    /// it, lifted a little towards the eye, and only when they are opaque it goes. Back it is the other way around. So a
    /// change needs no other shaders than what stands still.
    pub(super) fn fade(&self) -> Fade {
        let nearness = if self.to > self.from { self.done } else { 1.0 - self.done };
        let (opacity, lift) = match (self.from.min(self.to), self.from.max(self.to)) {
            (Level::Splats, Level::Near) => (1.0 - nearness, LIFT),
            (Level::Nothing, Level::Splats) => (nearness, 0.0),
            _ => (1.0, 0.0),
        };
        // So that all layers together are as opaque as is asked for.
        Fade { splat_opacity: 1.0 - (1.0 - opacity).powf(1.0 / LAYERS), splat_lift: lift }
    }
}

/// Layers of splats that cover a point of a surface, about.
const LAYERS: f32 = 4.0;
/// What splats are lifted by: they stand on the surface to within a cell of the volume.
const LIFT: f32 = 0.03;

/// An object that changes from one level of detail to another.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fade {
    /// What the opacity of each of its splats is multiplied by.
    pub(crate) splat_opacity: f32,
    /// By how much its splats are drawn nearer, as a share of the radius of the object: they are to cover the surface
    /// that they stand on.
    pub(crate) splat_lift: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::object::GveRepresentation;

    fn forms(near: bool, splats: u32) -> Forms {
        Forms { near: near.then_some(GveRepresentation::Volume), splats, reason: None }
    }

    #[test]
    fn splats_appear_and_go_while_the_other_form_is_there() {
        let way = |from, to| {
            let mut fading = Fading::at(from);
            fading.head_for(to, &forms(true, 9));
            let mut opacities = Vec::new();
            while !fading.is_done() {
                opacities.push(fading.fade().splat_opacity);
                assert_eq!(fading.fade().splat_lift > 0.0, from.max(to) == Level::Near);
                fading.step(0.0625);
            }
            assert_eq!(fading, Fading::at(to));
            opacities
        };
        let there = way(Level::Near, Level::Splats);
        assert!(there[0] == 0.0 && there.is_sorted() && there.last().is_some_and(|last| *last > 0.45));
        let back = way(Level::Splats, Level::Near);
        assert!(
            back[0] == 1.0 && back.iter().rev().is_sorted() && back.last().is_some_and(|last| *last < 0.02)
        );
        let gone = way(Level::Splats, Level::Nothing);
        assert!(gone[0] == 1.0 && gone.iter().rev().is_sorted());
    }

    #[test]
    fn a_change_of_mind_goes_back_the_same_way() {
        let forms = forms(true, 9);
        let mut fading = Fading::at(Level::Near);
        fading.head_for(Level::Splats, &forms);
        fading.step(0.3);
        let there = fading.fade();
        fading.head_for(Level::Near, &forms);
        assert_eq!(fading.fade(), there);
        fading.step(0.31);
        assert_eq!(fading, Fading::at(Level::Near));
    }

    #[test]
    fn a_long_way_goes_through_what_lies_between() {
        let all = forms(true, 9);
        let mut fading = Fading::at(Level::Near);
        fading.head_for(Level::Nothing, &all);
        assert_eq!((fading.from, fading.to), (Level::Near, Level::Splats));
        fading.step(1.0);
        fading.head_for(Level::Nothing, &all);
        assert_eq!((fading.from, fading.to), (Level::Splats, Level::Nothing));
        fading.step(0.5);
        fading.head_for(Level::Near, &all);
        assert_eq!((fading.from, fading.to), (Level::Nothing, Level::Splats), "back, and then on");
        let mut fading = Fading::at(Level::Near);
        fading.head_for(Level::Nothing, &forms(true, 0));
        assert_eq!(fading.to, Level::Nothing);
    }
}

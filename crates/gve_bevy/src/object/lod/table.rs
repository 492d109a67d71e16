//! All objects that choose for themselves, in arrays: a moved camera goes through them in a plain loop.

use bevy::{
    camera::visibility::{DEFAULT_LAYERS, RenderLayers},
    ecs::entity::EntityHashMap,
    prelude::*,
};

use super::{
    GveLodSettings,
    fade::Fading,
    size::{Ball, Eye},
};
use crate::object::GveRepresentation;

/// How much of an object is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Nothing,
    Splats,
    /// As its volume or its shell.
    Near,
}

/// A factor by which no object grows or shrinks from frame to frame but where the picture cuts to another place.
const CUT: f32 = 1.5;

/// No diameter lies there.
const UNSTEADY: [f32; 2] = [f32::INFINITY, 0.0];

/// What can be drawn of an object.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::object) struct Forms {
    /// Its volume or its shell.
    pub(in crate::object) near: Option<GveRepresentation>,
    /// How many splats, where they can be drawn.
    pub(in crate::object) splats: u32,
    /// Why `near` is not the volume, or not all of it.
    pub(in crate::object) reason: Option<String>,
}

impl Forms {
    pub(super) fn at(&self, level: Level) -> Option<GveRepresentation> {
        match level {
            Level::Nothing => None,
            Level::Splats => (self.splats > 0).then_some(GveRepresentation::Splats),
            Level::Near => self.near,
        }
    }

    /// The diameter from which it is near.
    fn near_from(&self, settings: &GveLodSettings) -> f32 {
        match (self.near, self.splats) {
            (None, _) => f32::INFINITY,
            (_, 0) => 0.0,
            (_, splats) => {
                let pixels = splats as f32 / settings.least_splats_per_pixel.max(1e-6);
                let enough = (pixels * 4.0 / core::f32::consts::PI).sqrt();
                settings.splats_below_diameter_px.min(enough)
            }
        }
    }

    /// The level next to one on the way to another.
    pub(super) fn toward(&self, from: Level, to: Level) -> Level {
        let has_splats = self.at(Level::Splats).is_some();
        let passes_splats = from.min(to) == Level::Nothing && from.max(to) == Level::Near && has_splats;
        if passes_splats { Level::Splats } else { to }
    }
}

/// What is needed of an object only when something happens to it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) forms: Forms,
    /// What it changes between; nothing before it was first looked at.
    pub(super) fading: Option<Fading>,
    /// Whether it is in a list of those with something to do.
    pub(super) is_listed: bool,
    /// Its asset or its wish has changed: what follows is no change of the level of detail.
    pub(super) is_new: bool,
}

/// The objects; entry for entry in all arrays.
#[derive(Default)]
pub(super) struct Table {
    by_entity: EntityHashMap<u32>,
    pub(super) entities: Vec<Entity>,
    balls: Vec<Ball>,
    layers: Vec<RenderLayers>,
    near_from: Vec<f32>,
    /// Diameters in pixels where they were last looked at.
    sizes: Vec<f32>,
    /// From which diameter to which one nothing changes.
    steady: Vec<[f32; 2]>,
    /// What they are large enough for.
    pub(super) levels: Vec<Level>,
    pub(super) items: Vec<Item>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entities.len()
    }

    pub(super) fn row(&self, entity: Entity) -> Option<usize> {
        self.by_entity.get(&entity).map(|row| *row as usize)
    }

    /// Adds an object, or notes what is new about it.
    pub(super) fn put(
        &mut self,
        entity: Entity,
        sphere: Ball,
        layers: Option<&RenderLayers>,
        forms: Forms,
        settings: &GveLodSettings,
    ) -> usize {
        let layers = layers.unwrap_or(DEFAULT_LAYERS).clone();
        let near_from = forms.near_from(settings);
        if let Some(row) = self.row(entity) {
            self.balls[row] = sphere;
            self.layers[row] = layers;
            self.near_from[row] = near_from;
            self.steady[row] = UNSTEADY;
            let item = &mut self.items[row];
            item.is_new |= item.forms != forms;
            item.forms = forms;
            return row;
        }
        let row = self.len();
        self.by_entity.insert(entity, row as u32);
        self.entities.push(entity);
        self.balls.push(sphere);
        self.layers.push(layers);
        self.near_from.push(near_from);
        self.sizes.push(0.0);
        self.steady.push(UNSTEADY);
        self.levels.push(Level::Nothing);
        self.items.push(Item { forms, fading: None, is_listed: false, is_new: true });
        row
    }

    pub(super) fn set_ball(&mut self, row: usize, sphere: Ball) {
        self.balls[row] = sphere;
    }

    pub(super) fn set_layers(&mut self, row: usize, layers: Option<&RenderLayers>) {
        self.layers[row] = layers.unwrap_or(DEFAULT_LAYERS).clone();
    }

    /// Other settings.
    pub(super) fn apply(&mut self, settings: &GveLodSettings) {
        for (near_from, item) in self.near_from.iter_mut().zip(&self.items) {
            *near_from = item.forms.near_from(settings);
        }
        self.steady.fill(UNSTEADY);
    }

    /// Whether there was such an object.
    pub(super) fn remove(&mut self, entity: Entity) -> bool {
        let Some(row) = self.by_entity.remove(&entity).map(|row| row as usize) else { return false };
        self.entities.swap_remove(row);
        self.balls.swap_remove(row);
        self.layers.swap_remove(row);
        self.near_from.swap_remove(row);
        self.sizes.swap_remove(row);
        self.steady.swap_remove(row);
        self.levels.swap_remove(row);
        self.items.swap_remove(row);
        if let Some(moved) = self.entities.get(row) {
            self.by_entity.insert(*moved, row as u32);
        }
        true
    }

    /// Measures an object and decides about its level. Says whether that is another one, and whether the picture cut.
    pub(super) fn measure(&mut self, row: usize, eyes: &[Eye], settings: &GveLodSettings) -> Option<bool> {
        let (sphere, layers) = (self.balls[row], &self.layers[row]);
        let sizes = eyes.iter().filter(|eye| eye.shows(layers)).map(|eye| eye.diameter_px(sphere));
        // What no camera shows stays as it is; what was never shown is taken for near, so that it is there at once.
        let size = sizes.reduce(f32::max);
        if let Some(size) = size {
            let [from, to] = self.steady[row];
            if from <= size && size < to {
                self.sizes[row] = size;
                return None;
            }
        }
        let size = match (size, &self.items[row].fading) {
            (Some(size), _) => size,
            (None, Some(_)) => return None,
            (None, None) => f32::INFINITY,
        };
        let before = std::mem::replace(&mut self.sizes[row], size);
        let now = self.levels[row];
        let is_first = self.items[row].fading.is_none();
        // A size that goes down must go farther than up: what is drawn stays until then.
        let less = 1.0 - settings.hysteresis.clamp(0.0, 0.9);
        let stays = |level: Level| if !is_first && now >= level { less } else { 1.0 };
        let nothing_below = settings.nothing_below_diameter_px.max(0.0);
        // Without splats it is near or nothing: the two sizes are the same.
        let near_from = self.near_from[row].max(nothing_below);
        let level = if size >= near_from * stays(Level::Near) {
            Level::Near
        } else if size >= nothing_below * stays(Level::Splats) {
            Level::Splats
        } else {
            Level::Nothing
        };
        self.steady[row] = match level {
            Level::Near => [near_from * less, f32::INFINITY],
            Level::Splats => [nothing_below * less, near_from],
            Level::Nothing => [0.0, nothing_below],
        };
        if level == now && !is_first {
            return None;
        }
        self.levels[row] = level;
        Some(is_first || !(before * CUT >= size && size * CUT >= before))
    }
}

#[cfg(test)]
mod tests {
    use bevy::math::{Mat4, Vec3A};

    use super::*;

    /// A camera at the origin for which one metre in one metre's distance is so many pixels.
    fn eye(pixels: f32, layers: RenderLayers) -> Eye {
        let clip = Mat4::perspective_infinite_reverse_rh(core::f32::consts::FRAC_PI_2, 1.0, 0.1);
        Eye::new(&clip, Vec3A::ZERO, 2.0 * pixels, layers)
    }

    /// A ball of a diameter of one metre whose nearest point is this far away.
    fn ball(distance: f32) -> Ball {
        Ball { center: Vec3A::new(0.0, 0.0, -distance - 0.5), radius: 0.5 }
    }

    fn forms(near: Option<GveRepresentation>, splats: u32) -> Forms {
        Forms { near, splats, reason: None }
    }

    const VOLUME: Option<GveRepresentation> = Some(GveRepresentation::Volume);

    /// The levels of a ball seen from these distances, one after the other.
    fn levels(forms: &Forms, distances: &[f32]) -> Vec<Level> {
        let settings = GveLodSettings::default();
        let eyes = [eye(1000.0, RenderLayers::default())];
        let mut table = Table::default();
        let row = table.put(Entity::PLACEHOLDER, ball(1.0), None, forms.clone(), &settings);
        let look = |&distance: &f32| {
            table.set_ball(row, ball(distance));
            table.measure(row, &eyes, &settings);
            table.items[row].fading.get_or_insert(Fading::at(table.levels[row]));
            table.levels[row]
        };
        distances.iter().map(look).collect()
    }

    #[test]
    fn farther_away_less_is_drawn() {
        use Level::{Near, Nothing, Splats};
        let way = [1.0, 6.0, 8.0, 100.0, 1900.0, 2400.0, 1e5];
        assert_eq!(
            levels(&forms(VOLUME, 100_000), &way),
            [Near, Near, Splats, Splats, Splats, Nothing, Nothing]
        );
        assert_eq!(levels(&forms(VOLUME, 0), &way), [Near, Near, Near, Near, Near, Nothing, Nothing]);
        assert_eq!(levels(&forms(None, 9), &way), [Splats, Splats, Splats, Splats, Splats, Nothing, Nothing]);
        assert_eq!(levels(&forms(VOLUME, 9), &[10.0, 200.0, 400.0]), [Near, Near, Splats], "few splats");
    }

    #[test]
    fn a_size_that_wavers_changes_nothing() {
        use Level::{Near, Nothing, Splats};
        let both = forms(VOLUME, 100_000);
        // 160 pixels are at 6.25 m, and 136 at 7.35 m.
        assert_eq!(levels(&both, &[6.0, 6.5, 7.2, 6.0]), [Near; 4]);
        assert_eq!(levels(&both, &[7.0, 6.5, 7.2]), [Splats; 3]);
        assert_eq!(levels(&both, &[7.0, 6.2, 7.2, 7.5, 6.5]), [Splats, Near, Near, Splats, Splats]);
        // Half a pixel is at 2000 m, 0.425 at 2353 m.
        assert_eq!(
            levels(&both, &[1990.0, 2300.0, 2400.0, 2010.0, 1990.0]),
            [Splats, Splats, Nothing, Nothing, Splats]
        );
    }

    #[test]
    fn the_camera_that_shows_an_object_largest_decides_if_it_shows_its_layers() {
        let settings = GveLodSettings::default();
        let eyes = [eye(10.0, RenderLayers::layer(0)), eye(1e4, RenderLayers::layer(1))];
        for (layers, level) in [
            (RenderLayers::layer(0), Level::Splats),
            (RenderLayers::layer(1), Level::Near),
            (RenderLayers::from_layers(&[0, 1]), Level::Near),
        ] {
            let mut table = Table::default();
            let row =
                table.put(Entity::PLACEHOLDER, ball(10.0), Some(&layers), forms(VOLUME, 9000), &settings);
            assert_eq!(table.measure(row, &eyes, &settings), Some(true), "the first look is a cut");
            assert_eq!(table.levels[row], level, "{layers:?}");
        }
        let mut table = Table::default();
        let elsewhere = RenderLayers::layer(2);
        let row = table.put(Entity::PLACEHOLDER, ball(10.0), Some(&elsewhere), forms(VOLUME, 9), &settings);
        table.measure(row, &eyes, &settings);
        assert_eq!(table.levels[row], Level::Near, "nobody has seen it");
    }

    #[test]
    fn what_is_removed_takes_nothing_else_along() {
        let mut table = Table::default();
        let settings = GveLodSettings::default();
        let entities: Vec<Entity> =
            (0..5).map(|i| Entity::from_raw_u32(i).unwrap_or(Entity::PLACEHOLDER)).collect();
        for (i, entity) in entities.iter().enumerate() {
            table.put(*entity, ball(i as f32), None, forms(VOLUME, i as u32), &settings);
        }
        assert!(table.remove(entities[1]) && !table.remove(entities[1]));
        for i in [0, 2, 3, 4] {
            let row = table.row(entities[i]).unwrap_or(usize::MAX);
            assert_eq!((table.entities[row], table.items[row].forms.splats), (entities[i], i as u32));
        }
        assert_eq!(table.len(), 4);
    }

    /// Not asserted, since machines differ: `cargo test -- --nocapture`.
    #[test]
    #[allow(clippy::print_stdout, reason = "a figure for people")]
    fn a_moved_camera_goes_through_ten_thousand_objects() {
        let settings = GveLodSettings::default();
        let mut table = Table::default();
        for i in 0..10_000_u32 {
            let sphere = ball(1.0 + i as f32 * 0.01);
            let entity = Entity::from_raw_u32(i).unwrap_or(Entity::PLACEHOLDER);
            let row = table.put(entity, sphere, None, forms(VOLUME, 90_000), &settings);
            table.items[row].fading = Some(Fading::at(Level::Near));
        }
        let (mut changes, mut least) = (0, std::time::Duration::MAX);
        for step in 0..100_u32 {
            let eyes = [eye(1000.0 + step as f32, RenderLayers::default())];
            let started = std::time::Instant::now();
            changes += (0..table.len()).filter(|&row| table.measure(row, &eyes, &settings).is_some()).count();
            least = least.min(started.elapsed());
        }
        assert!(changes > 0);
        println!("10,000 objects, one camera that moves: {least:?} a frame");
    }
}

//! What is kept for a while when it is not drawn any more, so that an object that wavers between two levels of detail does
//! not upload the same bytes again and again.

use core::any::Any;
use std::{collections::VecDeque, time::Duration};

use bevy::{prelude::*, time::Real};

use super::GveLodSettings;
use crate::object::{GveDrawnAs, GvePart, GveRepresentation};

/// Whatever keeps something alive, until its time has come.
#[derive(Resource, Default)]
pub(crate) struct Lingering {
    kept: VecDeque<(Duration, Box<dyn Any + Send + Sync>)>,
}

impl Lingering {
    /// Lets go of everything, because somebody else needs the room; says whether there was anything.
    pub(crate) fn clear(&mut self) -> bool {
        let had_any = !self.kept.is_empty();
        self.kept.clear();
        had_any
    }
}

/// Keeps a copy of a component of parts of which a level of detail has no need any more.
pub(crate) fn keep<C: Component + Clone>(
    removed: On<Remove, GvePart>,
    parts: Query<(&C, &GvePart, &ChildOf)>,
    objects: Query<(&GveRepresentation, &GveDrawnAs)>,
    settings: Option<Res<GveLodSettings>>,
    time: Option<Res<Time<Real>>>,
    lingering: Option<ResMut<Lingering>>,
) {
    let (Some(settings), Some(time), Some(mut lingering)) = (settings, time, lingering) else { return };
    let Ok((component, part, child_of)) = parts.get(removed.entity) else { return };
    let Ok((wish, drawn_as)) = objects.get(child_of.parent()) else { return };
    let is_out_of_use = *wish == GveRepresentation::Auto && !drawn_as.draws(part.representation);
    if is_out_of_use && settings.keep_secs > 0.0 {
        let until = time.elapsed().saturating_add(Duration::from_secs_f32(settings.keep_secs.min(3600.0)));
        lingering.bypass_change_detection().kept.push_back((until, Box::new(component.clone())));
    }
}

/// Lets go of what has been kept long enough.
pub(super) fn expire(mut lingering: ResMut<Lingering>, time: Option<Res<Time<Real>>>) {
    let lingering = lingering.bypass_change_detection();
    let Some(time) = time.filter(|_| !lingering.kept.is_empty()) else { return };
    while lingering.kept.front().is_some_and(|(until, _)| *until <= time.elapsed()) {
        lingering.kept.pop_front();
    }
}

//! Which part of the recipe a point belongs to.
//!
//! A part is the innermost node with a name on the way from the root, with the material in effect
//! below it. What stands under no name belongs to the root.

use std::sync::Arc;

use gve_types::{DnaNode, limits::MAX_MATERIALS};

use super::{Lowering, Place};
use crate::{Quat, Vec3, error::LowerError, tape::Id};

/// Path of the root, and of all parts without a name.
pub(super) const ROOT: &str = "$.root_node";

/// A piece of the asset that has a name, a material and a place of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// JSON path of its node.
    pub path: Arc<str>,
    /// The node's name.
    pub name: Option<Arc<str>>,
    /// Index of its material in [`Field::materials`](crate::Field::materials).
    pub material: u8,
    /// Where the part's own space stands.
    pub frame: PartFrame,
}

/// From a part's own space to the asset's: `asset = translation + rotation * (scale * part)`.
///
/// It follows the moves, turns and scales above the node and those that stand directly at it. Of copies it is the
/// frame before they are placed, of what is deformed the frame before it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartFrame {
    /// Metres.
    pub translation: Vec3,
    /// Unit quaternion.
    pub rotation: Quat,
    /// Above 0.
    pub scale: f32,
}

impl PartFrame {
    const ASSET: Self = Self { translation: Vec3::ZERO, rotation: Quat::IDENTITY, scale: 1.0 };

    /// The space below a node that moves, turns or scales its child.
    fn below(self, node: &DnaNode) -> Self {
        match node {
            DnaNode::Translate(n) => self.moved(n.offset),
            DnaNode::Rotate(n) => {
                let axis = Vec3::from(n.axis).try_normalize().unwrap_or(Vec3::Y);
                Self { rotation: self.rotation * Quat::from_axis_angle(axis, n.angle_rad), ..self }
            }
            DnaNode::Scale(n) => Self { scale: self.scale * n.factor, ..self },
            _ => self,
        }
    }

    fn moved(self, offset: [f32; 3]) -> Self {
        Self { translation: self.translation + self.rotation * (self.scale * Vec3::from(offset)), ..self }
    }
}

/// The node that the primitives below it belong to.
#[derive(Debug, Clone)]
pub(super) struct PartNode {
    pub(super) path: Arc<str>,
    pub(super) name: Option<Arc<str>>,
}

impl Lowering<'_> {
    /// Place of a material in the palette.
    pub(super) fn palette_entry(&mut self, id: &str, path: &str) -> Result<u8, LowerError> {
        if let Some(index) = self.palette.iter().position(|m| m.spec_id == id) {
            return Ok(index as u8);
        }
        let spec =
            self.table.get(id).ok_or_else(|| LowerError::new(path, format!("unknown material `{id}`")))?;
        if self.palette.len() >= MAX_MATERIALS {
            return Err(LowerError::new(path, format!("an asset has at most {MAX_MATERIALS} materials")));
        }
        self.palette.push(spec.clone());
        Ok((self.palette.len() - 1) as u8)
    }

    /// The index of the part that a primitive belongs to.
    pub(super) fn part(&mut self, place: &Place) -> Result<Id, LowerError> {
        let material = place.material.ok_or_else(|| {
            LowerError::new(
                &*place.path,
                "no material: name one here, on a node above, or in metadata.material_spec",
            )
        })?;
        let known =
            self.parts.iter().rposition(|part| part.material == material && part.path == place.part.path);
        let index = known.unwrap_or_else(|| {
            let PartNode { path, name } = place.part.clone();
            self.parts.push(Part { path, name, material, frame: PartFrame::ASSET });
            self.parts.len() - 1
        });
        Ok(self.b.constant(index as f32))
    }
}

/// The parts with their frames, which are looked up in the tree by the parts' paths.
pub(super) fn with_frames(mut parts: Vec<Part>, root: &DnaNode) -> Vec<Part> {
    let mut open = vec![(ROOT.to_owned(), root, PartFrame::ASSET)];
    while let Some((path, node, frame)) = open.pop() {
        for part in parts.iter_mut().filter(|part| *part.path == *path) {
            part.frame = own_frame(node, frame);
        }
        let below = frame.below(node);
        open.extend(
            node.children().into_iter().map(|(slot, child)| (format!("{path}.{slot}"), child, below)),
        );
    }
    parts
}

/// The frame of a node that stands in `frame`.
fn own_frame(mut node: &DnaNode, mut frame: PartFrame) -> PartFrame {
    loop {
        frame = frame.below(node);
        match node {
            DnaNode::Translate(n) => node = &n.child,
            DnaNode::Rotate(n) => node = &n.child,
            DnaNode::Scale(n) => node = &n.child,
            _ => return frame.moved(node.center().unwrap_or_default()),
        }
    }
}

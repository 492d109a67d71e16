//! Views of the sections of a file as slices of its bytes.

use std::ops::Range;

use crate::{
    check::{Contents, Layout},
    layout::{LevelLayout, PARTS_U16, ShellLayout, VolumePlan},
    model::Splat,
    view::{LevelView, ShellView, VolumeView},
    volume::PartIdsRef,
};

/// Bytes as elements. The range was checked when the file was opened, and every array starts on a
/// boundary of an aligned buffer.
fn view<T: bytemuck::Pod>(bytes: &[u8], range: Range<usize>) -> &[T] {
    bytemuck::cast_slice(&bytes[range])
}

/// A volume with the levels that are there.
pub(crate) fn volume<'a>(bytes: &'a [u8], plan: &VolumePlan, levels: &[LevelLayout]) -> VolumeView<'a> {
    let header = &plan.header;
    VolumeView::new(header.origin, header.cell_size, header.lipschitz, header.bricks, header.slab)
        .with_levels(levels.iter().map(|level| LevelView {
            cells: view(bytes, level.cells.bytes()),
            scales: view(bytes, level.scales.bytes()),
            distances: view(bytes, level.distances.bytes()),
            parts: match header.part_encoding {
                PARTS_U16 => PartIdsRef::U16(view(bytes, level.parts.bytes())),
                _ => PartIdsRef::U8(view(bytes, level.parts.bytes())),
            },
        }))
}

pub(crate) fn splats<'a>(bytes: &'a [u8], layout: &Layout) -> &'a [Splat] {
    layout.splats.map_or(&[], |splats| view(bytes, splats.bytes()))
}

pub(crate) fn shell<'a>(bytes: &'a [u8], layout: &ShellLayout) -> ShellView<'a> {
    ShellView {
        positions: view(bytes, layout.positions.bytes()),
        normals: view(bytes, layout.normals.bytes()),
        weld: view(bytes, layout.weld.bytes()),
        indices: view(bytes, layout.indices.bytes()),
        parts: view(bytes, layout.parts.bytes()),
    }
}

/// All arrays that are there, to be checked.
pub(crate) fn contents<'a>(
    bytes: &'a [u8],
    layout: &'a Layout,
    material_count: u32,
    part_count: u32,
) -> Contents<'a> {
    Contents {
        layout,
        volume: layout.volume.as_ref().map_or(VolumeView::NONE, |plan| volume(bytes, plan, &layout.levels)),
        splats: splats(bytes, layout),
        shell: layout.shell.as_ref().map_or(ShellView::NONE, |layout| shell(bytes, layout)),
        material_count,
        part_count,
    }
}

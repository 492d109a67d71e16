//! What one camera sees, as the shaders read it.

use bevy::{
    prelude::*,
    render::{render_resource::ShaderType, sync_world::MainEntity},
};
use bytemuck::{Pod, Zeroable};

use super::{GROUP, pool::SplatPool};
use crate::splat::extract::SplatInstance;

/// Workgroups along x of a dispatch; more stand in further rows.
const STRIDE: u32 = 32_768;

/// One run of splats of one object; `Row` in scene.wgsl.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Row {
    world_from_local: [[f32; 4]; 3],
    normal_x: [f32; 3],
    first_splat: u32,
    normal_y: [f32; 3],
    count: u32,
    normal_z: [f32; 3],
    first_group: u32,
    sigma_scale: f32,
    palette: u32,
    receives_shadows: u32,
    opacity: f32,
    lift: f32,
    padding: [u32; 3],
}

/// Rows whose splats are in one page; `Page` in cull.wgsl.
#[derive(Debug, Clone, Copy, PartialEq, ShaderType)]
pub(super) struct PageRows {
    first_row: u32,
    rows: u32,
    first_group: u32,
    groups: u32,
    stride: u32,
}

impl PageRows {
    /// Workgroups along x and y.
    pub(super) fn workgroups(&self) -> [u32; 2] {
        [self.groups.min(STRIDE), self.groups.div_ceil(STRIDE)]
    }
}

/// What one camera sees.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// The page and its rows.
    pub(super) pages: Vec<(u32, PageRows)>,
    pub(super) groups: u32,
    pub(super) splats: u32,
}

/// One object and how many splats of it are drawn.
pub(super) struct Seen<'a> {
    pub(super) entity: MainEntity,
    pub(super) instance: &'a SplatInstance,
    pub(super) count: u32,
}

impl Table {
    /// The same objects give the same table, whatever their order.
    pub(super) fn new(seen: &[Seen], pool: &SplatPool) -> Self {
        let mut runs: Vec<_> = seen
            .iter()
            .filter_map(|seen| Some((seen, pool.cloud(seen.instance.asset)?)))
            .flat_map(|(seen, cloud)| cloud.runs(seen.count).map(move |run| (run, seen, cloud)))
            .collect();
        runs.sort_unstable_by_key(|(run, seen, _)| (run.page, seen.entity, run.first));
        let mut table = Self::default();
        for (run, seen, cloud) in runs {
            let groups = run.count.div_ceil(GROUP);
            let row = table.rows.len() as u32;
            match table.pages.last_mut() {
                Some((page, rows)) if *page == run.page => {
                    rows.rows += 1;
                    rows.groups += groups;
                }
                _ => table.pages.push((
                    run.page,
                    PageRows { first_row: row, rows: 1, first_group: table.groups, groups, stride: STRIDE },
                )),
            }
            let drawn = seen.count.min(cloud.available()).max(1);
            table.rows.push(Row {
                first_splat: run.first,
                count: run.count,
                first_group: table.groups,
                sigma_scale: (cloud.in_file() as f32 / drawn as f32).sqrt(),
                palette: cloud.palette(),
                ..Row::of(seen.instance)
            });
            table.groups += groups;
            table.splats += run.count;
        }
        table
    }
}

impl Row {
    fn of(instance: &SplatInstance) -> Self {
        let affine = instance.world_from_local;
        let rows = affine.matrix3.transpose();
        let row = |linear: Vec3, translation| linear.extend(translation).to_array();
        let normals = affine.matrix3.inverse().transpose();
        Self {
            world_from_local: [
                row(rows.x_axis.into(), affine.translation.x),
                row(rows.y_axis.into(), affine.translation.y),
                row(rows.z_axis.into(), affine.translation.z),
            ],
            normal_x: normals.x_axis.to_array(),
            normal_y: normals.y_axis.to_array(),
            normal_z: normals.z_axis.to_array(),
            receives_shadows: instance.receives_shadows.into(),
            opacity: instance.opacity,
            lift: instance.lift,
            ..Zeroable::zeroed()
        }
    }
}

//! The bind groups of one camera.

use bevy::render::{
    render_resource::{BindGroup, BindGroupEntries, BufferId, PipelineCache},
    renderer::RenderDevice,
    view::ViewUniforms,
};

use super::{
    buffers::ViewBuffers, pipelines::SplatPipelines, pool::SplatPool, table::Table, views::Uniforms,
};

/// Bind groups, and what they were made of.
pub(super) struct ViewGroups {
    made_of: Vec<BufferId>,
    /// One for each page of the table.
    pub(super) cull: Vec<BindGroup>,
    pub(super) scan: BindGroup,
    /// From the first half of the pairs to the second, and back.
    pub(super) sort: [BindGroup; 2],
    pub(super) light: BindGroup,
    pub(super) draw: BindGroup,
}

/// What bind groups are made with.
pub(super) struct Sources<'a> {
    pub(super) device: &'a RenderDevice,
    pub(super) cache: &'a PipelineCache,
    pub(super) pipelines: &'a SplatPipelines,
    pub(super) pool: &'a SplatPool,
    pub(super) view_uniforms: &'a ViewUniforms,
    pub(super) uniforms: &'a Uniforms,
}

/// The bind groups of a camera: the old ones while all their buffers are the same; `None` while one is missing.
pub(super) fn make(
    old: Option<ViewGroups>,
    table: &Table,
    buffers: &ViewBuffers,
    sources: &Sources,
) -> Option<ViewGroups> {
    let Sources { device, cache, pipelines, pool, view_uniforms, uniforms } = sources;
    let pages = table.pages.iter().map(|(page, _)| pool.page(*page)).collect::<Option<Vec<_>>>()?;
    let palettes = pool.palettes()?;
    let shared = [
        view_uniforms.uniforms.buffer()?,
        uniforms.pages.buffer()?,
        uniforms.cuts.buffer()?,
        uniforms.digits.buffer()?,
        uniforms.ranges.buffer()?,
        palettes,
        // All buffers of a camera are made at once.
        &buffers.rows,
    ];
    let made_of: Vec<_> = shared.iter().chain(&pages).map(|buffer| buffer.id()).collect();
    if let Some(old) = old
        && old.made_of == made_of
    {
        return Some(old);
    }
    let view = || view_uniforms.uniforms.binding();
    let [pairs, sorted] = &buffers.pairs;
    let mut cull = Vec::new();
    for page in pages {
        cull.push(device.create_bind_group(
            "gve splat cull",
            &cache.get_bind_group_layout(&pipelines.cull_layout),
            &BindGroupEntries::sequential((
                view()?,
                uniforms.pages.binding()?,
                buffers.rows.as_entire_binding(),
                page.as_entire_binding(),
                palettes.as_entire_binding(),
                buffers.groups.as_entire_binding(),
                buffers.on_screen.as_entire_binding(),
                buffers.surfels.as_entire_binding(),
                pairs.as_entire_binding(),
            )),
        ));
    }
    let digits = uniforms.digits.binding()?;
    let sort = [(pairs, sorted), (sorted, pairs)].map(|(from, to)| {
        device.create_bind_group(
            "gve splat sort",
            &cache.get_bind_group_layout(&pipelines.sort_layout),
            &BindGroupEntries::sequential((
                digits.clone(),
                buffers.state.as_entire_binding(),
                from.as_entire_binding(),
                to.as_entire_binding(),
                buffers.counts.as_entire_binding(),
            )),
        )
    });
    Some(ViewGroups {
        made_of,
        cull,
        scan: device.create_bind_group(
            "gve splat scan",
            &cache.get_bind_group_layout(&pipelines.scan_layout),
            &BindGroupEntries::sequential((
                uniforms.cuts.binding()?,
                buffers.groups.as_entire_binding(),
                buffers.state.as_entire_binding(),
                sorted.as_entire_binding(),
            )),
        ),
        sort,
        light: device.create_bind_group(
            "gve splat light",
            &cache.get_bind_group_layout(&pipelines.light_layout),
            &BindGroupEntries::sequential((
                buffers.surfels.as_entire_binding(),
                buffers.state.as_entire_binding(),
            )),
        ),
        draw: device.create_bind_group(
            "gve splat draw",
            &cache.get_bind_group_layout(&pipelines.draw_layout),
            &BindGroupEntries::sequential((
                view()?,
                uniforms.ranges.binding()?,
                buffers.state.as_entire_binding(),
                sorted.as_entire_binding(),
                buffers.on_screen.as_entire_binding(),
                &buffers.lit,
            )),
        ),
    })
}

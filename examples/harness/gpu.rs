//! Looking for a graphics adapter before Bevy does: Bevy panics where it finds none.

use anyhow::bail;

/// Fails with a message for people where nothing can draw.
///
/// Heeds `WGPU_BACKEND`, as Bevy does.
///
/// # Errors
/// When no driver offers an adapter.
pub fn require() -> anyhow::Result<()> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let backends = descriptor.backends;
    let adapters = bevy::tasks::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
    if adapters.is_empty() {
        bail!(
            "no GPU: expected a graphics adapter for one of {}, found none; install its driver, or one that draws in \
             software (Debian: mesa-vulkan-drivers); `gve render` makes pictures without any",
            names(backends)
        );
    }
    Ok(())
}

fn names(backends: wgpu::Backends) -> String {
    let names: Vec<String> = backends.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    names.join(", ")
}

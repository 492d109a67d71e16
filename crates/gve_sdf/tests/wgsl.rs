//! The shader source is valid, and computes the same field on a GPU.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says when it is skipped")]

mod common;

use common::random_fields;
use gve_sdf::{Field, Vec3, interpret, testing, wgsl};

fn validate(source: &str) -> Result<(), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
        .validate(&module)
        .map(|_| ())
        .map_err(|error| error.emit_to_string(source))
}

#[test]
fn random_shapes_give_valid_shaders() {
    for (seed, field) in random_fields(0..250) {
        let source = wgsl::source(field.tape());
        validate(&source).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

const POINTS: usize = 256;

const MAIN: &str = r"
@group(0) @binding(0) var<storage, read> points: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> results: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let p = points[id.x].xyz;
    results[id.x] = vec2<f32>(gve_distance(p), f32(gve_part(p)));
}
";

struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

fn gpu() -> Option<Gpu> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).ok()?;
    println!("adapter: {:?}", adapter.get_info());
    let (device, queue) =
        pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
    Some(Gpu { device, queue })
}

impl Gpu {
    /// Distance and part at each point.
    fn evaluate(&self, field: &Field, points: &[[f32; 4]]) -> Vec<[f32; 2]> {
        use wgpu::util::DeviceExt as _;
        let source = wgsl::source(field.tape()) + MAIN;
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let input = self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(points),
            usage: wgpu::BufferUsages::STORAGE,
        });
        let size = (points.len() * size_of::<[f32; 2]>()) as u64;
        let buffer = |usage| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let output = buffer(wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
        let readback = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: input.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: output.as_entire_binding() },
            ],
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bindings, &[]);
            pass.dispatch_workgroups(points.len() as u32 / 64, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &readback, 0, size);
        self.queue.submit([encoder.finish()]);
        let slice = readback.slice(..);
        slice.map_async(wgpu::MapMode::Read, |result| result.unwrap());
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        bytemuck::cast_slice(&slice.get_mapped_range()).to_vec()
    }
}

/// The GPU agrees with the interpreter to 2e-5 of the lengths involved: WGSL lets division and square
/// roots be off by 2.5 units in the last place and multiply-adds be contracted, and chains of a few
/// hundred operations add such errors up. Where a fold or a sign is decided by a difference smaller than
/// that, a point may fall on the other side; both results are then right for a point that close, so a few
/// points in a thousand are allowed to differ by more.
#[test]
fn the_gpu_computes_the_same_field() {
    let Some(gpu) = gpu() else {
        println!("skipped: no adapter at all, not even a software one");
        return;
    };
    let (mut all, mut off, mut other_part) = (0, 0, 0);
    for (seed, field) in random_fields(0..40) {
        let mut random = testing::Random::new(seed ^ 0xabc);
        let bounds = field.bounds().padded(0.5);
        let points: Vec<[f32; 4]> = (0..POINTS)
            .map(|_| (bounds.min + bounds.size() * random.point(0.0, 1.0)).extend(0.0).to_array())
            .collect();
        for (point, [distance, part]) in points.iter().zip(gpu.evaluate(&field, &points)) {
            let p = Vec3::new(point[0], point[1], point[2]);
            let expected = interpret::distance(field.tape(), p);
            let scale = 1.0 + bounds.size().length() * field.lipschitz();
            all += 1;
            off += usize::from((distance - expected).abs() > 2e-5 * scale);
            other_part += usize::from(part != f32::from(interpret::part(field.tape(), p)));
            assert!(
                (distance - expected).abs() < 1e-2 * scale,
                "seed {seed} at {p}: {distance} for {expected}"
            );
        }
    }
    assert!(off * 1000 <= all * 2, "{off} of {all} distances differ");
    assert!(other_part * 1000 <= all * 2, "{other_part} of {all} parts differ");
}

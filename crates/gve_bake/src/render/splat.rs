//! Pictures of splats: elliptical gaussians projected to the screen (EWA splatting, Zwicker et al.
//! 2001) and blended front to back (Kerbl et al., "3D Gaussian Splatting", 2023).

use glam::{Mat3, Quat, Vec2, Vec3};
use gve_assets::Splat;
use gve_types::MaterialSpec;
use rayon::prelude::*;

use super::{Camera, Image, Look, Paint, RenderOptions, image::linear_from_srgb8, lights, paint_of, studio};

/// Pixels along one side of a tile.
const TILE: u32 = 16;
/// A gaussian never hides what is behind it completely.
const MAX_ALPHA: f32 = 0.99;
/// Contributions below one step of an 8-bit channel are left out.
const MIN_ALPHA: f32 = 1.0 / 255.0;
/// A pixel is finished when less than this of it is still see-through.
const MIN_TRANSMITTANCE: f32 = 1e-3;

/// How splats are rasterised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplatStyle {
    /// Factor on every scale.
    pub scale: f32,
    /// Variance in square pixels that is added to every gaussian on the screen, so that none falls
    /// between pixels. 0.3 is what Kerbl et al. use; a pixel's own box has 1/12.
    pub low_pass_px2: f32,
    /// Leave out splats that face away: on a closed surface they are always hidden.
    pub cull_back_facing: bool,
}

impl Default for SplatStyle {
    fn default() -> Self {
        Self { scale: 1.0, low_pass_px2: 0.02, cull_back_facing: true }
    }
}

impl SplatStyle {
    /// For drawing the first `drawn` of `all` splats: fewer splats must each cover more.
    pub fn for_prefix(drawn: usize, all: usize) -> Self {
        let scale = (all.max(1) as f32 / drawn.clamp(1, all.max(1)) as f32).sqrt();
        Self { scale, ..Self::default() }
    }
}

/// Splats with the materials they refer to.
#[derive(Clone, Copy)]
pub struct SplatScene<'a> {
    /// The splats.
    pub splats: &'a [Splat],
    /// What [`Splat::material`] indexes.
    pub materials: &'a [MaterialSpec],
}

/// A splat on the screen.
#[derive(Clone, Copy)]
struct Footprint {
    center: Vec2,
    /// Inverse covariance: xx, xy, yy.
    conic: [f32; 3],
    extent: Vec2,
    alpha: f32,
    color: Vec3,
    depth: f32,
}

impl SplatScene<'_> {
    /// Draws the splats as seen by a camera. Splats that are not finite are left out.
    pub fn render(&self, camera: &Camera, options: RenderOptions, style: &SplatStyle) -> Image {
        let options = options.clamped();
        let [width, height] = options.size;
        let palette = Paint::palette(self.materials);
        let projector = Projector::new(camera, options, style, &palette);
        let mut footprints: Vec<Footprint> =
            self.splats.par_iter().with_min_len(1024).filter_map(|splat| projector.project(splat)).collect();
        footprints.par_sort_by(|a, b| a.depth.total_cmp(&b.depth));

        let tiles = options.size.map(|n| n.div_ceil(TILE));
        let mut bins = vec![vec![]; tiles[0] as usize * tiles[1] as usize];
        for (index, footprint) in footprints.iter().enumerate() {
            let last = Vec2::new(tiles[0] as f32, tiles[1] as f32) - 1.0;
            let min = ((footprint.center - footprint.extent) / TILE as f32).floor().max(Vec2::ZERO);
            let max = ((footprint.center + footprint.extent) / TILE as f32).floor().min(last);
            if min.cmpgt(max).any() {
                continue;
            }
            for ty in min.y as u32..=max.y as u32 {
                for tx in min.x as u32..=max.x as u32 {
                    bins[(ty * tiles[0] + tx) as usize].push(index as u32);
                }
            }
        }
        let drawn: Vec<Vec<[f32; 4]>> = bins
            .par_iter()
            .enumerate()
            .map(|(tile, bin)| {
                let corner = [tile as u32 % tiles[0] * TILE, tile as u32 / tiles[0] * TILE];
                draw_tile(&footprints, bin, corner, options)
            })
            .collect();
        let mut image = Image::filled(options.size, [0.0; 4]);
        for (tile, pixels) in (0..).zip(&drawn) {
            let [x0, y0] = [tile % tiles[0] * TILE, tile / tiles[0] * TILE];
            let columns = (width - x0).min(TILE) as usize;
            let rows = (height - y0).min(TILE);
            for row in 0..rows {
                let to = (y0 + row) as usize * width as usize + x0 as usize;
                let from = row as usize * TILE as usize;
                image.pixels[to..to + columns].copy_from_slice(&pixels[from..from + columns]);
            }
        }
        image
    }
}

struct Projector<'a> {
    eye: Vec3,
    /// Turns world directions into camera ones: x right, y down, z forward.
    camera_from_world: Mat3,
    /// Pixels per unit at depth 1.
    focal: Vec2,
    middle: Vec2,
    /// Largest tangent that the projection is linearised at.
    limit: Vec2,
    look: Look,
    studio: studio::Studio,
    style: &'a SplatStyle,
    palette: &'a [Paint],
}

impl<'a> Projector<'a> {
    fn new(camera: &Camera, options: RenderOptions, style: &'a SplatStyle, palette: &'a [Paint]) -> Self {
        let basis = camera.basis();
        let half = camera.half_extents(options.size);
        let size = Vec2::new(options.size[0] as f32, options.size[1] as f32);
        Self {
            eye: camera.position,
            camera_from_world: Mat3::from_cols(basis.right, -basis.up, basis.forward).transpose(),
            focal: 0.5 * size / half,
            middle: 0.5 * size,
            limit: 1.3 * half,
            look: options.look,
            studio: studio::Studio::new(camera),
            style,
            palette,
        }
    }

    fn project(&self, splat: &Splat) -> Option<Footprint> {
        let position = Vec3::from(splat.position);
        let rotation = Quat::from_array(splat.rotation);
        let to_eye = self.eye - position;
        let normal = rotation * Vec3::Z;
        if self.style.cull_back_facing && normal.dot(to_eye) <= 0.0 {
            return None;
        }
        let p = self.camera_from_world * -to_eye;
        if !(p.is_finite() && rotation.is_finite() && p.z > 1e-6) {
            return None;
        }
        let scale = Vec3::from(splat.scale) * self.style.scale;
        let axes = self.camera_from_world * Mat3::from_quat(rotation) * Mat3::from_diagonal(scale);
        // The Jacobian of the perspective projection, held back at the edges of the view.
        let tangent = (p.truncate() / p.z).clamp(-self.limit, self.limit);
        let row_x = Vec3::new(1.0, 0.0, -tangent.x) * (self.focal.x / p.z);
        let row_y = Vec3::new(0.0, 1.0, -tangent.y) * (self.focal.y / p.z);
        let (ax, ay) = (axes.transpose() * row_x, axes.transpose() * row_y);
        let (xx, xy, yy) =
            (ax.dot(ax) + self.style.low_pass_px2, ax.dot(ay), ay.dot(ay) + self.style.low_pass_px2);
        let determinant = xx * yy - xy * xy;
        let alpha = f32::from(splat.color[3]) / 255.0;
        if !(determinant > 0.0 && alpha > MIN_ALPHA) {
            return None;
        }
        let reach = (2.0 * (alpha / MIN_ALPHA).ln()).sqrt();
        let albedo = Vec3::from([0, 1, 2].map(|i| linear_from_srgb8(splat.color[i])));
        let color = match self.look {
            Look::Flat => lights::flat(albedo, normal),
            Look::Studio => {
                let paint = Paint { albedo, ..paint_of(self.palette, splat.material) };
                self.studio.shade(paint, normal, to_eye.normalize(), 1.0, 1.0)
            }
        };
        Some(Footprint {
            center: p.truncate() / p.z * self.focal + self.middle,
            conic: [yy / determinant, -xy / determinant, xx / determinant],
            extent: Vec2::new(xx.sqrt(), yy.sqrt()) * reach,
            alpha,
            color,
            depth: p.z,
        })
    }
}

fn draw_tile(
    footprints: &[Footprint],
    bin: &[u32],
    corner: [u32; 2],
    options: RenderOptions,
) -> Vec<[f32; 4]> {
    const SIDE: usize = TILE as usize;
    let mut colors = [Vec3::ZERO; SIDE * SIDE];
    let mut transmittance = [1.0f32; SIDE * SIDE];
    let mut open = SIDE * SIDE;
    let origin = Vec2::new(corner[0] as f32, corner[1] as f32);
    for &index in bin {
        let f = &footprints[index as usize];
        let last = Vec2::splat(TILE as f32 - 1.0);
        // Pixel centres stand at halves.
        let min = (f.center - f.extent - origin - 0.5).ceil().max(Vec2::ZERO);
        let max = (f.center + f.extent - origin - 0.5).floor().min(last);
        if min.cmpgt(max).any() {
            continue;
        }
        for y in min.y as usize..=max.y as usize {
            for x in min.x as usize..=max.x as usize {
                let pixel = y * SIDE + x;
                if transmittance[pixel] < MIN_TRANSMITTANCE {
                    continue;
                }
                let d = origin + Vec2::new(x as f32, y as f32) + 0.5 - f.center;
                let power = f.conic[0] * d.x * d.x + 2.0 * f.conic[1] * d.x * d.y + f.conic[2] * d.y * d.y;
                let alpha = (f.alpha * (-0.5 * power).exp()).min(MAX_ALPHA);
                if alpha < MIN_ALPHA {
                    continue;
                }
                colors[pixel] += f.color * (alpha * transmittance[pixel]);
                transmittance[pixel] *= 1.0 - alpha;
                open -= usize::from(transmittance[pixel] < MIN_TRANSMITTANCE);
            }
        }
        if open == 0 {
            break;
        }
    }
    (0..SIDE * SIDE)
        .map(|pixel| {
            let background = match options.look {
                Look::Flat => lights::flat_background(),
                Look::Studio => {
                    let at = Vec2::new((pixel % SIDE) as f32, (pixel / SIDE) as f32) + origin + 0.5;
                    let size = Vec2::new(options.size[0] as f32, options.size[1] as f32);
                    studio::backdrop(at / size * 2.0 - 1.0)
                }
            };
            let color = colors[pixel] + background * transmittance[pixel];
            color.extend(1.0 - transmittance[pixel]).into()
        })
        .collect()
}

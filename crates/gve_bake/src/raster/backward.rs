//! From gradients by the picture to gradients by the gaussians: the chain rule, stage by stage.

use glam::{Mat3, Quat, Vec2, Vec3};
use rayon::prelude::*;

use super::{Gaussians, Gradients, LengthError, Rendering, Seen};
use crate::render::{
    blend::{Footprint, Fragment, SIDE},
    ewa::{Lens, MAX_ALPHA},
    lights,
};

/// Gradients by the numbers of a footprint.
#[derive(Debug, Clone, Copy, Default)]
struct ByFootprint {
    color: Vec3,
    center: Vec2,
    /// By xx, xy and yy of the conic.
    conic: [f32; 3],
    alpha: f32,
}

/// Gradients by the parameters of one gaussian.
struct ByGaussian {
    position: Vec3,
    log_scale: Vec3,
    rotation: [f32; 4],
    opacity: f32,
    albedo: Vec3,
}

impl Rendering {
    /// The gradients of a loss by the gaussians' parameters, from those by this picture's pixels:
    /// linear colour (background included) and coverage.
    ///
    /// `gaussians` are the ones that were drawn.
    ///
    /// # Errors
    /// When there are not as many pixels or gaussians as in the picture.
    pub fn backward(
        &self,
        gaussians: Gaussians<'_>,
        by_pixel: &[[f32; 4]],
    ) -> Result<Gradients, LengthError> {
        let check = |list, expected, found| {
            if expected == found { Ok(()) } else { Err(LengthError { list, expected, found }) }
        };
        check("pixels", self.image.pixels.len(), by_pixel.len())?;
        check("gaussians", self.gaussian_count, gaussians.len())?;
        let by_footprint = self.by_footprint(by_pixel);
        let shares: Vec<Option<ByGaussian>> = self
            .sources
            .par_iter()
            .with_min_len(2048)
            .zip(&by_footprint)
            .map(|(&source, by)| {
                let seen = Seen::new(&gaussians, source as usize, &self.lens, &self.style)?;
                Some(seen.backward(by, &self.lens))
            })
            .collect();
        let n = self.gaussian_count;
        let mut out = Gradients {
            positions: vec![[0.0; 3]; n],
            log_scales: vec![[0.0; 3]; n],
            rotations: vec![[0.0; 4]; n],
            opacities: vec![0.0; n],
            albedos: vec![[0.0; 3]; n],
        };
        for (&source, share) in self.sources.iter().zip(shares) {
            let Some(share) = share else { continue };
            let i = source as usize;
            out.positions[i] = share.position.into();
            out.log_scales[i] = share.log_scale.into();
            out.rotations[i] = share.rotation;
            out.opacities[i] = share.opacity;
            out.albedos[i] = share.albedo.into();
        }
        Ok(out)
    }

    fn by_footprint(&self, by_pixel: &[[f32; 4]]) -> Vec<ByFootprint> {
        let mut shares = vec![ByFootprint::default(); self.bins.entries.len()];
        self.bins.split_mut(&mut shares).into_par_iter().enumerate().with_min_len(4).for_each(
            |(tile, shares)| {
                if !shares.is_empty() {
                    self.tile_backward(tile, by_pixel, shares);
                }
            },
        );
        let mut sums = vec![ByFootprint::default(); self.footprints.len()];
        for (&index, share) in self.bins.entries.iter().zip(&shares) {
            let sum = &mut sums[index as usize];
            sum.color += share.color;
            sum.center += share.center;
            for (a, b) in sum.conic.iter_mut().zip(share.conic) {
                *a += b;
            }
            sum.alpha += share.alpha;
        }
        sums
    }

    /// The shares of one tile, one for each footprint of its bin.
    fn tile_backward(&self, tile: usize, by_pixel: &[[f32; 4]], shares: &mut [ByFootprint]) {
        let [x0, y0] = self.bins.corner(tile);
        let origin = Vec2::new(x0 as f32, y0 as f32);
        let background = lights::flat_background();
        let width = self.image.width as usize;
        let mut by_color = [Vec3::ZERO; SIDE * SIDE];
        // The loss's slope along everything behind the fragment at hand.
        let mut behind = [0f32; SIDE * SIDE];
        let columns = (width - x0 as usize).min(SIDE);
        let rows = (self.image.height - y0).min(SIDE as u32) as usize;
        for row in 0..rows {
            let start = (y0 as usize + row) * width + x0 as usize;
            for column in 0..columns {
                let [r, g, b, coverage] = by_pixel[start + column];
                let pixel = row * SIDE + column;
                by_color[pixel] = Vec3::new(r, g, b);
                let transmittance = 1.0 - self.image.pixels[start + column][3];
                behind[pixel] = (by_color[pixel].dot(background) - coverage) * transmittance;
            }
        }
        let bin = self.bins.bin(tile);
        for run in self.fragments[tile].chunk_by(|a, b| a.place == b.place).rev() {
            let place = run[0].place as usize;
            let footprint = &self.footprints[bin[place] as usize];
            let share = &mut shares[place];
            for fragment in run {
                let pixel = fragment.pixel as usize;
                fragment_backward(footprint, fragment, origin, by_color[pixel], &mut behind[pixel], share);
            }
        }
    }
}

#[inline]
fn fragment_backward(
    f: &Footprint,
    fragment: &Fragment,
    origin: Vec2,
    by_color: Vec3,
    behind: &mut f32,
    share: &mut ByFootprint,
) {
    let &Fragment { pixel, alpha, transmittance, .. } = fragment;
    let weight = alpha * transmittance;
    let own = by_color.dot(f.color);
    let by_alpha = transmittance * own - *behind / (1.0 - alpha);
    *behind += weight * own;
    share.color += by_color * weight;
    if alpha >= MAX_ALPHA {
        return;
    }
    let at = Vec2::new((pixel as usize % SIDE) as f32, (pixel as usize / SIDE) as f32);
    let d = origin + at + 0.5 - f.center;
    share.alpha += by_alpha * alpha / f.alpha;
    let by_power = -0.5 * alpha * by_alpha;
    share.conic[0] += by_power * d.x * d.x;
    share.conic[1] += by_power * 2.0 * d.x * d.y;
    share.conic[2] += by_power * d.y * d.y;
    let [xx, xy, yy] = f.conic;
    share.center -= Vec2::new(xx * d.x + xy * d.y, xy * d.x + yy * d.y) * (2.0 * by_power);
}

impl Seen {
    fn backward(&self, by: &ByFootprint, lens: &Lens) -> ByGaussian {
        let p = &self.projected;
        let (by_albedo, by_normal) = lights::flat_gradient(self.albedo, self.normal, by.color);

        // The covariance: d(inverse) = -inverse d inverse.
        let ([xx, xy, yy], [a, b, c]) = (p.conic, by.conic);
        let by_xx = -(xx * xx * a + xx * xy * b + xy * xy * c);
        let by_yy = -(xy * xy * a + xy * yy * b + yy * yy * c);
        let by_xy = -(2.0 * xx * xy * a + (xx * yy + xy * xy) * b + 2.0 * xy * yy * c);

        // The axes on the screen.
        let (ax, ay) = (p.axes.transpose() * p.row_x, p.axes.transpose() * p.row_y);
        let by_ax = ax * (2.0 * by_xx) + ay * by_xy;
        let by_ay = ay * (2.0 * by_yy) + ax * by_xy;
        let by_row_x = p.axes * by_ax;
        let by_row_y = p.axes * by_ay;
        let by_axis = |k: usize| p.row_x * by_ax[k] + p.row_y * by_ay[k];
        let by_axes = [by_axis(0), by_axis(1), by_axis(2)];
        let log_scale = Vec3::new(
            by_axes[0].dot(p.axes.x_axis),
            by_axes[1].dot(p.axes.y_axis),
            by_axes[2].dot(p.axes.z_axis),
        );

        // The rotation: its columns are the axes before scaling, the last one is the normal too.
        let world_from_camera = lens.camera_from_world.transpose();
        let mut columns = [0, 1, 2].map(|k| world_from_camera * by_axes[k] * self.scale[k]);
        columns[2] += by_normal;
        let rotation = self.by_rotation(Mat3::from_cols(columns[0], columns[1], columns[2]));

        // The point: through its place on the screen and through the Jacobian.
        let per_depth = p.point.z.recip();
        let by_center = by.center * lens.focal * per_depth;
        let tangent = p.point.truncate() * per_depth;
        let mut by_point = by_center.extend(-by_center.dot(tangent));
        by_point.z -= (by_row_x.dot(p.row_x) + by_row_y.dot(p.row_y)) * per_depth;
        let by_tangent = -Vec2::new(by_row_x.z, by_row_y.z) * lens.focal * per_depth;
        for axis in 0..2 {
            if tangent[axis].abs() < lens.limit[axis] {
                by_point[axis] += by_tangent[axis] * per_depth;
                by_point.z -= by_tangent[axis] * tangent[axis] * per_depth;
            }
        }
        ByGaussian {
            position: world_from_camera * by_point,
            log_scale,
            rotation,
            opacity: by.alpha,
            albedo: by_albedo,
        }
    }

    /// Gradient by the quaternion that was given, from that by the rotation matrix.
    fn by_rotation(&self, by: Mat3) -> [f32; 4] {
        let q = self.rotation;
        // `m(i, j)` is row i, column j.
        let m = |i: usize, j: usize| by.col(j)[i];
        let (s01, s02, s12) = (m(0, 1) + m(1, 0), m(0, 2) + m(2, 0), m(1, 2) + m(2, 1));
        let (d21, d02, d10) = (m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1));
        let by_unit = Quat::from_xyzw(
            2.0 * (q.y * s01 + q.z * s02 + q.w * d21) - 4.0 * q.x * (m(1, 1) + m(2, 2)),
            2.0 * (q.x * s01 + q.z * s12 + q.w * d02) - 4.0 * q.y * (m(0, 0) + m(2, 2)),
            2.0 * (q.x * s02 + q.y * s12 + q.w * d10) - 4.0 * q.z * (m(0, 0) + m(1, 1)),
            2.0 * (q.z * d10 + q.y * d02 + q.x * d21),
        );
        // Normalisation: only what changes the direction counts.
        ((by_unit - q * q.dot(by_unit)) * self.rotation_length.recip()).to_array()
    }
}

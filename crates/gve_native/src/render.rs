//! Pictures of the exact field.

use std::f32::consts::FRAC_PI_6;

use gve_bake::{
    BakeError,
    render::{Camera, FieldScene, Image, Look, RenderOptions},
};
use numpy::{IntoPyArray as _, PyArray3, PyArrayMethods as _};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{
    field::Field,
    progress::{Caller, CancelToken},
};

/// Most pixels along one side.
const MAX_SIDE: u32 = 8192;

/// Who looks, and from where.
struct View {
    size: [u32; 2],
    azimuth_rad: f32,
    elevation_rad: f32,
    vertical_fov_rad: f32,
    look: Look,
    samples_per_side: u32,
}

impl View {
    fn new(size: (u32, u32), angles: [f32; 3], look: &str, samples_per_side: u32) -> PyResult<Self> {
        let (width, height) = size;
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let message = format!("size: expected 1 to {MAX_SIDE} pixels each way, found {width} x {height}");
            return Err(PyValueError::new_err(message));
        }
        let [azimuth_rad, elevation_rad, vertical_fov_rad] = angles;
        if !(azimuth_rad.is_finite() && elevation_rad.is_finite()) {
            return Err(PyValueError::new_err("azimuth_rad and elevation_rad must be finite"));
        }
        if !(0.01..=3.0).contains(&vertical_fov_rad) {
            let message = format!("vertical_fov_rad: expected 0.01 to 3, found {vertical_fov_rad}");
            return Err(PyValueError::new_err(message));
        }
        if !(1..=8).contains(&samples_per_side) {
            let message = format!("samples_per_side: expected 1 to 8, found {samples_per_side}");
            return Err(PyValueError::new_err(message));
        }
        let look = match look {
            "studio" => Look::Studio,
            "flat" => Look::Flat,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "look: expected \"studio\" or \"flat\", found {look:?}"
                )));
            }
        };
        let size = [width, height];
        Ok(Self { size, azimuth_rad, elevation_rad, vertical_fov_rad, look, samples_per_side })
    }

    fn draw(&self, py: Python<'_>, field: &Field, cancel: Option<&CancelToken>) -> PyResult<Image> {
        Caller::new(None, cancel).watch(py, "Drawing", |desk| {
            let [width, height] = self.size.map(|side| side as f32);
            let bounds = field.field.bounds();
            let camera = Camera::framing(
                bounds,
                self.azimuth_rad,
                self.elevation_rad,
                self.vertical_fov_rad,
                width / height,
            );
            let options =
                RenderOptions { size: self.size, look: self.look, samples_per_side: self.samples_per_side };
            let scene = FieldScene::new(&field.field);
            scene.render_watched(&camera, options, desk).ok_or(BakeError::Cancelled)
        })
    }
}

/// Draws the exact field as it is seen from `azimuth_rad` (from the front, +z, towards +x) and
/// `elevation_rad` (upwards), all of it in the picture: 8-bit sRGB of shape (height, width, 4), opaque.
///
/// `size` is (width, height); `look` is "studio" or "flat".
///
/// Raises `ValueError` and `Cancelled`.
#[pyfunction]
#[pyo3(signature = (
    field, *, size = (256, 256), azimuth_rad = 0.610_865_24, elevation_rad = 0.383_972_43,
    vertical_fov_rad = FRAC_PI_6, look = "studio", samples_per_side = 2, cancel = None
))]
pub(crate) fn render<'py>(
    py: Python<'py>,
    field: &Field,
    size: (u32, u32),
    azimuth_rad: f32,
    elevation_rad: f32,
    vertical_fov_rad: f32,
    look: &str,
    samples_per_side: u32,
    cancel: Option<&CancelToken>,
) -> PyResult<Bound<'py, PyArray3<u8>>> {
    let view = View::new(size, [azimuth_rad, elevation_rad, vertical_fov_rad], look, samples_per_side)?;
    let image = view.draw(py, field, cancel)?;
    let shape = [image.height as usize, image.width as usize, 4];
    py.detach(|| image.to_rgba8()).into_pyarray(py).reshape(shape)
}

/// The same picture in linear colours, background included, and coverage from 0 to 1: float32 of shape
/// (height, width, 4).
///
/// Raises `ValueError` and `Cancelled`.
#[pyfunction]
#[pyo3(signature = (
    field, *, size = (256, 256), azimuth_rad = 0.610_865_24, elevation_rad = 0.383_972_43,
    vertical_fov_rad = FRAC_PI_6, look = "studio", samples_per_side = 2, cancel = None
))]
pub(crate) fn render_linear<'py>(
    py: Python<'py>,
    field: &Field,
    size: (u32, u32),
    azimuth_rad: f32,
    elevation_rad: f32,
    vertical_fov_rad: f32,
    look: &str,
    samples_per_side: u32,
    cancel: Option<&CancelToken>,
) -> PyResult<Bound<'py, PyArray3<f32>>> {
    let view = View::new(size, [azimuth_rad, elevation_rad, vertical_fov_rad], look, samples_per_side)?;
    let image = view.draw(py, field, cancel)?;
    let shape = [image.height as usize, image.width as usize, 4];
    image.pixels.into_flattened().into_pyarray(py).reshape(shape)
}

//! Views of the exact field.

use gve_bake::{
    BakeError, Watch,
    render::{Camera, FieldScene, Look, RenderOptions, SplatStyle},
    splats::{Reference, held_out_views},
};
use numpy::{IntoPyArray as _, PyArray2, PyArray4, PyArrayMethods as _, PyReadonlyArray2};
use pyo3::{exceptions::PyValueError, prelude::*};

use super::{CAMERA, camera_of, checked_size, rows};
use crate::{
    field::Field,
    progress::{Caller, CancelToken, Desk},
    splats::Splats,
};

/// Most pixels of all pictures of one call: 1 GiB.
const MAX_PIXELS: u64 = 1 << 26;
/// Most views that splats are judged by.
const MAX_VIEWS: u32 = 64;

/// Cameras that each see the whole field from (azimuth, elevation) in radians: shape (n, 2) in, (n, 10)
/// out. Azimuth turns from +z, the front, towards +x; pictures are square.
///
/// Raises `ValueError` for angles that are not finite and fields of view outside 0.01 to 3.
#[pyfunction]
pub(crate) fn frame_cameras<'py>(
    py: Python<'py>,
    field: &Field,
    angles: PyReadonlyArray2<'py, f32>,
    vertical_fov_rad: f32,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let angles: &[[f32; 2]] = rows("angles", &angles)?;
    if !angles.iter().flatten().all(|x| x.is_finite()) {
        return Err(PyValueError::new_err("angles: expected finite numbers"));
    }
    if !(0.01..=3.0).contains(&vertical_fov_rad) {
        let message = format!("vertical_fov_rad: expected 0.01 to 3, found {vertical_fov_rad}");
        return Err(PyValueError::new_err(message));
    }
    let bounds = field.field.bounds();
    let cameras: Vec<Camera> = angles
        .iter()
        .map(|&[azimuth, elevation]| Camera::framing(bounds, azimuth, elevation, vertical_fov_rad, 1.0))
        .collect();
    camera_rows(py, &cameras)
}

/// Draws the exact field in the flat look, linear colours over the background and coverage, once per
/// camera: cameras of shape (n, 10) in, float32 of shape (n, height, width, 4) out.
///
/// `size` is (width, height). Raises `ValueError`, Cancelled, and what `progress` raises.
#[pyfunction]
#[pyo3(signature = (field, cameras, size, *, samples_per_side = 2, progress = None, cancel = None))]
pub(crate) fn render_views<'py>(
    py: Python<'py>,
    field: &Field,
    cameras: PyReadonlyArray2<'py, f32>,
    size: (u32, u32),
    samples_per_side: u32,
    progress: Option<Py<PyAny>>,
    cancel: Option<&CancelToken>,
) -> PyResult<Bound<'py, PyArray4<f32>>> {
    let size = checked_size(size)?;
    if !(1..=8).contains(&samples_per_side) {
        let message = format!("samples_per_side: expected 1 to 8, found {samples_per_side}");
        return Err(PyValueError::new_err(message));
    }
    let numbers: &[[f32; CAMERA]] = rows("cameras", &cameras)?;
    let cameras: Vec<Camera> = numbers.iter().map(|c| camera_of(c)).collect::<PyResult<_>>()?;
    let pixels = u64::from(size[0]) * u64::from(size[1]) * cameras.len() as u64;
    if pixels > MAX_PIXELS {
        let message = format!("expected at most {MAX_PIXELS} pixels in all pictures, found {pixels}");
        return Err(PyValueError::new_err(message));
    }
    let drawn = Caller::new(progress, cancel).watch(py, "Drawing views of the field", |desk| {
        let options = RenderOptions { size, look: Look::Flat, samples_per_side };
        let scene = FieldScene::new(&field.field);
        let mut drawn = Vec::with_capacity(4 * pixels as usize);
        for (number, camera) in cameras.iter().enumerate() {
            let image = scene.render_watched(camera, options, &Quiet(desk)).ok_or(BakeError::Cancelled)?;
            drawn.extend_from_slice(image.pixels.as_flattened());
            desk.leave((number + 1) as f32 / cameras.len() as f32, None);
        }
        Ok(drawn)
    })?;
    drawn.into_pyarray(py).reshape([cameras.len(), size[1] as usize, size[0] as usize, 4])
}

/// Pictures of the exact field that no splats are made from, to judge splats by: spread evenly about
/// it, square, 16 samples per pixel.
///
/// Raises `ValueError`, Cancelled, and what `progress` raises.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct HeldOutViews {
    cameras: Vec<Camera>,
    reference: Reference,
}

#[pymethods]
impl HeldOutViews {
    #[new]
    #[pyo3(signature = (field, count = 8, size = 256, progress = None, cancel = None))]
    fn new(
        py: Python<'_>,
        field: &Field,
        count: u32,
        size: u32,
        progress: Option<Py<PyAny>>,
        cancel: Option<&CancelToken>,
    ) -> PyResult<Self> {
        checked_size((size, size))?;
        if !(1..=MAX_VIEWS).contains(&count) {
            return Err(PyValueError::new_err(format!(
                "count: expected 1 to {MAX_VIEWS} views, found {count}"
            )));
        }
        let cameras = held_out_views(field.field.bounds(), count);
        let reference = Caller::new(progress, cancel).watch(py, "Drawing held-out views", |desk| {
            Reference::new(&field.field, &cameras, size, &Quiet(desk)).ok_or(BakeError::Cancelled)
        })?;
        Ok(Self { cameras, reference })
    }

    /// The cameras: shape (n, 10).
    #[getter]
    fn cameras<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        camera_rows(py, &self.cameras)
    }

    /// Peak signal-to-noise ratio of each view in decibels, and intersection over union of the
    /// silhouettes over all views, of the first `drawn` splats (all if None).
    #[pyo3(signature = (splats, drawn = None))]
    fn compare(&self, py: Python<'_>, splats: &Splats, drawn: Option<usize>) -> (Vec<f32>, f32) {
        let all = splats.splats.len();
        let drawn = drawn.unwrap_or(all).min(all);
        let style = SplatStyle::for_prefix(drawn, all);
        let quality = py.detach(|| self.reference.compare(&splats.splats[..drawn], &style));
        (quality.psnr_db, quality.silhouette_iou)
    }

    fn __repr__(&self) -> String {
        format!("<HeldOutViews: {}>", self.cameras.len())
    }
}

/// Stops a picture when its caller stops, without each picture starting its progress anew.
struct Quiet<'a>(&'a Desk);

impl Watch for Quiet<'_> {
    fn progress(&self, _: f32) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

fn camera_rows<'py>(py: Python<'py>, cameras: &[Camera]) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let numbers: Vec<f32> = cameras
        .iter()
        .flat_map(|c| {
            let [p, t, u] = [c.position, c.target, c.up].map(|v| v.to_array());
            [p[0], p[1], p[2], t[0], t[1], t[2], u[0], u[1], u[2], c.vertical_fov_rad]
        })
        .collect();
    let count = cameras.len();
    numbers.into_pyarray(py).reshape([count, CAMERA])
}

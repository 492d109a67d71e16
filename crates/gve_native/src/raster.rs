//! The differentiable splat rasteriser, and the views that splats are trained and judged by.
//!
//! The parameters' arrays are read where they are: whoever draws must not change them meanwhile.

mod views;

use gve_bake::{
    raster::{Gaussians, LengthError, Rendering},
    render::{Camera, SplatStyle},
};
use numpy::{
    Element, IntoPyArray as _, PyArray1, PyArray2, PyArray3, PyArrayMethods as _, PyReadonlyArray,
    PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, ndarray::Dimension,
};
use pyo3::{exceptions::PyValueError, prelude::*};

/// Numbers of a camera: position, target, up, vertical field of view in radians.
const CAMERA: usize = 10;
/// Most pixels along one side.
const MAX_SIDE: u32 = 8192;

/// Adds the rasteriser to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SplatRendering>()?;
    module.add_class::<views::HeldOutViews>()?;
    module.add_function(wrap_pyfunction!(rasterize, module)?)?;
    module.add_function(wrap_pyfunction!(camera_lens, module)?)?;
    module.add_function(wrap_pyfunction!(views::frame_cameras, module)?)?;
    module.add_function(wrap_pyfunction!(views::render_views, module)?)
}

/// The arrays of the parameters, borrowed from `NumPy`.
struct Parameters<'py> {
    positions: PyReadonlyArray2<'py, f32>,
    log_scales: PyReadonlyArray2<'py, f32>,
    rotations: PyReadonlyArray2<'py, f32>,
    opacities: PyReadonlyArray1<'py, f32>,
    albedos: PyReadonlyArray2<'py, f32>,
}

impl Parameters<'_> {
    fn gaussians(&self) -> PyResult<Gaussians<'_>> {
        Gaussians::new(
            rows("positions", &self.positions)?,
            rows("log_scales", &self.log_scales)?,
            rows("rotations", &self.rotations)?,
            dense("opacities", &self.opacities)?,
            rows("albedos", &self.albedos)?,
        )
        .map_err(|error| length_error(&error))
    }
}

/// A picture of gaussians, with what its gradient needs.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct SplatRendering {
    rendering: Rendering,
    image: Py<PyArray3<f32>>,
}

type Gradients<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray2<f32>>,
);

#[pymethods]
impl SplatRendering {
    /// Linear colour over the background of the flat look, and coverage: shape (height, width, 4).
    #[getter]
    fn image<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray3<f32>> {
        self.image.bind(py).clone()
    }

    /// The gradients of a loss by positions, log-scales, rotations, opacities and albedos, from those by
    /// the picture's pixels, of shape (height, width, 4). The parameters are those that were drawn.
    ///
    /// Raises `ValueError` for arrays of other shapes.
    fn backward<'py>(
        &self,
        py: Python<'py>,
        positions: PyReadonlyArray2<'py, f32>,
        log_scales: PyReadonlyArray2<'py, f32>,
        rotations: PyReadonlyArray2<'py, f32>,
        opacities: PyReadonlyArray1<'py, f32>,
        albedos: PyReadonlyArray2<'py, f32>,
        by_pixel: PyReadonlyArray3<'py, f32>,
    ) -> PyResult<Gradients<'py>> {
        let parameters = Parameters { positions, log_scales, rotations, opacities, albedos };
        let gaussians = parameters.gaussians()?;
        let by_pixel: &[[f32; 4]] = rows("by_pixel", &by_pixel)?;
        let rendering = &self.rendering;
        let gradients =
            py.detach(|| rendering.backward(gaussians, by_pixel)).map_err(|error| length_error(&error))?;
        let count = gradients.opacities.len();
        let array = |values: Vec<[f32; 3]>| values.into_flattened().into_pyarray(py).reshape([count, 3]);
        Ok((
            array(gradients.positions)?,
            array(gradients.log_scales)?,
            gradients.rotations.into_flattened().into_pyarray(py).reshape([count, 4])?,
            gradients.opacities.into_pyarray(py),
            array(gradients.albedos)?,
        ))
    }

    fn __repr__(&self) -> String {
        let image = &self.rendering.image;
        format!("<SplatRendering {} x {}>", image.width, image.height)
    }
}

/// Draws gaussians in the flat look, as the splat renderer does, in a way that has a gradient.
///
/// Positions in metres (n, 3); natural logarithms of the standard deviations in metres (n, 3);
/// quaternions xyzw of any length but 0 (n, 4); opacities (n,); linear albedos (n, 3). `camera` holds
/// position, target, up and the vertical field of view in radians: shape (10,). `size` is (width,
/// height); `scale` is a factor on every standard deviation, for drawing a prefix.
///
/// Raises `ValueError` for arrays of other shapes, or that are not contiguous.
#[pyfunction]
#[pyo3(signature = (positions, log_scales, rotations, opacities, albedos, camera, size, *, scale = 1.0))]
pub(crate) fn rasterize<'py>(
    py: Python<'py>,
    positions: PyReadonlyArray2<'py, f32>,
    log_scales: PyReadonlyArray2<'py, f32>,
    rotations: PyReadonlyArray2<'py, f32>,
    opacities: PyReadonlyArray1<'py, f32>,
    albedos: PyReadonlyArray2<'py, f32>,
    camera: PyReadonlyArray1<'py, f32>,
    size: (u32, u32),
    scale: f32,
) -> PyResult<SplatRendering> {
    let parameters = Parameters { positions, log_scales, rotations, opacities, albedos };
    let gaussians = parameters.gaussians()?;
    let camera = one_camera(&camera)?;
    let size = checked_size(size)?;
    let style = SplatStyle { scale, ..SplatStyle::default() };
    let (rendering, pixels) = py.detach(|| {
        let rendering = Rendering::new(gaussians, &camera, size, &style);
        let pixels = rendering.image.pixels.clone().into_flattened();
        (rendering, pixels)
    });
    let image = pixels.into_pyarray(py).reshape([size[1] as usize, size[0] as usize, 4])?;
    Ok(SplatRendering { rendering, image: image.unbind() })
}

/// What a renderer needs of a camera: position (3), the rotation into its axes x right, y down,
/// z forward row by row (9), pixels per unit at depth 1 (2), the picture's middle in pixels (2), the
/// largest tangent that the projection is linearised at (2); then, of the default style, the variance
/// in square pixels that is added to every gaussian; shape (19,).
#[pyfunction]
pub(crate) fn camera_lens<'py>(
    py: Python<'py>,
    camera: PyReadonlyArray1<'py, f32>,
    size: (u32, u32),
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let camera = one_camera(&camera)?;
    let lens = gve_bake::raster::lens(&camera, checked_size(size)?);
    let mut numbers = lens.to_vec();
    numbers.push(SplatStyle::default().low_pass_px2);
    Ok(numbers.into_pyarray(py))
}

fn length_error(error: &LengthError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn checked_size((width, height): (u32, u32)) -> PyResult<[u32; 2]> {
    if (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
        return Ok([width, height]);
    }
    let message = format!("size: expected 1 to {MAX_SIDE} pixels each way, found {width} x {height}");
    Err(PyValueError::new_err(message))
}

fn one_camera(numbers: &PyReadonlyArray1<'_, f32>) -> PyResult<Camera> {
    camera_of(dense("camera", numbers)?)
}

fn camera_of(numbers: &[f32]) -> PyResult<Camera> {
    let numbers: &[f32; CAMERA] = numbers.try_into().map_err(|_| {
        PyValueError::new_err(format!("camera: expected {CAMERA} numbers, found {}", numbers.len()))
    })?;
    if let Some(bad) = numbers.iter().find(|x| !x.is_finite()) {
        return Err(PyValueError::new_err(format!("camera: expected finite numbers, found {bad}")));
    }
    let &[px, py, pz, tx, ty, tz, ux, uy, uz, vertical_fov_rad] = numbers;
    let (position, target, up) = ([px, py, pz].into(), [tx, ty, tz].into(), [ux, uy, uz].into());
    Ok(Camera { position, target, up, vertical_fov_rad })
}

fn dense<'a, T: Element, D: Dimension>(
    name: &str,
    array: &'a PyReadonlyArray<'_, T, D>,
) -> PyResult<&'a [T]> {
    array
        .as_slice()
        .map_err(|_| PyValueError::new_err(format!("{name}: expected a contiguous array in C order")))
}

/// The rows of an array whose last dimension is `N`.
fn rows<'a, D: Dimension, const N: usize>(
    name: &str,
    array: &'a PyReadonlyArray<'_, f32, D>,
) -> PyResult<&'a [[f32; N]]> {
    let shape = array.as_array().shape().to_vec();
    if shape.last() != Some(&N) {
        return Err(PyValueError::new_err(format!(
            "{name}: expected rows of {N} numbers, found shape {shape:?}"
        )));
    }
    Ok(dense(name, array)?.as_chunks().0)
}

//! `.gve_bin` files.

use std::path::{Path, PathBuf};

use gve_assets::{AssetFile, OpenOptions};
use gve_bake::{Parts, Stamp, assemble, mass::Weight};
use numpy::PyReadonlyArray1;
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{
    errors,
    field::Field,
    recipe::{self, json},
    shell::Shell,
    splats::Splats,
    volume::Volume,
};

/// What the first 64 bytes of a file say.
#[pyclass(frozen, module = "gve_native")]
pub(crate) struct Header(gve_assets::Header);

#[pymethods]
impl Header {
    /// The asset's `wire_id`; 0 for one that no Architect has numbered.
    #[getter]
    fn asset_id(&self) -> u64 {
        self.0.asset_id
    }

    /// The version that was compiled.
    #[getter]
    fn version(&self) -> u32 {
        self.0.version
    }

    /// Bytes in the whole file.
    #[getter]
    fn file_bytes(&self) -> u32 {
        self.0.file_length
    }

    /// How many splats.
    #[getter]
    fn splat_count(&self) -> u32 {
        self.0.splat_count
    }

    /// The format version of the file.
    #[getter]
    fn format_version(&self) -> u16 {
        self.0.format_version
    }

    /// How far the compile had come: 0 geometry with seeded splats, 1 with sound, 2 with trained splats.
    #[getter]
    fn refinement(&self) -> u8 {
        self.0.refinement().number()
    }

    /// Whether the splats were trained.
    #[getter]
    fn splats_trained(&self) -> bool {
        self.0.splats_trained()
    }

    fn __repr__(&self) -> String {
        format!("<Header of asset {} version {}>", self.0.asset_id, self.0.version)
    }
}

/// Files are read and not mapped: who truncates one must not end this process.
const READ: OpenOptions = OpenOptions { verify_crc: true, map: false };

/// Writes what the stages made of a recipe, as a whole or not at all; returns the file's bytes. Whoever
/// has the old file open keeps it.
///
/// `dna_json` must be the field's own recipe. `mass_json` is what `weigh` returned. `warnings` stand in
/// the file as they are given; add the shell's own.
///
/// Raises `AssetFileError`, `RecipeError`, and `ValueError` for arguments that do not belong together.
#[pyfunction]
#[pyo3(signature = (
    path, dna_json, field, volume, shell, splats, mass_json, *, asset_id, version, embedding = None,
    splats_trained = false, warnings = vec![]
))]
pub(crate) fn write_asset(
    py: Python<'_>,
    path: PathBuf,
    dna_json: &str,
    field: &Field,
    volume: &Volume,
    shell: &Shell,
    splats: &Splats,
    mass_json: &str,
    asset_id: u64,
    version: u32,
    embedding: Option<PyReadonlyArray1<'_, f32>>,
    splats_trained: bool,
    warnings: Vec<String>,
) -> PyResult<u64> {
    let dna = recipe::parse(py, dna_json)?;
    if gve_bake::dna_hash(&dna) != gve_bake::dna_hash(&field.dna) {
        return Err(PyValueError::new_err("dna_json is not the recipe that the field was made from"));
    }
    let weight: Weight = serde_json::from_str(mass_json).map_err(|error| {
        PyValueError::new_err(format!("mass_json: expected what weigh() returned: {error}"))
    })?;
    if weight.parts.len() != field.field.parts().len() {
        return Err(PyValueError::new_err("mass_json is not of the field that is written"));
    }
    let embedding = embedding.map(|array| array.as_array().to_vec()).unwrap_or_default();
    let stamp = Stamp {
        asset_id,
        version,
        embedding,
        splats_trained,
        warnings,
        volume_lacks: volume.missing.clone(),
    };
    py.detach(|| {
        let parts = Parts {
            volume: volume.baked.volume.clone(),
            shell: shell.shell.clone(),
            splats: splats.splats.clone(),
            weight,
        };
        let data = assemble(&dna, &field.field, parts, stamp);
        gve_assets::write(&path, &data)
    })
    .map_err(|error| errors::from_write_error(py, Some(&path), &error))?;
    file_bytes(py, &path)
}

/// The length that a file just written has, by its own header.
fn file_bytes(py: Python<'_>, path: &Path) -> PyResult<u64> {
    Ok(u64::from(read_header(py, path.to_owned())?.0.file_length))
}

/// Reads the header alone: cheap, and checks only the magic, the format version and the length.
///
/// Raises `AssetFileError`.
#[pyfunction]
pub(crate) fn read_header(py: Python<'_>, path: PathBuf) -> PyResult<Header> {
    py.detach(|| gve_assets::read_header(&path))
        .map(Header)
        .map_err(|error| errors::from_read_error(py, &path, &error))
}

/// Reads the header and the metadata's compiler version, and nothing else of a file; the checksums of what
/// is read are compared.
///
/// Raises `AssetFileError`.
#[pyfunction]
pub(crate) fn read_stamp(py: Python<'_>, path: PathBuf) -> PyResult<(Header, String)> {
    py.detach(|| gve_assets::read_metadata(&path))
        .map(|(header, metadata)| (Header(header), metadata.compiler_version))
        .map_err(|error| errors::from_read_error(py, &path, &error))
}

fn open(py: Python<'_>, path: &Path) -> PyResult<AssetFile> {
    py.detach(|| AssetFile::open_with(path, READ)).map_err(|error| errors::from_read_error(py, path, &error))
}

/// Checks a whole file and returns its metadata as JSON (`FileMetadata`).
///
/// Raises `AssetFileError`.
#[pyfunction]
pub(crate) fn read_metadata(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    json(serde_json::to_string(open(py, &path)?.metadata()))
}

/// Checks a whole file: checksums, every offset, count and number.
///
/// Raises `AssetFileError`.
#[pyfunction]
pub(crate) fn verify(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    open(py, &path).map(drop)
}

/// Writes the contents of a checked file under another id and version, as a whole or not at all; returns
/// the new file's bytes. Source and target may be the same.
///
/// Raises `AssetFileError`.
#[pyfunction]
#[pyo3(signature = (source, target, *, asset_id, version))]
pub(crate) fn restamp(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    asset_id: u64,
    version: u32,
) -> PyResult<u64> {
    let file = open(py, &source)?;
    py.detach(|| {
        let mut data = file.to_data();
        data.asset_id = asset_id;
        data.version = version;
        gve_assets::write(&target, &data)
    })
    .map_err(|error| errors::from_write_error(py, Some(&target), &error))?;
    file_bytes(py, &target)
}

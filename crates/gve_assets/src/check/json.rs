//! The two sections that are JSON.

use gve_types::{
    FileMetadata, FilePart, MaterialSpec,
    dna::AudioPatch,
    limits::{MAX_AUDIO_MODES, MAX_MATERIALS, MAX_NAME_BYTES, MAX_PARTS},
};

use crate::{
    error::{Fault, Section},
    layout::UNIT_TOLERANCE,
};

/// A parser may turn `1e39` into an infinite `f32` without a word (`serde_json` does, depending on its
/// features), so every number is looked at.
fn finite(
    section: Section,
    at: u64,
    numbers: impl IntoIterator<Item = (&'static str, f32)>,
) -> Result<(), Fault> {
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        None => Ok(()),
        Some((what, number)) => Err(Fault::new(section, at, what, "a finite number", number)),
    }
}

fn named<'a>(what: &'static str, numbers: &'a [f32]) -> impl Iterator<Item = (&'static str, f32)> + use<'a> {
    numbers.iter().map(move |&number| (what, number))
}

/// Numbers are finite and modes not too many. Their ranges are the recipe's business.
pub(crate) fn audio_patch(patch: &AudioPatch, at: u64) -> Result<(), Fault> {
    let AudioPatch { gain, pitch_scale, damping_scale, modes } = patch;
    if modes.len() > MAX_AUDIO_MODES {
        let expected = format!("at most {MAX_AUDIO_MODES}");
        return Err(Fault::new(Section::Audio, at, "modes", expected, modes.len()));
    }
    let factors = [("gain", *gain), ("pitch_scale", *pitch_scale), ("damping_scale", *damping_scale)];
    finite(Section::Audio, at, factors)?;
    finite(
        Section::Audio,
        at,
        modes.iter().flat_map(|mode| {
            [
                ("modes.frequency_hz", mode.frequency_hz),
                ("modes.decay_secs", mode.decay_secs),
                ("modes.gain", mode.gain),
            ]
        }),
    )
}

/// Numbers are finite, texts and lists not too long, and the header's flag agrees.
pub(crate) fn metadata(metadata: &FileMetadata, splats_trained: bool, at: u64) -> Result<(), Fault> {
    let section = Section::Metadata;
    if metadata.name.len() > MAX_NAME_BYTES {
        let expected = format!("at most {MAX_NAME_BYTES} bytes");
        return Err(Fault::new(section, at, "name", expected, format!("{} bytes", metadata.name.len())));
    }
    let bounds = &metadata.bounds;
    finite(section, at, named("bounds", &bounds.min).chain(named("bounds", &bounds.max)))?;
    if (0..3).any(|axis| bounds.min[axis] > bounds.max[axis]) {
        let found = format!("{:?} and {:?}", bounds.min, bounds.max);
        return Err(Fault::new(section, at, "bounds", "min not above max", found));
    }
    if metadata.materials.is_empty() || metadata.materials.len() > MAX_MATERIALS {
        let expected = format!("1 to {MAX_MATERIALS}");
        return Err(Fault::new(section, at, "materials", expected, metadata.materials.len()));
    }
    finite(section, at, metadata.materials.iter().flat_map(material_numbers))?;
    let hash = &metadata.dna_hash;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let found = format!("{:?}", hash.chars().take(80).collect::<String>());
        return Err(Fault::new(section, at, "dna_hash", "64 hex digits", found));
    }
    let mass = &metadata.mass;
    finite(
        section,
        at,
        [
            ("mass.mass_kg", mass.mass_kg),
            ("mass.volume_m3", mass.volume_m3),
            ("mass.relative_error", mass.relative_error),
            ("mass.inertia_relative_error", mass.inertia_relative_error),
        ]
        .into_iter()
        .chain(named("mass.center_of_mass", &mass.center_of_mass))
        .chain(named("mass.inertia_kg_m2", mass.inertia_kg_m2.as_flattened())),
    )?;
    finite(section, at, named("embedding", &metadata.embedding))?;
    if metadata.parts.len() > MAX_PARTS {
        let expected = format!("at most {MAX_PARTS}");
        return Err(Fault::new(section, at, "parts", expected, metadata.parts.len()));
    }
    for (i, one) in metadata.parts.iter().enumerate() {
        part(one, metadata.materials.len()).map_err(|(what, expected, found)| {
            Fault::new(section, at, format!("parts[{i}].{what}"), expected, found)
        })?;
    }
    finite(
        section,
        at,
        metadata.volume_lacks.iter().flat_map(|lack| {
            named("volume_lacks.place", &lack.place).chain([("volume_lacks.thickness_m", lack.thickness_m)])
        }),
    )?;
    if metadata.splats_trained != splats_trained {
        let expected = format!("{splats_trained}, as the header's refinement says");
        return Err(Fault::new(section, at, "splats_trained", expected, metadata.splats_trained));
    }
    Ok(())
}

/// What is wrong with a part: which field, what was expected, what was found.
fn part(part: &FilePart, materials: usize) -> Result<(), (&'static str, String, String)> {
    let fault = |what, expected: &str, found: String| Err((what, expected.to_owned(), found));
    let FilePart { path: _, name, material, frame, mass_kg, volume_m3, relative_error } = part;
    if name.as_ref().is_some_and(|name| name.len() > MAX_NAME_BYTES) {
        return fault("name", &format!("at most {MAX_NAME_BYTES} bytes"), "a longer one".to_owned());
    }
    if *material as usize >= materials {
        return fault("material", &format!("an index below {materials}"), material.to_string());
    }
    if !frame.translation.iter().all(|x| x.is_finite()) {
        return fault("frame.translation", "finite numbers", format!("{:?}", frame.translation));
    }
    let squared_length: f32 = frame.rotation.iter().map(|x| x * x).sum();
    let is_unit = (squared_length - 1.0).abs() <= UNIT_TOLERANCE;
    if !is_unit {
        return fault("frame.rotation", "a unit quaternion", format!("{:?}", frame.rotation));
    }
    if !(frame.scale > 0.0 && frame.scale.is_finite()) {
        return fault("frame.scale", "a positive number", frame.scale.to_string());
    }
    for (what, number) in [("mass_kg", mass_kg), ("volume_m3", volume_m3), ("relative_error", relative_error)]
    {
        if !number.is_finite() {
            return fault(what, "a finite number", number.to_string());
        }
    }
    Ok(())
}

fn material_numbers(material: &MaterialSpec) -> [(&'static str, f32); 8] {
    [
        ("materials.density_kg_m3", material.density_kg_m3),
        ("materials.youngs_modulus_gpa", material.youngs_modulus_gpa),
        ("materials.poissons_ratio", material.poissons_ratio),
        ("materials.damping_coefficient", material.damping_coefficient),
        ("materials.resonance_freq_min_hz", material.resonance_freq_min_hz),
        ("materials.resonance_freq_max_hz", material.resonance_freq_max_hz),
        ("materials.metallic", material.metallic),
        ("materials.roughness", material.roughness),
    ]
}

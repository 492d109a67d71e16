//! The table of materials that ships.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use gve_types::{
    MaterialSpec, MaterialTable,
    material::{MaterialRecord, resolve_impact_pair},
};

fn records() -> impl Iterator<Item = &'static MaterialRecord> {
    let table = MaterialTable::builtin();
    table.iter().map(|spec| table.record(&spec.spec_id).unwrap())
}

#[test]
fn there_are_enough_of_every_sort() {
    let has = |start: &str| records().filter(|r| r.spec.spec_id.starts_with(start)).count();
    assert!(records().count() >= 24);
    assert!(has("WOOD_") >= 5);
    assert!(has("AISI_") >= 3);
    assert!(has("AMS_") >= 2);
    assert!(has("ASTM_") >= 15);
}

#[test]
fn every_figure_has_a_source() {
    for record in records() {
        let id = &record.spec.spec_id;
        let value = serde_json::to_value(&record.spec).unwrap();
        let mut fields: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        // A name for people is no figure.
        fields.remove("display_name");
        let sourced: BTreeSet<&str> = record.sources.keys().map(String::as_str).collect();
        assert_eq!(sourced, fields, "{id}");
        for (field, source) in &record.sources {
            assert!(source.len() >= 10, "{id}.{field}: {source}");
        }
    }
}

#[test]
fn codes_are_unique_and_shaped_alike() {
    let text = include_str!("../data/materials.json");
    let listed: Vec<MaterialRecord> = serde_json::from_str(text).unwrap();
    assert_eq!(listed.len(), MaterialTable::builtin().iter().count(), "a code stands twice");
    assert!(listed.is_sorted_by(|a, b| a.spec.spec_id < b.spec.spec_id));
    for MaterialRecord { spec, .. } in &listed {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        assert!(spec.spec_id.contains('_') && spec.spec_id.chars().all(plain), "{}", spec.spec_id);
        assert!(!spec.display_name.trim().is_empty());
    }
}

#[test]
fn figures_are_physical() {
    for MaterialRecord { spec: m, .. } in records() {
        let id = &m.spec_id;
        assert!((100.0..=23_000.0).contains(&m.density_kg_m3), "{id}");
        assert!((1e-3..=1200.0).contains(&m.youngs_modulus_gpa), "{id}");
        // An isotropic solid is between -1 and 0.5; none of these is auxetic.
        assert!((0.0..0.5).contains(&m.poissons_ratio), "{id}");
        assert!((1e-5..=1.0).contains(&m.damping_coefficient), "{id}");
        assert!(m.resonance_freq_min_hz > 0.0 && m.resonance_freq_min_hz < m.resonance_freq_max_hz, "{id}");
        assert!(m.resonance_freq_max_hz <= 20_000.0, "{id}");
        assert!((0.0..=1.0).contains(&m.roughness), "{id}");
        assert!(m.metallic == 0.0 || m.metallic == 1.0, "{id}: a surface is a bare metal or it is not");
        // Sound travels along a bar of any of these between rubber's and beryllium's speed.
        let speed = (m.youngs_modulus_gpa * 1e9 / m.density_kg_m3).sqrt();
        assert!((30.0..=13_000.0).contains(&speed), "{id}: {speed} m/s");
    }
}

/// The bands follow from stiffness and density, as their sources say.
#[test]
fn bands_are_those_of_the_stated_bars() {
    for MaterialRecord { spec: m, sources } in records() {
        let speed = (f64::from(m.youngs_modulus_gpa) * 1e9 / f64::from(m.density_kg_m3)).sqrt();
        let bar = |length_m: f64, thickness_m: f64| 1.028 * thickness_m / (length_m * length_m) * speed;
        for (field, found, expected) in [
            ("resonance_freq_min_hz", m.resonance_freq_min_hz, bar(0.3, 0.006)),
            ("resonance_freq_max_hz", m.resonance_freq_max_hz, bar(0.1, 0.012)),
        ] {
            let error = (f64::from(found) / expected - 1.0).abs();
            assert!(error < 0.005, "{}: {field} is {found}, computed {expected}", m.spec_id);
            assert!(sources.get(field).unwrap().starts_with("computed: first bending resonance"));
        }
    }
}

#[test]
fn metals_are_metallic_and_coats_are_not() {
    const METALS: [&str; 14] = [
        "AISI_1095",
        "AISI_304",
        "AISI_4140",
        "AMS_4027",
        "AMS_4911",
        "ASTM_A36",
        "ASTM_A48_30",
        "ASTM_B152",
        "ASTM_B29",
        "ASTM_B36_C260",
        "ASTM_B413",
        "ASTM_B456",
        "ASTM_B505_C932",
        "ASTM_B562",
    ];
    for MaterialRecord { spec, .. } in records() {
        let metal = METALS.contains(&spec.spec_id.as_str());
        assert_eq!(spec.metallic == 1.0, metal, "{}", spec.spec_id);
    }
    for metal in METALS {
        assert!(MaterialTable::builtin().get(metal).is_some(), "{metal}");
    }
}

#[test]
fn colours_are_those_of_real_surfaces() {
    for MaterialRecord { spec: m, .. } in records() {
        let brightest = m.base_color_srgb.into_iter().max().unwrap();
        if m.metallic == 1.0 {
            assert!(brightest >= 100, "{}: no bare metal reflects so little", m.spec_id);
        } else {
            assert!((14..=250).contains(&brightest), "{}", m.spec_id);
        }
    }
}

#[test]
fn impact_pairs_are_symmetric() {
    let specs: Vec<&MaterialSpec> = MaterialTable::builtin().iter().collect();
    for a in &specs {
        for b in &specs {
            let pair = resolve_impact_pair(a, b);
            assert_eq!(pair, resolve_impact_pair(b, a));
            let (low, high) = (a.damping_coefficient, b.damping_coefficient);
            assert!(pair.combined_damping >= low.min(high) && pair.combined_damping <= low.max(high));
        }
        let own = resolve_impact_pair(a, a);
        assert_eq!(own.combined_damping, a.damping_coefficient);
        let [low, high] = a.audio().resonance_range;
        assert_eq!(own.avg_resonance_freq, 0.5 * (low + high));
    }
}

#[test]
fn a_table_with_an_unknown_field_is_refused() {
    let text = include_str!("../data/materials.json").replacen("\"roughness\"", "\"rougness\"", 1);
    let error = MaterialTable::from_json(&text).unwrap_err().to_string();
    assert!(error.contains("unknown field `rougness`"), "{error}");
}

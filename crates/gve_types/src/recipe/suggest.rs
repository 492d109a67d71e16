//! The word that an unknown one most likely means: another tool's name for the same thing, or one that
//! is near in spelling. A guess that is far-fetched is worse than none.

use strsim::osa_distance;

/// Longest word that is compared, in bytes. No known one is longer; a longer one is near to none.
const LONGEST: usize = 64;

/// Shortest name of another tool that is recognised with a mistake in it.
const LEAST_MISSPELT: usize = 6;

/// What each operation is called in other modellers, shader collections and CAD kernels. Compared without
/// case, spaces, `_` and `-`.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("`sphere`", &["ball", "orb", "icosphere", "uvsphere"]),
    ("`ellipsoid`", &["spheroid", "ovoid", "egg"]),
    (
        "`box`",
        &["cube", "cuboid", "block", "brick", "rect", "rectangle", "rectangularprism", "slab", "hexahedron"],
    ),
    ("`rounded_box`", &["roundbox", "roundedcube", "roundcube", "roundedcuboid", "beveledbox"]),
    ("`cylinder`", &["disc", "disk", "rod", "pipe", "circle", "cappedcylinder"]),
    ("`capsule`", &["pill", "stadium", "roundedcylinder", "roundedcone", "sphylinder"]),
    ("`cone`", &["frustum", "truncatedcone", "cappedcone", "frustrum"]),
    ("`torus`", &["donut", "doughnut", "ring", "annulus"]),
    ("`plane`", &["halfspace", "ground", "floor"]),
    ("`hexagonal_prism`", &["hexagon", "hex", "hexprism", "hexagonprism", "nut"]),
    (
        "`extruded_polygon`",
        &["extrude", "extrusion", "linearextrude", "polygon", "polygonprism", "pad", "polyline", "sketch"],
    ),
    ("`extruded_polygon` or `hexagonal_prism`", &["prism", "triangularprism", "triprism"]),
    (
        "`revolved_polygon`",
        &[
            "revolve",
            "revolution",
            "lathe",
            "rotateextrude",
            "mandrel",
            "spin",
            "turned",
            "sweep",
            "surfaceofrevolution",
        ],
    ),
    ("`union`", &["add", "merge", "join", "group", "combine", "fuse", "unite", "or", "list", "compound"]),
    (
        "`union` with a `blend`",
        &[
            "smoothunion",
            "smin",
            "smoothmin",
            "metaball",
            "metaballs",
            "chamfer",
            "chamferunion",
            "roundunion",
        ],
    ),
    (
        "`subtract`",
        &[
            "difference",
            "cut",
            "subtraction",
            "minus",
            "carve",
            "sub",
            "hole",
            "drill",
            "not",
            "smoothsubtraction",
        ],
    ),
    ("`intersect`", &["intersection", "common", "and", "clip", "smoothintersection"]),
    ("`shell`", &["hollow", "onion", "skin", "thicken", "wall"]),
    (
        "`round`",
        &["fillet", "offset", "inflate", "grow", "dilate", "expand", "rounding", "bevel", "minkowski"],
    ),
    ("`morph`", &["lerp", "mix", "interpolate", "transition", "tween"]),
    ("`morph`, or `union` with a `blend`", &["blend"]),
    ("`translate`", &["move", "translation", "shift", "position", "transform", "place"]),
    ("`rotate`", &["turn", "rotation", "rot", "orient", "spinby"]),
    ("`scale`", &["resize", "size", "scaling", "zoom"]),
    ("`mirror`", &["reflect", "flip", "symmetry", "symmetric", "reflection"]),
    (
        "`linear_repeat`",
        &[
            "array",
            "repeat",
            "grid",
            "pattern",
            "lineararray",
            "linearpattern",
            "tile",
            "clone",
            "rep",
            "instances",
        ],
    ),
    (
        "`polar_repeat`",
        &[
            "circulararray",
            "circularpattern",
            "polararray",
            "polarpattern",
            "radialrepeat",
            "radialarray",
            "radialpattern",
            "circularrepeat",
            "ringarray",
        ],
    ),
    ("`twist`", &["twirl", "screw", "helix"]),
    ("`bend`", &["curve", "arc"]),
    ("`taper`", &["draft", "pyramid", "wedge"]),
    ("`elongate`", &["stretch", "lengthen", "extend"]),
    ("`displace`", &["noise", "displacement", "bump", "perturb", "ripple", "wave", "gyroid"]),
];

/// What fields are called elsewhere, and the fields that may be meant, the likeliest first.
const FIELDS: &[(&[&str], &[&str])] = &[
    (
        &["size", "sizes", "dimensions", "dims", "extents", "halfsize", "extent", "radius"],
        &["half_extents", "radii", "factor"],
    ),
    (&["height", "h", "length", "halflength"], &["half_height"]),
    (&["depth", "thickness"], &["half_depth"]),
    (&["r", "rad", "size", "diameter", "d"], &["radius", "apothem"]),
    (&["r1", "radius1", "bottomradius", "baseradius"], &["radius_bottom", "major_radius"]),
    (&["r2", "radius2", "topradius"], &["radius_top", "minor_radius"]),
    (&["position", "translation", "origin", "pos", "location", "vector", "by"], &["offset", "center"]),
    (
        &["angle", "angledeg", "degrees", "rotation", "theta"],
        &["angle_rad", "rate_rad_per_m", "curvature_per_m"],
    ),
    (&["nodes", "shapes", "parts", "items", "objects", "child", "operands"], &["children"]),
    (&["shape", "node", "children", "object", "operand"], &["child"]),
    (&["n", "copies", "number", "times", "counts"], &["count", "counts"]),
    (&["step", "distance", "pitch", "spacings", "cell"], &["spacing"]),
    (&["vertices", "corners", "path", "outline", "profile"], &["points"]),
    (&["mat", "materialspec"], &["material", "material_spec"]),
    (&["id", "label", "title"], &["name"]),
    (&["smooth", "smoothness", "k", "smoothing"], &["blend"]),
    (&["root", "node", "shape", "tree"], &["root_node"]),
    (&["s", "scale", "amount", "t", "weight"], &["factor"]),
];

/// What an unknown operation most likely means, as it stands in a question.
pub(super) fn operation<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let plain = plain(word);
    let of = |alias: &str| OPERATIONS.iter().find(|(_, words)| words.contains(&alias));
    of(&plain)
        .map(|(meant, _)| (*meant).to_owned())
        .or_else(|| nearest(word, known).map(|name| format!("`{name}`")))
        .or_else(|| {
            // Long enough that a mistake in them is no other word.
            let aliases = OPERATIONS.iter().flat_map(|(_, words)| *words).copied();
            let alias = nearest(word, aliases.filter(|alias| alias.len() >= LEAST_MISSPELT))?;
            of(alias).map(|(meant, _)| (*meant).to_owned())
        })
}

/// What an unknown field most likely means.
pub(super) fn field<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = plain(word);
    let elsewhere = FIELDS.iter().filter(|(words, _)| words.contains(&plain.as_str()));
    let meant = elsewhere.flat_map(|(_, meant)| *meant).find_map(|name| known.iter().find(|k| *k == name));
    nearest(word, known.iter().copied()).or(meant.copied())
}

/// The nearest of the known words in spelling, when it is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    let near = |name: &'a str| {
        let spelled = plain(name);
        let distance = osa_distance(&word, &spelled);
        (distance <= most(spelled.chars().count())).then_some((distance, name))
    };
    known.into_iter().filter_map(near).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many letters may be wrong, missing, too many or swapped in a word of so many.
fn most(letters: usize) -> usize {
    match letters {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    }
}

/// The word without what people write differently.
fn plain(word: &str) -> String {
    let mut end = word.len().min(LONGEST);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    let letters = word.get(..end).unwrap_or_default().chars();
    letters.filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::shape::operation_names;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let near = |word: &str| nearest(word, operation_names());
        assert_eq!(near("spheer"), Some("sphere"));
        assert_eq!(near("Cylindre"), Some("cylinder"));
        assert_eq!(near("roundedBox"), Some("rounded_box"));
        assert_eq!(near("linear-repaet"), Some("linear_repeat"));
        assert_eq!(near("bx"), Some("box"));
        for far in ["teapot", "cube", "gear", "thread", "", "x", "text", "heart"] {
            assert_eq!(near(far), None, "{far}");
        }
        assert_eq!(nearest("anything", []), None);
        assert_eq!(nearest("ASTM_A63", ["AMS_4911", "ASTM_A36"]), Some("ASTM_A36"));
    }

    #[test]
    fn names_of_other_tools_lead_to_ours() {
        let ours = |word: &str| operation(word, operation_names()).unwrap_or_default();
        for (theirs, expected) in [
            ("cube", "`box`"),
            ("Cuboid", "`box`"),
            ("difference", "`subtract`"),
            ("intersection", "`intersect`"),
            ("cut", "`subtract`"),
            ("mandrel", "`revolved_polygon`"),
            ("rotate_extrude", "`revolved_polygon`"),
            ("linear_extrude", "`extruded_polygon`"),
            ("lathe", "`revolved_polygon`"),
            ("move", "`translate`"),
            ("array", "`linear_repeat`"),
            ("circular_pattern", "`polar_repeat`"),
            ("fillet", "`round`"),
            ("onion", "`shell`"),
            ("blend", "`morph`, or `union` with a `blend`"),
            ("spheer", "`sphere`"),
            ("differnce", "`subtract`"),
            ("intersecton", "`intersect`"),
            ("linear_extrud", "`extruded_polygon`"),
            ("teapot", ""),
            ("gear", ""),
        ] {
            assert_eq!(ours(theirs), expected, "{theirs}");
        }
    }

    #[test]
    fn the_tables_name_what_there_is_and_each_word_once() {
        let known: Vec<&str> = operation_names().collect();
        let mut words: Vec<&str> = Vec::new();
        for (meant, theirs) in OPERATIONS {
            let names = meant.split('`').skip(1).step_by(2).filter(|name| *name != "blend");
            assert!(names.into_iter().all(|name| known.contains(&name)), "{meant}");
            assert!(theirs.iter().all(|word| plain(word) == **word && !known.contains(word)), "{theirs:?}");
            words.extend(*theirs);
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn fields_of_other_tools_lead_to_those_that_are_allowed_here() {
        assert_eq!(field("size", &["half_extents", "center"]), Some("half_extents"));
        assert_eq!(field("size", &["radius", "center"]), Some("radius"));
        assert_eq!(field("Height", &["radius", "half_height"]), Some("half_height"));
        assert_eq!(field("angle", &["axis", "angle_rad", "child"]), Some("angle_rad"));
        assert_eq!(field("child", &["radius", "center"]), None);
        assert_eq!(field("raduis", &["radius", "radii"]), Some("radius"));
    }
}

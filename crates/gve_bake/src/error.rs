//! What a bake can fail with.

use std::ops::RangeInclusive;

/// Why nothing was baked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BakeError {
    /// The recipe could not be lowered to a field.
    #[error(transparent)]
    Lower(#[from] gve_sdf::LowerError),
    /// A resolution outside the limits was asked for.
    #[error("resolution must be {} to {} cells along the longest side, found {found}", range.start(), range.end())]
    Resolution {
        /// What was asked for.
        found: u32,
        /// What is allowed.
        range: RangeInclusive<u32>,
    },
    /// The field has no finite bounds to lay a grid in.
    #[error("the field's bounds must be finite, found {min:?} to {max:?}")]
    Unbounded {
        /// Smallest corner in metres.
        min: [f32; 3],
        /// Largest corner in metres.
        max: [f32; 3],
    },
    /// No sample of the grid lies inside the solid.
    #[error("the recipe has no surface that a grid with cells of {cell_size_m} m can hold")]
    NoSurface {
        /// Side of a cell in metres.
        cell_size_m: f32,
    },
    /// No sample of the grid lies inside the solid, but there is one.
    #[error(
        "the grid's cells of {cell_size_m} m miss the whole solid, which is {thickness_m} m thick at {position:?}: \
         use a higher resolution"
    )]
    ThinnerThanCells {
        /// Side of a cell in metres.
        cell_size_m: f32,
        /// Thickness of the solid in metres where it was found.
        thickness_m: f32,
        /// Where it was found, in metres.
        position: [f32; 3],
    },
    /// All of the solid that was found is too small, in an object of this size, to lay splats on.
    #[error(
        "the solid is {thickness_m} m thick at {position:?}; splats show what is at least {limit_m} m thick in an \
         object as large as this one: make it thicker, or bring what is far apart closer together"
    )]
    TooThinForSplats {
        /// Thickness of the solid in metres where it was found.
        thickness_m: f32,
        /// Where it was found, in metres.
        position: [f32; 3],
        /// What would be thick enough.
        limit_m: f32,
    },
    /// The recipe's operations leave nothing.
    #[error(
        "nothing solid was found between {min:?} and {max:?}: look for an intersection or a subtraction that \
         leaves nothing"
    )]
    NothingSolid {
        /// Smallest corner of where it was looked for, in metres.
        min: [f32; 3],
        /// Largest corner.
        max: [f32; 3],
    },
    /// Single precision cannot tell the samples of the grid apart.
    #[error(
        "the object is too small for its distance from the origin: samples {cell_size_m} m apart, {distance_m} m away"
    )]
    TooFarFromOrigin {
        /// Side of a cell in metres.
        cell_size_m: f32,
        /// Largest coordinate in metres.
        distance_m: f32,
    },
    /// The surface fills more bricks than a volume may hold.
    #[error(
        "the volume needs more than {max} bricks of 7³ cells, the most that fit: bake at a lower resolution"
    )]
    VolumeTooLarge {
        /// How many are allowed.
        max: u64,
    },
    /// The surface needs more triangles or vertices than a shell may hold.
    #[error("the shell needs {found} {what}, at most {max} fit: generate it at a lower resolution")]
    ShellTooLarge {
        /// "triangles" or "vertices".
        what: &'static str,
        /// How many the surface needs.
        found: u64,
        /// How many are allowed.
        max: u64,
    },
    /// Fewer or more splats were asked for than a file may hold.
    #[error("the splat count must be {} to {}, found {found}", range.start(), range.end())]
    SplatCount {
        /// What was asked for.
        found: u32,
        /// What is allowed.
        range: RangeInclusive<u32>,
    },
    /// A distance that somebody else computed is no number.
    #[error("expected a finite distance at {position:?}, found {found}")]
    NotFinite {
        /// What was found.
        found: f32,
        /// Where, in metres.
        position: [f32; 3],
    },
    /// The caller's progress said that it no longer wants the result.
    #[error("the bake was cancelled")]
    Cancelled,
}

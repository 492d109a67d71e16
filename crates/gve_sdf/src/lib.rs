//! DNA lowered to a scalar tape, and the evaluators of that tape.
//!
//! The meaning of every DNA operation is written once, in the module `lower`, as arithmetic on the three
//! coordinates of a point. Everything else reads the resulting [`Tape`]:
//!
//! | part | what it is for |
//! |---|---|
//! | [`interpret`] | one point at a time, slow and obvious: what the others are tested against |
//! | [`Evaluator`] | intervals, pruning per box, batches of distances, gradients and materials |
//! | [`wgsl`] | the same tape as shader source |
//!
//! ```
//! use gve_sdf::{Aabb, Evaluator, Field, Vec3};
//! use gve_types::{MaterialTable, parse_recipe};
//!
//! let text = r#"{"metadata": {"name": "Ball", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"},
//!                "root_node": {"op": "sphere", "radius": 0.5}}"#;
//! let materials = MaterialTable::builtin();
//! let field = Field::lower(&parse_recipe(text, materials)?, materials)?;
//! let mut evaluator = Evaluator::new(&field);
//! let root = evaluator.root();
//! assert_eq!(evaluator.distance(&root, Vec3::new(2.0, 0.0, 0.0)), 1.5);
//! let (region, distances) = evaluator.prune(&root, Aabb::new(Vec3::ONE, Vec3::splat(2.0)));
//! assert!(distances.lo > 0.0, "the box lies outside the ball");
//! assert!(region.len() <= root.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a field promises
//! * Distances are metres, negative inside. They need not be exact, but the sign is right and
//!   `|f(p)| / lipschitz` never exceeds the true distance to the surface, so marching with that step
//!   finds every wall and pruning with it loses none.
//! * No evaluator returns NaN for a finite point within 100 km of the origin.
//! * Results are the same on every machine: transcendental functions are our own polynomials, and
//!   nothing is contracted into fused multiply-adds. Interpreter, batches and pruned regions agree
//!   to the last bit (but for the sign of a zero, and values below 1e-18).
//! * Where two operands tie, `min` and `max` follow the first, so that a gradient on the surface of a
//!   box is a face's normal and not zero.

mod aabb;
mod builder;
mod error;
mod eval;
mod field;
pub mod interpret;
mod interval;
mod lower;
pub mod math;
mod tape;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wgsl;

pub use aabb::Aabb;
pub use error::LowerError;
pub use eval::{Evaluator, Region};
pub use field::Field;
pub use glam::{DVec3, Quat, Vec3, Vec4};
pub use interval::Interval;
pub use lower::{Part, PartFrame};
pub use tape::{Id, Op, Tape};

#![allow(missing_docs)]
use gve_sdf::{Evaluator, Field, Region};
use gve_types::MaterialSpec;
pub(crate) trait FieldShim { fn parts(&self) -> &[MaterialSpec]; }
impl FieldShim for Field { fn parts(&self) -> &[MaterialSpec] { self.materials() } }
pub(crate) trait RegionShim { fn uniform_part(&self) -> Option<u16>; }
impl RegionShim for Region { fn uniform_part(&self) -> Option<u16> { self.uniform_material().map(u16::from) } }
pub(crate) trait EvaluatorShim {
 fn parts(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [u16]);
 fn distances_and_parts(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: (&mut [f32], &mut [u16]));
}
impl EvaluatorShim for Evaluator {
 fn parts(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: &mut [u16]) {
  let mut m = vec![0u8; out.len()]; self.materials(region, xs, ys, zs, &mut m); out.iter_mut().zip(m).for_each(|(o,m)| *o = m.into());
 }
 fn distances_and_parts(&mut self, region: &Region, xs: &[f32], ys: &[f32], zs: &[f32], out: (&mut [f32], &mut [u16])) {
  let mut m = [0u8; 512]; self.distances_and_materials(region, xs, ys, zs, (out.0, &mut m)); out.1.iter_mut().zip(m).for_each(|(o,m)| *o = m.into());
 }
}

//! Points as three arrays, the form that the batch evaluators take.

use glam::Vec3;

/// Points in metres, one array per coordinate.
#[derive(Debug, Default, Clone)]
pub(crate) struct Points {
    pub(crate) xs: Vec<f32>,
    pub(crate) ys: Vec<f32>,
    pub(crate) zs: Vec<f32>,
}

impl Points {
    pub(crate) fn len(&self) -> usize {
        self.xs.len()
    }

    pub(crate) fn clear(&mut self) {
        self.xs.clear();
        self.ys.clear();
        self.zs.clear();
    }

    pub(crate) fn get(&self, index: usize) -> Vec3 {
        Vec3::new(self.xs[index], self.ys[index], self.zs[index])
    }

    /// Adds a point by its coordinates along an axis and the two that follow it in turn.
    pub(crate) fn push_along(&mut self, axis: usize, [along, across, up]: [f32; 3]) {
        let [x, y, z] = match axis {
            0 => [along, across, up],
            1 => [up, along, across],
            _ => [across, up, along],
        };
        self.push(Vec3::new(x, y, z));
    }

    pub(crate) fn push(&mut self, p: Vec3) {
        self.xs.push(p.x);
        self.ys.push(p.y);
        self.zs.push(p.z);
    }
}

/// Makes `buffer` exactly `len` long without keeping its contents.
pub(crate) fn resize<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) {
    buffer.clear();
    buffer.resize(len, T::default());
}

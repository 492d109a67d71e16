//! Which normals meet in a vertex.

use glam::{Vec3, Vec4};

use super::crossings::Crossing;

/// Cosine of the angle above which two pieces of surface meet in an edge: 30 degrees.
const CREASE_COS: f32 = 0.866;
/// Cosine of half that angle: normals within it of their mean are within the whole of each other.
const HALF_CREASE_COS: f32 = 0.966;

/// The at most `N` crossings about one point of the surface, sorted into groups that share a vertex.
pub(super) struct Grouping<const N: usize> {
    /// The group of each crossing; the groups of one normal are neighbours.
    pub(super) of_crossing: [u8; N],
    /// Whether all normals agree.
    pub(super) is_smooth: bool,
    /// For each group the cluster of normals it belongs to.
    cluster_of_group: [u8; N],
    groups: u8,
    /// Sum of the normals of each cluster.
    sums: [Vec3; N],
}

/// Sorts crossings: those whose normals are within 30 degrees share a normal (directly, or through others
/// in between), and those that share the material as well share a vertex.
pub(super) fn group<const N: usize>(crossings: &[(u8, Crossing)]) -> Grouping<N> {
    let mut grouping = Grouping {
        of_crossing: [0; N],
        is_smooth: true,
        cluster_of_group: [0; N],
        groups: 1,
        sums: [Vec3::ZERO; N],
    };
    let sum: Vec3 = crossings.iter().map(|(_, crossing)| crossing.normal).sum();
    let mean = sum.normalize_or_zero();
    let one_material = crossings.iter().all(|(_, crossing)| crossing.material == crossings[0].1.material);
    if one_material && crossings.iter().all(|(_, crossing)| crossing.normal.dot(mean) > HALF_CREASE_COS) {
        grouping.sums[0] = sum;
        return grouping;
    }
    let clusters = cluster::<N>(crossings);
    grouping.is_smooth = clusters.iter().take(crossings.len()).all(|&cluster| cluster == 0);
    grouping.groups = 0;
    let mut keys = [(0, 0); N];
    for (i, (_, crossing)) in crossings.iter().enumerate() {
        let key = (clusters[i], crossing.material);
        let known = keys[..grouping.groups as usize].iter().position(|&k| k == key);
        let group = known.unwrap_or(grouping.groups as usize);
        if known.is_none() {
            keys[group] = key;
            grouping.cluster_of_group[group] = clusters[i];
            grouping.groups += 1;
        }
        grouping.of_crossing[i] = group as u8;
        grouping.sums[clusters[i] as usize] += crossing.normal;
    }
    grouping
}

/// Single linkage: the number of each crossing's cluster, counted from 0 without gaps.
fn cluster<const N: usize>(crossings: &[(u8, Crossing)]) -> [u8; N] {
    let mut clusters = [u8::MAX; N];
    let mut count = 0;
    for i in 0..crossings.len() {
        if clusters[i] != u8::MAX {
            continue;
        }
        clusters[i] = count;
        let mut open = [0; N];
        open[0] = i;
        let mut end = 1;
        let mut next = 0;
        while next < end {
            let normal = crossings[open[next]].1.normal;
            next += 1;
            for j in 0..crossings.len() {
                if clusters[j] == u8::MAX && crossings[j].1.normal.dot(normal) > CREASE_COS {
                    clusters[j] = count;
                    open[end] = j;
                    end += 1;
                }
            }
        }
        count += 1;
    }
    clusters
}

impl<const N: usize> Grouping<N> {
    /// The unit normal of each group. In a smooth place that is the field's own gradient.
    pub(super) fn normals(
        &self,
        crossings: &[(u8, Crossing)],
        gradient: Vec4,
    ) -> impl Iterator<Item = Vec3> + use<'_, N> {
        let own = gradient.truncate().normalize_or_zero();
        let fallback = crossings.iter().map(|(_, crossing)| crossing.normal).find(|n| *n != Vec3::ZERO);
        (0..self.groups as usize).map(move |group| {
            let mean = self.sums[self.cluster_of_group[group] as usize].normalize_or_zero();
            if self.is_smooth && own.dot(mean) > CREASE_COS {
                own
            } else if mean != Vec3::ZERO {
                mean
            } else {
                fallback.unwrap_or(Vec3::Y)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossings(normals: &[(Vec3, u8)]) -> Vec<(u8, Crossing)> {
        normals
            .iter()
            .enumerate()
            .map(|(i, &(normal, material))| {
                (i as u8, Crossing { point: Vec3::ZERO, normal: normal.normalize(), material })
            })
            .collect()
    }

    #[test]
    fn a_smooth_place_takes_the_fields_gradient() {
        let list = crossings(&[(Vec3::new(0.1, 1.0, 0.0), 0), (Vec3::new(-0.1, 1.0, 0.0), 0), (Vec3::Y, 0)]);
        let grouping = group::<12>(&list);
        let gradient = Vec3::new(0.0, 2.0, 0.1);
        let normals: Vec<Vec3> = grouping.normals(&list, gradient.extend(0.0)).collect();
        assert!(grouping.is_smooth);
        assert_eq!(normals, [gradient.normalize()]);
    }

    #[test]
    fn an_edge_has_a_normal_on_each_side() {
        let list = crossings(&[(Vec3::X, 0), (Vec3::Y, 0), (Vec3::X, 0), (Vec3::Y, 0)]);
        let grouping = group::<12>(&list);
        assert!(!grouping.is_smooth);
        assert_eq!(grouping.of_crossing[..4], [0, 1, 0, 1]);
        let normals: Vec<Vec3> = grouping.normals(&list, Vec3::X.extend(0.0)).collect();
        assert_eq!(normals, [Vec3::X, Vec3::Y]);
    }

    #[test]
    fn materials_split_a_vertex_but_not_its_normal() {
        let list = crossings(&[(Vec3::Y, 3), (Vec3::Y, 5), (Vec3::Y, 3)]);
        let grouping = group::<12>(&list);
        assert!(grouping.is_smooth);
        assert_eq!(grouping.of_crossing[..3], [0, 1, 0]);
        let normals: Vec<Vec3> = grouping.normals(&list, Vec3::Y.extend(0.0)).collect();
        assert_eq!(normals, [Vec3::Y, Vec3::Y]);
    }

    #[test]
    fn a_tight_bend_stays_smooth_through_its_steps() {
        let turn = |degrees: f32| (Vec3::new(degrees.to_radians().cos(), degrees.to_radians().sin(), 0.0), 0);
        let list = crossings(&[turn(0.0), turn(50.0), turn(25.0), turn(75.0)]);
        let grouping = group::<12>(&list);
        assert!(grouping.is_smooth);
        assert_eq!(grouping.of_crossing[..4], [0; 4]);
    }
}

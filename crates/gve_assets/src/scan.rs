//! One pass over a whole file: checksum and contents together, while the bytes are in the cache,
//! on several threads.

use std::{sync::LazyLock, thread};

use crate::{
    check::{Contents, Piece},
    error::Fault,
    layout::DirectoryEntry,
};

/// Below this many bytes for each, a second thread costs more than it saves.
const BYTES_PER_THREAD: usize = 1 << 20;
/// Memory is saturated well before this many threads.
const MAX_THREADS: usize = 8;

/// Asking the system reads several files on Linux, so it is asked once.
static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS));

/// What a scan found.
pub(crate) struct Scan {
    /// CRC-32C of each section; zeros if no bytes were given.
    pub checksums: Vec<u32>,
    /// The first thing wrong with the contents, in the order of the file.
    pub contents: Result<(), Fault>,
}

/// What one thread found in its run of pieces.
#[derive(Default)]
struct Found {
    /// For each section that it met: which, and the checksum and the length of what it saw of it.
    stretches: Vec<(usize, u32, usize)>,
    fault: Option<Fault>,
}

/// Checks the contents of sections that lie within `bytes`, and computes their checksums if bytes are
/// given.
pub(crate) fn scan(contents: &Contents<'_>, entries: &[DirectoryEntry], bytes: Option<&[u8]>) -> Scan {
    let pieces = contents.pieces(entries);
    let length: usize = pieces.iter().map(|piece| piece.bytes.len()).sum();
    let threads = (length / BYTES_PER_THREAD).clamp(1, *CORES);
    let runs = split(&pieces, length, threads);
    let results = thread::scope(|scope| {
        let (first, others) = runs.split_first()?;
        let others: Vec<_> = others
            .iter()
            .map(|run| {
                let worker = thread::Builder::new().name("gve_assets scan".to_owned());
                // Where no thread can be had the work is done here, below.
                (run, worker.spawn_scoped(scope, move || scan_run(contents, bytes, run)).ok())
            })
            .collect();
        let mut results = vec![scan_run(contents, bytes, first)];
        for (run, worker) in others {
            let result = worker.map_or_else(
                || scan_run(contents, bytes, run),
                |worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
            results.push(result);
        }
        Some(results)
    })
    .unwrap_or_default();

    let checksums = join(entries.len(), results.iter().flat_map(|found| found.stretches.iter().copied()));
    let contents = results.into_iter().find_map(|found| found.fault).map_or(Ok(()), Err);
    Scan { checksums, contents }
}

/// The checksum of each section, from the stretches of it in their order.
fn join(sections: usize, stretches: impl Iterator<Item = (usize, u32, usize)>) -> Vec<u32> {
    let mut joined = vec![None; sections];
    for (section, next, length) in stretches {
        // Joining takes a while, and nearly every section is one stretch.
        let so_far = &mut joined[section];
        *so_far = Some(so_far.map_or(next, |crc| crc32c::crc32c_combine(crc, next, length)));
    }
    joined.into_iter().map(Option::unwrap_or_default).collect()
}

/// Cuts the pieces into runs of about the same length.
fn split(pieces: &[Piece], length: usize, threads: usize) -> Vec<&[Piece]> {
    let mut runs = Vec::with_capacity(threads);
    let (mut first, mut done) = (0, 0);
    for thread in 1..threads {
        let goal = length / threads * thread;
        let mut next = first;
        while let Some(piece) = pieces.get(next).filter(|piece| done + piece.bytes.len() <= goal) {
            done += piece.bytes.len();
            next += 1;
        }
        if next > first {
            runs.push(&pieces[first..next]);
            first = next;
        }
    }
    runs.push(&pieces[first..]);
    runs
}

/// The checksums of what a run holds of each section (none if not asked for), and the first thing wrong.
fn scan_run(contents: &Contents<'_>, bytes: Option<&[u8]>, run: &[Piece]) -> Found {
    let mut found = Found::default();
    for piece in run {
        if let Some(bytes) = bytes {
            let seen = &bytes[piece.bytes.clone()];
            match found.stretches.last_mut() {
                Some((section, crc, length)) if *section == piece.section => {
                    *crc = crc32c::crc32c_append(*crc, seen);
                    *length += seen.len();
                }
                _ => found.stretches.push((piece.section, crc32c::crc32c(seen), seen.len())),
            }
        }
        if found.fault.is_none() {
            found.fault = contents.check(piece).err();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The machine at hand may have one core; the cuts for others are looked at here.
    #[test]
    fn any_number_of_runs_covers_the_sections_and_joins_to_their_checksums() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|i| ((i * i) >> 7) as u8).collect();
        // Sections with gaps between them; pieces of uneven lengths, some of them empty, one very long.
        let sections = [
            vec![256..264, 264..264],
            vec![512..900, 900..900, 900..1500],
            vec![],
            vec![2048..7000, 7000..7000],
            vec![7168..7200, 7200..9990],
        ];
        let pieces: Vec<_> = sections
            .iter()
            .enumerate()
            .flat_map(|(i, ranges)| ranges.iter().map(move |range| Piece::of_bytes(i, range.clone())))
            .collect();
        let expected: Vec<u32> = sections
            .iter()
            .map(|ranges| match (ranges.first(), ranges.last()) {
                (Some(first), Some(last)) => crc32c::crc32c(&bytes[first.start..last.end]),
                _ => 0,
            })
            .collect();
        let layout = crate::check::Layout::default();
        let contents = Contents {
            layout: &layout,
            volume: crate::view::VolumeView::NONE,
            splats: &[],
            shell: crate::view::ShellView::NONE,
            material_count: 0,
            part_count: 0,
        };
        let length = pieces.iter().map(|piece| piece.bytes.len()).sum();
        for threads in 1..=12 {
            let runs = split(&pieces, length, threads);
            assert!((1..=threads).contains(&runs.len()));
            assert_eq!(runs.iter().map(|run| run.len()).sum::<usize>(), pieces.len());
            let found: Vec<_> = runs.iter().map(|run| scan_run(&contents, Some(&bytes), run)).collect();
            let stretches = found.iter().flat_map(|found| found.stretches.iter().copied());
            assert_eq!(join(sections.len(), stretches), expected, "{threads} threads");
        }
    }
}

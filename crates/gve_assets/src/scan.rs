//! One pass over a whole file: checksum and contents together, while the bytes are in the cache,
//! on several threads.

use std::{ops::Range, sync::LazyLock, thread};

use crate::{
    check::{Contents, Piece},
    error::Fault,
    layout::{CRC_OFFSET, HEADER_BYTES},
};

/// Below this many bytes for each, a second thread costs more than it saves.
const BYTES_PER_THREAD: usize = 1 << 20;
/// Memory is saturated well before this many threads.
const MAX_THREADS: usize = 8;

/// Asking the system reads several files on Linux, so it is asked once.
static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS));

/// A stretch of the file for one thread.
struct Run<'a> {
    bytes: Range<usize>,
    pieces: &'a [Piece],
}

/// CRC-32C of a whole file, which must hold a header, as if its checksum were zero.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    extend_checksum(0, bytes, 0..bytes.len())
}

/// Continues a checksum over `range`, reading zeros for the stored one. The range holds all four
/// bytes of that or none.
fn extend_checksum(crc: u32, bytes: &[u8], range: Range<usize>) -> u32 {
    let stored = CRC_OFFSET as usize;
    if range.start > stored {
        return crc32c::crc32c_append(crc, &bytes[range]);
    }
    let crc = crc32c::crc32c_append(crc, &bytes[range.start..stored]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &bytes[HEADER_BYTES..range.end])
}

/// What a scan found.
pub(crate) struct Scan {
    /// CRC-32C of the file, as [`checksum`] has it; 0 if no bytes were given.
    pub checksum: u32,
    /// The first thing wrong with the contents, in the order of the file.
    pub contents: Result<(), Fault>,
}

/// Checks all contents, and computes the checksum of `bytes` if given.
pub(crate) fn scan(contents: &Contents<'_>, bytes: Option<&[u8]>) -> Scan {
    let pieces = contents.pieces();
    let length = bytes.map_or_else(|| pieces.last().map_or(0, |piece| piece.bytes.end), <[u8]>::len);
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

    let checksum = join(runs.iter().zip(&results).map(|(run, result)| (result.0, run.bytes.len())));
    let contents = results.into_iter().find_map(|(_, fault)| fault).map_or(Ok(()), Err);
    Scan { checksum, contents }
}

/// The checksum of stretches that follow each other, from the checksum and the length of each.
fn join(stretches: impl Iterator<Item = (u32, usize)>) -> u32 {
    stretches.fold(0, |crc, (next, length)| crc32c::crc32c_combine(crc, next, length))
}

/// Cuts the file into stretches of about the same length, between pieces.
fn split(pieces: &[Piece], length: usize, threads: usize) -> Vec<Run<'_>> {
    let mut runs = Vec::with_capacity(threads);
    let (mut start, mut first) = (0, 0);
    for thread in 1..threads {
        let goal = length / threads * thread;
        let count = pieces[first..].iter().take_while(|piece| piece.bytes.end <= goal).count();
        // A run without a piece could end inside the header, so it is left to the next.
        if count > 0 {
            let end = pieces[first + count - 1].bytes.end;
            runs.push(Run { bytes: start..end, pieces: &pieces[first..first + count] });
            (start, first) = (end, first + count);
        }
    }
    runs.push(Run { bytes: start..length, pieces: &pieces[first..] });
    runs
}

/// The checksum of a stretch (0 if not asked for) and the first thing wrong in it.
fn scan_run(contents: &Contents<'_>, bytes: Option<&[u8]>, run: &Run<'_>) -> (u32, Option<Fault>) {
    let mut crc = 0;
    let mut done = run.bytes.start;
    let mut fault = None;
    for piece in run.pieces {
        if let Some(bytes) = bytes {
            crc = extend_checksum(crc, bytes, done..piece.bytes.end);
            done = piece.bytes.end;
        }
        if fault.is_none() {
            fault = contents.check(piece).err();
        }
    }
    if let Some(bytes) = bytes
        && done < run.bytes.end
    {
        crc = extend_checksum(crc, bytes, done..run.bytes.end);
    }
    (crc, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The machine at hand may have one core; the cuts for others are looked at here.
    #[test]
    fn any_number_of_stretches_covers_the_file_and_joins_to_its_checksum() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|i| ((i * i) >> 7) as u8).collect();
        let mut crc_zeroed = bytes.clone();
        crc_zeroed[CRC_OFFSET as usize..HEADER_BYTES].fill(0);
        let expected = crc32c::crc32c(&crc_zeroed);
        assert_eq!(checksum(&bytes), expected);
        // Pieces of uneven lengths with gaps between them, one of them empty, one very long.
        let ranges = [256..264, 512..900, 1024..1024, 1024..1500, 2048..7000, 7168..7200, 7424..9990];
        let pieces: Vec<_> = ranges.into_iter().map(Piece::of_bytes).collect();
        for threads in 1..=12 {
            let runs = split(&pieces, bytes.len(), threads);
            assert!((1..=threads).contains(&runs.len()));
            assert_eq!(runs.iter().map(|run| run.pieces.len()).sum::<usize>(), pieces.len());
            let mut next = 0;
            for run in &runs {
                assert_eq!(run.bytes.start, next);
                assert!(run.pieces.iter().all(|piece| run.bytes.start <= piece.bytes.start));
                assert!(run.pieces.iter().all(|piece| piece.bytes.end <= run.bytes.end));
                next = run.bytes.end;
            }
            assert_eq!(next, bytes.len());
            let stretches =
                runs.iter().map(|run| (extend_checksum(0, &bytes, run.bytes.clone()), run.bytes.len()));
            assert_eq!(join(stretches), expected, "{threads} threads");
        }
    }
}

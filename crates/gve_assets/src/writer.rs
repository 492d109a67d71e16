//! Writing a file: the same data gives the same bytes, and the file is replaced as a whole or not at all.

use std::path::Path;

use gve_types::limits::{MAX_FILE_BYTES, MAX_METADATA_BYTES, MAX_SPLATS, MAX_VOLUME_LEVELS, MAX_WIRE_ID};
use serde::Serialize;

use crate::{
    check::{self, Contents, Layout},
    directory::start_checksum,
    error::{Fault, Section, WriteError},
    layout::{
        ASSET_ID_OFFSET, Array, CRC_OFFSET, DIRECTORY_START, DISTANCES_F16_SCALED, DirectoryEntry,
        DirectoryHeader, FORMAT_VERSION, HEADER_BYTES, Header, KIND_AUDIO, KIND_LEVEL, KIND_METADATA,
        KIND_SHELL, KIND_SPLATS, KIND_VOLUME, LevelCounts, LevelLayout, MAGIC, PARTS_U8, PARTS_U16,
        ShellHeader, ShellLayout, VolumeHeader, VolumePlan, byte_array, directory_end, next_boundary,
        splat_array,
    },
    model::{AssetData, Refinement, Shell},
    prefix,
    replace::{Refused, replace},
    scan,
    volume::{BRICK_CELLS, BRICK_SAMPLES, PartIds, Volume},
};

/// The bytes of a file that holds `data`. The same data always gives the same bytes.
///
/// # Errors
/// [`WriteError::Invalid`] for anything that a reader would refuse, [`WriteError::TooLarge`] when the
/// whole does not fit a file.
pub fn encode(data: &AssetData) -> Result<Vec<u8>, WriteError> {
    if data.asset_id >= MAX_WIRE_ID {
        let expected = format!("less than {MAX_WIRE_ID}");
        return Err(Fault::new(Section::Header, ASSET_ID_OFFSET, "asset id", expected, data.asset_id).into());
    }
    let metadata_json = json(Section::Metadata, &data.metadata)?;
    let audio_json = json(Section::Audio, &data.audio_patch)?;
    let places = Places::new(data, metadata_json.len(), audio_json.len())?;
    let trained = data.refinement == Refinement::TrainedSplats;
    check::metadata(&data.metadata, trained, places.metadata.start)?;
    check::audio_patch(&data.audio_patch, places.audio.start)?;
    let length = places.length();
    if length > MAX_FILE_BYTES {
        return Err(WriteError::TooLarge { bytes: length });
    }
    let (material_count, part_count) = prefix::counts(&data.metadata);
    let contents = Contents {
        layout: &places.layout,
        volume: (&data.volume).into(),
        splats: &data.splats,
        shell: (&data.shell).into(),
        material_count,
        part_count,
    };
    let mut entries = places.entries.clone();
    scan::scan(&contents, &entries, None).contents?;

    let mut bytes = vec![0_u8; length as usize];
    put(&mut bytes, places.metadata.start - 4, &(metadata_json.len() as u32).to_le_bytes());
    put_array(&mut bytes, places.metadata, &metadata_json);
    put_array(&mut bytes, places.audio, &audio_json);
    put(&mut bytes, places.volume.start, bytemuck::bytes_of(&places.volume.header));
    let counts = places.volume.start + size_of::<VolumeHeader>() as u64;
    put(&mut bytes, counts, bytemuck::cast_slice(&places.volume.counts));
    for (layout, level) in places.layout.levels.iter().zip(&data.volume.levels) {
        put_array(&mut bytes, layout.cells, &level.cells);
        put_array(&mut bytes, layout.scales, &level.scales);
        put_array(&mut bytes, layout.distances, &level.distances);
        put(&mut bytes, layout.parts.start, level.parts.view().bytes());
    }
    put_array(&mut bytes, places.splats, &data.splats);
    let ShellLayout { start, positions, normals, weld, indices, parts } = places.shell;
    put(&mut bytes, start, bytemuck::bytes_of(&shell_header(&data.shell)?));
    put_array(&mut bytes, positions, &data.shell.positions);
    put_array(&mut bytes, normals, &data.shell.normals);
    put_array(&mut bytes, weld, &data.shell.weld);
    put_array(&mut bytes, indices, &data.shell.indices);
    put_array(&mut bytes, parts, &data.shell.parts);
    for entry in &mut entries {
        entry.crc32c = crc32c::crc32c(&bytes[entry.bytes()]);
    }
    let directory = DirectoryHeader { section_count: entries.len() as u32, reserved: [0; 3] };
    put(&mut bytes, 0, bytemuck::bytes_of(&places.header(data)));
    put(&mut bytes, HEADER_BYTES as u64, bytemuck::bytes_of(&directory));
    put(&mut bytes, DIRECTORY_START as u64, bytemuck::cast_slice(&entries));
    let crc = start_checksum(&bytes[..directory_end(entries.len())]);
    put(&mut bytes, CRC_OFFSET, &crc.to_le_bytes());
    Ok(bytes)
}

/// Where everything of one asset goes.
struct Places {
    /// The sections in their order; their checksums are not known yet.
    entries: Vec<DirectoryEntry>,
    /// The JSON of the metadata, behind its size.
    metadata: Array,
    /// The JSON of the audio patch.
    audio: Array,
    volume: VolumePlan,
    splats: Array,
    shell: ShellLayout,
    layout: Layout,
}

impl Places {
    fn new(data: &AssetData, metadata_bytes: usize, audio_bytes: usize) -> Result<Self, Fault> {
        let levels = data.volume.levels.len();
        let mut writer = Sections { entries: Vec::new(), end: directory_end(levels + 5) as u64 };
        let metadata = byte_array(writer.next() + 4, metadata_bytes as u64);
        writer.push(KIND_METADATA, metadata.end())?;
        let audio = byte_array(writer.next(), audio_bytes as u64);
        writer.push(KIND_AUDIO, audio.end())?;

        let volume = volume_plan(&data.volume, writer.next())?;
        writer.push(KIND_VOLUME, volume.start + volume.size())?;
        let mut level_layouts: Vec<LevelLayout> = Vec::with_capacity(levels);
        for level in 0..levels {
            let layout = volume.level(level, writer.next());
            expect_level(data, level, &layout, volume.header.part_encoding)?;
            writer.push(KIND_LEVEL, layout.start + layout.size())?;
            if let Some(entry) = writer.entries.last_mut() {
                entry.index = level as u32;
            }
            level_layouts.push(layout);
        }
        let start = writer.next();
        let Some(count) = u32::try_from(data.splats.len()).ok().filter(|&count| count <= MAX_SPLATS) else {
            let expected = format!("at most {MAX_SPLATS}");
            return Err(Fault::new(Section::Splats, start, "splats", expected, data.splats.len()));
        };
        let splats = splat_array(start, count);
        writer.push(KIND_SPLATS, splats.end())?;
        let shell = ShellLayout::new(writer.next(), &shell_header(&data.shell)?)?;
        expect_shell(&data.shell, &shell)?;
        writer.push(KIND_SHELL, shell.start + shell.size())?;
        let layout = Layout {
            volume: Some(volume.clone()),
            levels: level_layouts,
            splats: Some(splats),
            shell: Some(shell),
        };
        Ok(Self { entries: writer.entries, metadata, audio, volume, splats, shell, layout })
    }

    fn length(&self) -> u64 {
        self.entries.last().map_or(0, DirectoryEntry::end)
    }

    fn header(&self, data: &AssetData) -> Header {
        // Every place is at most the file's length, which 32 bits hold.
        let at = |place: u64| place as u32;
        let volume_end = self.layout.levels.last().map_or(0, |level| level.start + level.size());
        Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            flags: u16::from(data.refinement.number()),
            asset_id: data.asset_id,
            version: data.version,
            file_length: at(self.length()),
            sdf_offset: at(self.volume.start),
            sdf_size: at(volume_end - self.volume.start),
            splat_offset: at(self.splats.start),
            splat_count: at(self.splats.count),
            shell_offset: at(self.shell.start),
            shell_size: at(self.shell.size()),
            audio_offset: at(self.audio.start),
            audio_size: at(self.audio.count),
            metadata_offset: at(self.metadata.start - 4),
            crc32c: 0,
        }
    }
}

/// Sections that are laid out one behind the other.
struct Sections {
    entries: Vec<DirectoryEntry>,
    end: u64,
}

impl Sections {
    /// Where the next section starts.
    fn next(&self) -> u64 {
        next_boundary(self.end)
    }

    /// The next section, up to `end`.
    fn push(&mut self, kind: u32, end: u64) -> Result<(), Fault> {
        let start = self.next();
        let entry = DirectoryEntry { kind, index: 0, offset: 0, size: 0, crc32c: 0, reserved: 0 };
        let (Ok(offset), Ok(size)) = (u32::try_from(start), u32::try_from(end - start)) else {
            let expected = format!("at most {MAX_FILE_BYTES} bytes");
            return Err(Fault::new(entry.section(), start, "end", expected, end));
        };
        self.entries.push(DirectoryEntry { offset, size, ..entry });
        self.end = end;
        Ok(())
    }
}

/// Writes a file as [`replace`](crate::replace::replace()) does: whole or not at all, through links, with the
/// permissions of the one that was there. Whoever has the old file open keeps its bytes.
///
/// # Errors
/// [`WriteError`] names the path; the file that was there before is untouched.
pub fn write(path: impl AsRef<Path>, data: &AssetData) -> Result<(), WriteError> {
    let path = path.as_ref();
    let bytes = encode(data)?;
    replace(path, &bytes).map_err(|Refused { action, source }| WriteError::Io {
        path: path.to_owned(),
        action,
        source,
    })
}

/// The head of a volume that starts at `start`, checked like a reader's.
fn volume_plan(volume: &Volume, start: u64) -> Result<VolumePlan, Fault> {
    let levels = volume.levels.len();
    if levels == 0 || levels > MAX_VOLUME_LEVELS as usize {
        let expected = format!("1 to {MAX_VOLUME_LEVELS}");
        let at = start + std::mem::offset_of!(VolumeHeader, level_count) as u64;
        return Err(Fault::new(Section::Volume, at, "levels", expected, levels));
    }
    let is_wide = volume.levels.iter().any(|level| matches!(level.parts, PartIds::U16(_)));
    let header = VolumeHeader {
        distance_encoding: DISTANCES_F16_SCALED,
        part_encoding: if is_wide { PARTS_U16 } else { PARTS_U8 },
        brick_cells: BRICK_CELLS,
        brick_samples: BRICK_SAMPLES,
        origin: volume.origin,
        cell_size: volume.cell_size,
        bricks: volume.bricks,
        lipschitz: volume.lipschitz,
        slab: volume.slab,
        level_count: levels as u32,
        reserved: 0,
    };
    let mut counts = Vec::with_capacity(levels);
    for (i, level) in volume.levels.iter().enumerate() {
        let (cells, stored) = (level.cells.len(), level.scales.len());
        let (Ok(cells), Ok(stored)) = (u32::try_from(cells), u32::try_from(stored)) else {
            let (what, expected) = (format!("cells of level {i}"), format!("at most {}", u32::MAX));
            return Err(Fault::new(Section::Volume, start, what, expected, cells.max(stored)));
        };
        counts.push(LevelCounts { cells, stored });
    }
    let plan = VolumePlan::new(header, counts, start)?;
    check::volume_header(&plan.header, start)?;
    Ok(plan)
}

fn shell_header(shell: &Shell) -> Result<ShellHeader, Fault> {
    let count = |what: &str, length: usize| {
        u32::try_from(length)
            .map_err(|_| Fault::new(Section::Shell, 0, what, format!("at most {}", u32::MAX), length))
    };
    Ok(ShellHeader {
        vertex_count: count("vertices", shell.positions.len())?,
        index_count: count("indices", shell.indices.len())?,
        part_count: count("parts", shell.parts.len())?,
        reserved: 0,
    })
}

fn json(section: Section, value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Fault::new(section, 0, "JSON", "something that JSON can say", error))?;
    if json.len() > MAX_METADATA_BYTES as usize {
        let expected = format!("at most {MAX_METADATA_BYTES} bytes");
        return Err(Fault::new(section, 0, "JSON", expected, json.len()));
    }
    Ok(json)
}

/// The arrays of a level are as long as the counts say that they will be found by.
fn expect_level(data: &AssetData, index: usize, layout: &LevelLayout, encoding: u32) -> Result<(), Fault> {
    let level = &data.volume.levels[index];
    let section = Section::Level(index as u32);
    expect_length(section, "distances", layout.distances, level.distances.len())?;
    expect_length(section, "part ids", layout.parts, level.parts.len())?;
    let is_wide = matches!(level.parts, PartIds::U16(_));
    if level.parts.is_empty() || is_wide == (encoding == PARTS_U16) {
        return Ok(());
    }
    let (at, found) = (layout.parts.start, level.parts.view().width());
    Err(Fault::new(section, at, "bytes of a part id", "the same for all levels", found))
}

/// Those of the shell.
fn expect_shell(shell: &Shell, layout: &ShellLayout) -> Result<(), Fault> {
    expect_length(Section::Shell, "normals", layout.normals, shell.normals.len())?;
    expect_length(Section::Shell, "welds", layout.weld, shell.weld.len())
}

fn expect_length(section: Section, what: &str, array: Array, found: usize) -> Result<(), Fault> {
    if array.count == found as u64 {
        return Ok(());
    }
    Err(Fault::new(section, array.start, what, array.count, found))
}

fn put(bytes: &mut [u8], at: u64, value: &[u8]) {
    let at = at as usize;
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn put_array<T: bytemuck::Pod>(bytes: &mut [u8], array: Array, values: &[T]) {
    bytes[array.bytes()].copy_from_slice(bytemuck::cast_slice(values));
}

//! The worked hex dump of `docs/format.md`, drawn from the bytes of a golden file.

use std::fmt::Write;

const BEGIN: &str = "<!-- dump of tests/golden/minimal.gve_bin: begin -->";
const END: &str = "<!-- dump: end -->";

/// The page with the dump between its markers replaced.
pub fn replace(page: &str, dump: &str) -> String {
    let (before, rest) = page.split_once(BEGIN).expect("the page has a marker where the dump begins");
    let (_, after) = rest.split_once(END).expect("the page has a marker where the dump ends");
    format!("{before}{BEGIN}\n```text\n{dump}```\n{END}{after}")
}

struct Dump<'a> {
    bytes: &'a [u8],
    at: usize,
    text: String,
}

impl<'a> Dump<'a> {
    /// Prints the next `count` bytes, eight to a line, with what they mean.
    fn row(&mut self, count: usize, meaning: impl AsRef<str>) -> &'a [u8] {
        let bytes = &self.bytes[self.at..self.at + count];
        for (line, chunk) in bytes.chunks(8).enumerate() {
            let hex: Vec<_> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let meaning = if line == 0 { meaning.as_ref() } else { "" };
            let row = format!("{:06x}  {:<23}  {meaning}", self.at + 8 * line, hex.join(" "));
            writeln!(self.text, "{}", row.trim_end()).unwrap();
        }
        self.at += count;
        bytes
    }

    fn heading(&mut self, text: &str) {
        writeln!(self.text, "{}-- {text}", if self.text.is_empty() { "" } else { "\n" }).unwrap();
    }

    fn u32(&mut self, meaning: &str) -> u32 {
        let value = self.peek_u32();
        self.row(4, format!("{meaning} {value}"));
        value
    }

    /// An offset or a size, also as the first column has it.
    fn place(&mut self, meaning: &str) -> u32 {
        let value = self.peek_u32();
        self.row(4, format!("{meaning} {value} ({value:06x})"));
        value
    }

    fn peek_u32(&self) -> u32 {
        u32::from_le_bytes(self.bytes[self.at..self.at + 4].try_into().unwrap())
    }

    fn f32s(&mut self, count: usize, meaning: &str) {
        let values: Vec<_> = self.bytes[self.at..self.at + 4 * count]
            .chunks(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).to_string())
            .collect();
        self.row(4 * count, format!("{meaning} {}", values.join(", ")));
    }

    fn u32s(&mut self, count: usize, meaning: &str) {
        let values: Vec<_> = self.bytes[self.at..self.at + 4 * count]
            .chunks(4)
            .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()).to_string())
            .collect();
        self.row(4 * count, format!("{meaning} {}", values.join(", ")));
    }

    fn skip_to(&mut self, to: usize, what: &str) {
        assert!(to >= self.at, "arrays stand in the order of the page");
        if to > self.at {
            writeln!(self.text, "        … {} bytes {what}", to - self.at).unwrap();
        }
        self.at = to;
    }

    fn boundary(&mut self) {
        self.skip_to(self.at.next_multiple_of(256), "of padding");
    }

    fn json(&mut self, size: usize, what: &str) {
        let shown = size.min(24);
        let text = String::from_utf8_lossy(&self.bytes[self.at..self.at + shown]).into_owned();
        let end = self.at + size;
        self.row(shown, format!("{what}, {size} bytes: {text}"));
        self.skip_to(end, "more of it");
    }
}

/// The dump of a file that this build's writer has written.
pub fn dump(bytes: &[u8]) -> String {
    let mut dump = Dump { bytes, at: 0, text: String::new() };
    let splat_count = header(&mut dump);
    let sections = directory(&mut dump);
    for (kind, index, offset, size) in sections {
        dump.boundary();
        assert_eq!(dump.at, offset);
        match kind {
            1 => {
                dump.heading("metadata section");
                let size = dump.place("size") as usize;
                dump.json(size, "JSON");
            }
            2 => {
                dump.heading("audio section");
                dump.json(size, "JSON");
            }
            3 => volume(&mut dump),
            4 => level(&mut dump, index),
            5 => splats(&mut dump, splat_count),
            6 => shell(&mut dump),
            _ => unreachable!("the writer knows no other kind"),
        }
        assert_eq!(dump.at, offset + size, "section {kind} ends where the directory says");
    }
    assert_eq!(dump.at, bytes.len(), "the file ends with its last section");
    dump.text
}

fn crc(dump: &mut Dump<'_>, meaning: &str) {
    let value = dump.peek_u32();
    dump.row(4, format!("{meaning} {value:#010x}"));
}

fn header(dump: &mut Dump<'_>) -> usize {
    dump.heading("header");
    dump.row(4, "magic \"GVE1\"");
    dump.row(2, "format version 2");
    dump.row(2, "flags: refinement 0");
    dump.row(8, format!("asset id {}", u64::from_le_bytes(dump.bytes[8..16].try_into().unwrap())));
    dump.u32("asset version");
    dump.place("file length");
    dump.place("SDF offset");
    dump.place("SDF size");
    dump.place("splat offset");
    let splat_count = dump.u32("splat count") as usize;
    dump.place("shell offset");
    dump.place("shell size");
    dump.place("audio offset");
    dump.place("audio size");
    dump.place("metadata offset");
    crc(dump, "CRC-32C of bytes 0 to the end of the directory,");
    splat_count
}

/// Kind, index, offset and size of each section.
fn directory(dump: &mut Dump<'_>) -> Vec<(u32, u32, usize, usize)> {
    dump.heading("directory");
    let count = dump.u32("sections");
    dump.row(12, "reserved");
    let names = ["", "metadata", "audio patch", "volume head", "volume level", "splats", "shell"];
    (0..count)
        .map(|i| {
            dump.heading(&format!("directory: section {i}"));
            let kind = dump.peek_u32();
            dump.row(4, format!("kind {kind}, {}", names[kind as usize]));
            let index = dump.u32("index");
            let offset = dump.place("offset") as usize;
            let size = dump.place("size") as usize;
            crc(dump, "CRC-32C");
            dump.u32("reserved");
            (kind, index, offset, size)
        })
        .collect()
}

fn volume(dump: &mut Dump<'_>) {
    dump.heading("volume head");
    dump.u32("distance encoding: f16 times scale,");
    dump.u32("part encoding: u8,");
    dump.u32("cells along a brick");
    dump.u32("samples along a brick");
    dump.f32s(3, "origin");
    dump.f32s(1, "cell size of level 0");
    dump.u32s(3, "bricks of level 0");
    dump.f32s(1, "Lipschitz bound");
    dump.u32s(2, "slab");
    let levels = dump.u32("levels");
    dump.u32("reserved");
    for level in 0..levels {
        dump.u32(&format!("level {level}: cells"));
        dump.u32(&format!("level {level}: stored bricks"));
    }
}

fn level(dump: &mut Dump<'_>, level: u32) {
    dump.heading(&format!("volume level {level}: cells, 1"));
    dump.u32("slot");
    let link = dump.u32("link");
    assert_eq!(link, u32::MAX, "the golden file's brick is not refined");
    dump.boundary();
    dump.heading(&format!("volume level {level}: scales, 1"));
    dump.f32s(1, "metres per unit");
    dump.boundary();
    dump.heading(&format!("volume level {level}: distances, 512 texels"));
    let corner = half::f16::from_le_bytes([dump.bytes[dump.at], dump.bytes[dump.at + 1]]);
    dump.row(16, format!("half floats, the first {corner}: {} m", corner.to_f32() * 0.5));
    dump.skip_to(dump.at + 1024 - 16, "for 504 texels");
    dump.boundary();
    dump.heading(&format!("volume level {level}: parts, 512 texels"));
    dump.row(8, "part 0 everywhere");
    dump.skip_to(dump.at + 512 - 8, "for 504 texels");
}

fn splats(dump: &mut Dump<'_>, count: usize) {
    let start = dump.at;
    dump.heading(&format!("splats, {count}"));
    dump.f32s(3, "position");
    dump.f32s(3, "scale");
    dump.f32s(4, "rotation x, y, z, w");
    dump.row(4, "colour: red, green, blue, opacity");
    dump.row(2, "octahedral normal 127, 0: along x");
    dump.row(1, "material 0");
    dump.row(1, "reserved");
    dump.skip_to(start + 48 * count, "for 5 splats");
}

fn shell(dump: &mut Dump<'_>) {
    dump.heading("shell section");
    let vertices = dump.u32("vertices") as usize;
    let indices = dump.u32("indices") as usize;
    let parts = dump.u32("parts") as usize;
    dump.u32("reserved");
    dump.boundary();
    for what in ["position", "normal"] {
        dump.heading(&format!("shell section: {what}s, {vertices}"));
        dump.f32s(3, what);
        dump.skip_to(dump.at + 12 * (vertices - 1), "for 5 vertices");
        dump.boundary();
    }
    dump.heading(&format!("shell section: weld, {vertices}"));
    dump.u32s(vertices, "welded to");
    dump.boundary();
    dump.heading(&format!("shell section: indices, {indices}"));
    dump.u32s(3, "first triangle");
    dump.skip_to(dump.at + 4 * (indices - 3), "for 7 triangles");
    dump.boundary();
    dump.heading(&format!("shell section: parts, {parts}"));
    dump.u32("material");
    dump.u32("first index");
    dump.u32("index count");
}

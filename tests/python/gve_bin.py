"""A reader of `.gve_bin` files, written from docs/format.md alone, with `struct` and `json`.

It knows nothing of the Rust code. It checks what the page lets it check cheaply, and is as slow as
an interpreter may be.
"""

import json
import math
import struct
from dataclasses import dataclass

HEADER = struct.Struct("<4sHHQ12I")
DIRECTORY = struct.Struct("<4I")
ENTRY = struct.Struct("<6I")
VOLUME_HEAD = struct.Struct("<4I3ff3If2III")
COUNTS = struct.Struct("<2I")
CELL = struct.Struct("<2I")
SPLAT = struct.Struct("<3f3f4f4B2bBB")
SHELL_HEADER = struct.Struct("<4I")
RUN = struct.Struct("<3I")

METADATA, AUDIO, VOLUME, LEVEL, SPLATS, SHELL = range(1, 7)
NONE = 2**32 - 1


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit as its definition has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def boundary(at: int) -> int:
    """The next multiple of 256."""
    return -(-at // 256) * 256


def as_float(bits: int) -> float:
    """The number whose single-precision bits these are."""
    return struct.unpack("<f", struct.pack("<I", bits))[0]


@dataclass(frozen=True)
class Entry:
    """What the directory says of a section."""

    kind: int
    index: int
    offset: int
    size: int
    crc: int
    reserved: int

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Level:
    """The arrays of one level."""

    cells: list[list[int]]
    scales: list[float]
    distances: list[float]
    parts: list[int]


@dataclass(frozen=True)
class Sample:
    """What a volume holds at a point."""

    distance: float
    part: int | None
    level: int

    @property
    def stored(self) -> bool:
        return self.part is not None


class Gve:
    """A file, or the first bytes of one."""

    def __init__(self, data: bytes):
        self.data = data
        (
            self.magic,
            self.format_version,
            self.flags,
            self.asset_id,
            self.version,
            self.file_length,
            self.sdf_offset,
            self.sdf_size,
            self.splat_offset,
            self.splat_count,
            self.shell_offset,
            self.shell_size,
            self.audio_offset,
            self.audio_size,
            self.metadata_offset,
            self.crc,
        ) = HEADER.unpack_from(data)
        count, *self.directory_reserved = DIRECTORY.unpack_from(data, HEADER.size)
        first = HEADER.size + DIRECTORY.size
        self.directory_end = first + count * ENTRY.size
        listed = data[first : self.directory_end]
        self.entries = [Entry(*fields) for fields in ENTRY.iter_unpack(listed)]

    def start_crc(self) -> int:
        """The checksum of header and directory, its own place zero."""
        start = self.data[: self.directory_end]
        return crc32c(start[:60] + bytes(4) + start[64:])

    def complete(self) -> list[Entry]:
        """The sections that are there."""
        return [entry for entry in self.entries if entry.end <= len(self.data)]

    def section(self, kind: int, index: int = 0) -> Entry:
        """The one section of a kind and index."""
        (found,) = [e for e in self.entries if (e.kind, e.index) == (kind, index)]
        return found

    def bytes_of(self, entry: Entry) -> bytes:
        return self.data[entry.offset : entry.end]

    def array(self, at: int, count: int, code: str) -> tuple[list, int]:
        """Numbers at the next boundary, and where they end."""
        layout = struct.Struct(f"<{count}{code}")
        at = boundary(at)
        return list(layout.unpack_from(self.data, at)), at + layout.size

    def vectors(self, at: int, count: int) -> tuple[list, int]:
        numbers, end = self.array(at, 3 * count, "f")
        return [numbers[i : i + 3] for i in range(0, len(numbers), 3)], end

    def metadata(self) -> dict:
        data = self.bytes_of(self.section(METADATA))
        (size,) = struct.unpack_from("<I", data)
        assert size + 4 == len(data)
        return json.loads(data[4:])

    def audio_patch(self) -> dict:
        return json.loads(self.bytes_of(self.section(AUDIO)))

    def volume(self, levels: int | None = None) -> "Volume":
        """The volume of the first levels, of all of them if not said otherwise."""
        return Volume(self, levels)

    def splats(self) -> list[dict]:
        data = self.bytes_of(self.section(SPLATS))
        found = []
        for fields in SPLAT.iter_unpack(data):
            assert fields[17] == 0, "reserved"
            found.append(
                {
                    "position": list(fields[0:3]),
                    "scale": list(fields[3:6]),
                    "rotation": list(fields[6:10]),
                    "color": list(fields[10:14]),
                    "normal_oct": list(fields[14:16]),
                    "material": fields[16],
                }
            )
        return found

    def shell(self) -> dict:
        entry = self.section(SHELL)
        vertices, indices, runs, reserved = SHELL_HEADER.unpack_from(self.data, entry.offset)
        assert reserved == 0
        positions, end = self.vectors(entry.offset + SHELL_HEADER.size, vertices)
        normals, end = self.vectors(end, vertices)
        weld, end = self.array(end, vertices, "I")
        index_list, end = self.array(end, indices, "I")
        at = boundary(end)
        assert at + runs * RUN.size == entry.end
        return {
            "positions": positions,
            "normals": normals,
            "weld": weld,
            "indices": index_list,
            "parts": [
                {"material": material, "first_index": first, "index_count": count}
                for material, first, count in RUN.iter_unpack(self.data[at : entry.end])
            ],
        }


class Volume:
    """The tree of bricks, and how it is read at a point."""

    def __init__(self, file: Gve, levels: int | None):
        head = file.section(VOLUME)
        fields = VOLUME_HEAD.unpack_from(file.data, head.offset)
        self.encodings = fields[:4]
        self.origin = list(fields[4:7])
        self.cell_size = fields[7]
        self.bricks = list(fields[8:11])
        self.lipschitz = fields[11]
        self.slab = list(fields[12:14])
        self.level_count, self.reserved = fields[14:]
        counts = file.data[head.offset + VOLUME_HEAD.size : head.end]
        self.counts = list(COUNTS.iter_unpack(counts))
        assert len(self.counts) == self.level_count
        wanted = self.level_count if levels is None else levels
        self.levels = [self._level(file, level) for level in range(wanted)]

    def layers(self, stored: int) -> int:
        return -(-stored // (self.slab[0] * self.slab[1]))

    def _level(self, file: Gve, level: int) -> Level:
        entry = file.section(LEVEL, level)
        count, stored = self.counts[level]
        texels = 512 * self.slab[0] * self.slab[1] * self.layers(stored)
        numbers, end = file.array(entry.offset, 2 * count, "I")
        cells = [numbers[i : i + 2] for i in range(0, len(numbers), 2)]
        scales, end = file.array(end, stored, "f")
        distances, end = file.array(end, texels, "e")
        parts, end = file.array(end, texels, {1: "B", 2: "H"}[self.encodings[1]])
        assert end == entry.end
        return Level(cells, scales, distances, parts)

    def texel(self, slot: int, sample: tuple) -> int:
        """Where a sample of a stored brick lies in the arrays of its level."""
        sx, sy = self.slab
        x = 8 * (slot % sx) + sample[0]
        y = 8 * (slot // sx % sy) + sample[1]
        z = 8 * (slot // (sx * sy)) + sample[2]
        return x + 8 * sx * (y + 8 * sy * z)

    def sample(self, point: list[float]) -> Sample | None:
        """The finest that is there, or nothing outside the grid."""
        side = 7 * self.cell_size
        local = [(p - o) / side for p, o in zip(point, self.origin, strict=True)]
        if not all(0 <= x <= n for x, n in zip(local, self.bricks, strict=True)):
            return None
        at = [min(int(x), n - 1) for x, n in zip(local, self.bricks, strict=True)]
        local = [x - a for x, a in zip(local, at, strict=True)]
        index = at[0] + self.bricks[0] * (at[1] + self.bricks[1] * at[2])
        level = 0
        while True:
            slot, link = self.levels[level].cells[index]
            if slot == NONE:
                return Sample(as_float(link), None, level)
            if link == NONE or level + 1 == len(self.levels):
                return self._stored(level, slot, [7 * x for x in local])
            upper = [int(x >= 0.5) for x in local]
            index = 8 * link + upper[0] + 2 * upper[1] + 4 * upper[2]
            local = [2 * x - u for x, u in zip(local, upper, strict=True)]
            level += 1

    def _stored(self, level: int, slot: int, local: list[float]) -> Sample:
        low = [min(int(x), 6) for x in local]
        t = [x - c for x, c in zip(local, low, strict=True)]
        arrays = self.levels[level]
        distance = 0.0
        for corner in range(8):
            bits = [corner >> axis & 1 for axis in range(3)]
            weight = math.prod(x if bit else 1 - x for x, bit in zip(t, bits, strict=True))
            sample = tuple(c + bit for c, bit in zip(low, bits, strict=True))
            distance += weight * arrays.distances[self.texel(slot, sample)]
        nearest = tuple(min(int(x + 0.5), 7) for x in local)
        part = arrays.parts[self.texel(slot, nearest)]
        return Sample(distance * arrays.scales[slot], part, level)

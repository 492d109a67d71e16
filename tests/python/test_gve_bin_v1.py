"""Reads the golden `.gve_bin` files of format version 1 with `struct` and `json` alone.

An independent witness: it follows what docs/format.md says of version 1, knows nothing of the Rust
code, and compares what it finds with the JSON twin beside each file.
"""

import json
import struct
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v1"
NAMES = ["minimal", "several_materials"]

HEADER = struct.Struct("<4sHHQII II II II II I I")
SDF_HEADER = struct.Struct("<4I3ff3If3II")
SHELL_HEADER = struct.Struct("<4I")
CELL = struct.Struct("<If")
SPLAT = struct.Struct("<3f3f4f4B2bBB")
PART = struct.Struct("<3I")


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


class Gve:
    """A file, section by section."""

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

    def array(self, at: int, count: int, code: str) -> tuple[tuple, int]:
        """Numbers at the next boundary, and where they end."""
        layout = struct.Struct(f"<{count}{code}")
        at = boundary(at)
        return layout.unpack_from(self.data, at), at + layout.size

    def vectors(self, at: int, count: int) -> tuple[list, int]:
        numbers, end = self.array(at, 3 * count, "f")
        return [list(numbers[i : i + 3]) for i in range(0, len(numbers), 3)], end

    def sdf(self) -> dict:
        fields = SDF_HEADER.unpack_from(self.data, self.sdf_offset)
        bricks, atlas_bricks = fields[8:11], fields[12:15]
        texels = 512 * atlas_bricks[0] * atlas_bricks[1] * atlas_bricks[2]
        cells = bricks[0] * bricks[1] * bricks[2]
        grid_at = boundary(self.sdf_offset + SDF_HEADER.size)
        grid = [list(cell) for cell in CELL.iter_unpack(self.data[grid_at : grid_at + 8 * cells])]
        distances, end = self.array(grid_at + 8 * cells, texels, "e")
        materials, end = self.array(end, texels, "B")
        return {
            "fixed": fields[:4] + fields[15:],
            "origin": list(fields[4:7]),
            "cell_size": fields[7],
            "bricks": list(bricks),
            "lipschitz": fields[11],
            "atlas_bricks": list(atlas_bricks),
            "grid": grid,
            "distances": list(distances),
            "materials": list(materials),
            "size": end - self.sdf_offset,
        }

    def splats(self) -> list[dict]:
        found = []
        for i in range(self.splat_count):
            fields = SPLAT.unpack_from(self.data, self.splat_offset + i * SPLAT.size)
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
        vertices, indices, parts, reserved = SHELL_HEADER.unpack_from(self.data, self.shell_offset)
        assert reserved == 0
        positions, end = self.vectors(self.shell_offset + SHELL_HEADER.size, vertices)
        normals, end = self.vectors(end, vertices)
        weld, end = self.array(end, vertices, "I")
        index_list, end = self.array(end, indices, "I")
        at = boundary(end)
        runs = list(PART.iter_unpack(self.data[at : at + parts * PART.size]))
        return {
            "positions": positions,
            "normals": normals,
            "weld": list(weld),
            "indices": list(index_list),
            "parts": [
                {"material": material, "first_index": first, "index_count": count}
                for material, first, count in runs
            ],
            "size": at + parts * PART.size - self.shell_offset,
        }

    def audio_patch(self) -> dict:
        return json.loads(self.data[self.audio_offset : self.audio_offset + self.audio_size])

    def metadata(self) -> dict:
        (size,) = struct.unpack_from("<I", self.data, self.metadata_offset)
        start = self.metadata_offset + 4
        assert start + size == len(self.data), "the writer ends the file with its metadata"
        return json.loads(self.data[start : start + size])


@pytest.fixture(params=NAMES)
def pair(request) -> tuple[Gve, dict]:
    """A golden file and its twin."""
    path = GOLDEN / f"{request.param}.gve_bin"
    twin = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Gve(path.read_bytes()), twin


def test_structures_have_the_documented_sizes():
    assert (HEADER.size, SDF_HEADER.size, SHELL_HEADER.size) == (64, 64, 16)
    assert (CELL.size, SPLAT.size, PART.size) == (8, 48, 12)
    assert crc32c(b"123456789") == 0xE3069283


def test_header(pair):
    file, twin = pair
    assert file.magic == b"GVE1"
    assert file.format_version == 1
    assert file.flags == (1 if twin["header"]["splats_trained"] else 0)
    assert file.asset_id == twin["header"]["asset_id"]
    assert file.version == twin["header"]["version"]
    assert file.file_length == len(file.data)
    without_checksum = file.data[:60] + bytes(4) + file.data[64:]
    assert file.crc == crc32c(without_checksum)


def test_sections_stand_on_boundaries_in_order(pair):
    file, _ = pair
    offsets = [
        file.sdf_offset,
        file.splat_offset,
        file.shell_offset,
        file.audio_offset,
        file.metadata_offset,
    ]
    assert all(offset % 256 == 0 for offset in offsets)
    ends = [
        HEADER.size,
        file.sdf_offset + file.sdf_size,
        file.splat_offset + file.splat_count * SPLAT.size,
        file.shell_offset + file.shell_size,
        file.audio_offset + file.audio_size,
    ]
    for end, offset in zip(ends, offsets, strict=True):
        assert offset == boundary(end)
        assert not any(file.data[end:offset]), "padding is zero"


def test_sdf(pair):
    file, twin = pair
    sdf = file.sdf()
    assert sdf["fixed"] == (1, 1, 7, 8, 0)
    assert sdf["size"] == file.sdf_size
    for field in ["origin", "cell_size", "lipschitz", "bricks", "atlas_bricks"]:
        assert sdf[field] == twin["sdf"][field], field
    for field in ["grid", "distances", "materials"]:
        assert sdf[field] == twin[field], field


def test_samples_are_distances_to_the_ball():
    """The values mean what the page says: position of a sample, sign, unit."""
    sdf = Gve((GOLDEN / "minimal.gve_bin").read_bytes()).sdf()
    for k in range(8):
        for j in range(8):
            for i in range(8):
                steps = zip(sdf["origin"], (i, j, k), strict=True)
                point = [origin + sdf["cell_size"] * n for origin, n in steps]
                expected = sum(x * x for x in point) ** 0.5 - 0.25
                # Half a unit in the last place of a half float below 0.5, and single precision.
                assert sdf["distances"][i + 8 * j + 64 * k] == pytest.approx(expected, abs=2.0**-13)


def test_splats(pair):
    file, twin = pair
    assert file.splats() == twin["splats"]


def test_shell(pair):
    file, twin = pair
    shell = file.shell()
    assert shell.pop("size") == file.shell_size
    assert shell == twin["shell"]


def test_shell_is_closed_and_faces_outwards(pair):
    """Welded, every edge is met once in each direction; the enclosed volume is positive."""
    file, _ = pair
    shell = file.shell()
    edges = set()
    volume = 0.0
    for at in range(0, len(shell["indices"]), 3):
        corners = shell["indices"][at : at + 3]
        welded = [shell["weld"][corner] for corner in corners]
        for a, b in zip(welded, welded[1:] + welded[:1], strict=True):
            assert (a, b) not in edges
            edges.add((a, b))
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (shell["positions"][c] for c in corners)
        volume += ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    assert all((b, a) in edges for a, b in edges)
    assert volume > 0.0


def test_audio_patch_and_metadata(pair):
    file, twin = pair
    assert file.audio_patch() == twin["audio_patch"]
    assert file.metadata() == twin["metadata"]

"""Reads the golden `.gve_bin` files with `gve_bin.py`, which was written from docs/format.md.

An independent witness: it compares what it finds with the JSON twin beside each file, and with the
shapes that the files were made from.
"""

import json
from pathlib import Path

import gve_bin
import pytest
from gve_bin import AUDIO, LEVEL, METADATA, NONE, SHELL, SPLATS, VOLUME, Gve, boundary, crc32c

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
NAMES = ["minimal", "several_materials"]

BALLS = [([-1.0375, 0.0875, 0.0875], 0.1, 3), ([0.2375, -0.2625, -0.2625], 0.05, 1)]
"""Centre, radius and part of the balls that `several_materials` was sampled from."""


@pytest.fixture(params=NAMES)
def pair(request) -> tuple[Gve, dict]:
    """A golden file and its twin."""
    path = GOLDEN / f"{request.param}.gve_bin"
    twin = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Gve(path.read_bytes()), twin


def test_structures_have_the_documented_sizes():
    sizes = [gve_bin.HEADER, gve_bin.DIRECTORY, gve_bin.ENTRY, gve_bin.VOLUME_HEAD]
    assert [layout.size for layout in sizes] == [64, 16, 24, 64]
    sizes = [gve_bin.COUNTS, gve_bin.CELL, gve_bin.SPLAT, gve_bin.SHELL_HEADER, gve_bin.RUN]
    assert [layout.size for layout in sizes] == [8, 8, 48, 16, 12]
    assert crc32c(b"123456789") == 0xE3069283


def test_header(pair):
    file, twin = pair
    assert file.magic == b"GVE1"
    assert file.format_version == 2
    assert file.flags == twin["header"]["refinement"]
    assert file.asset_id == twin["header"]["asset_id"]
    assert file.version == twin["header"]["version"]
    assert file.file_length == len(file.data)


def test_every_byte_is_covered_by_a_checksum_or_is_a_zero_between_sections(pair):
    file, _ = pair
    assert file.directory_reserved == [0, 0, 0]
    assert file.crc == file.start_crc()
    end = file.directory_end
    for entry in file.entries:
        assert entry.offset == boundary(end)
        assert not any(file.data[end : entry.offset]), "padding is zero"
        assert entry.crc == crc32c(file.bytes_of(entry))
        assert entry.reserved == 0
        end = entry.end
    assert end == file.file_length


def test_sections_stand_in_the_documented_order(pair):
    file, _ = pair
    levels = file.volume().level_count
    order = [(METADATA, 0), (AUDIO, 0), (VOLUME, 0)]
    order += [(LEVEL, level) for level in range(levels)] + [(SPLATS, 0), (SHELL, 0)]
    assert [(entry.kind, entry.index) for entry in file.entries] == order


def test_the_header_names_the_places_of_the_directory(pair):
    file, _ = pair
    volume, splats, shell = (file.section(kind) for kind in (VOLUME, SPLATS, SHELL))
    audio, metadata = file.section(AUDIO), file.section(METADATA)
    last = file.section(LEVEL, file.volume().level_count - 1)
    assert (file.sdf_offset, file.sdf_size) == (volume.offset, last.end - volume.offset)
    assert (file.splat_offset, file.splat_count * 48) == (splats.offset, splats.size)
    assert (file.shell_offset, file.shell_size) == (shell.offset, shell.size)
    assert (file.audio_offset, file.audio_size) == (audio.offset, audio.size)
    assert file.metadata_offset == metadata.offset


def test_volume(pair):
    file, twin = pair
    volume = file.volume()
    assert volume.encodings == (2, 1, 7, 8)
    assert volume.reserved == 0
    for field in ["origin", "cell_size", "lipschitz", "bricks", "slab"]:
        assert getattr(volume, field) == twin["volume"][field], field
    assert len(volume.levels) == len(twin["levels"])
    for level, expected in zip(volume.levels, twin["levels"], strict=True):
        for field in ["cells", "scales", "distances", "parts"]:
            assert getattr(level, field) == expected[field], field


def test_every_slot_and_every_group_is_used_once(pair):
    file, _ = pair
    volume = file.volume()
    for level, (cells, stored) in enumerate(volume.counts):
        slots = sorted(slot for slot, _ in volume.levels[level].cells if slot != NONE)
        links = [link for slot, link in volume.levels[level].cells if slot != NONE]
        groups = sorted(link for link in links if link != NONE)
        finer = volume.counts[level + 1][0] if level + 1 < volume.level_count else 0
        assert (len(volume.levels[level].cells), slots) == (cells, list(range(stored)))
        assert groups == list(range(finer // 8))


def test_samples_are_distances_to_the_ball():
    """The values mean what the page says: position of a sample, sign, unit, scale."""
    volume = Gve((GOLDEN / "minimal.gve_bin").read_bytes()).volume()
    level = volume.levels[0]
    for k in range(8):
        for j in range(8):
            for i in range(8):
                steps = zip(volume.origin, (i, j, k), strict=True)
                point = [origin + volume.cell_size * n for origin, n in steps]
                expected = sum(x * x for x in point) ** 0.5 - 0.25
                found = level.distances[volume.texel(0, (i, j, k))] * level.scales[0]
                # Half a unit in the last place of a half float below 1, times the scale.
                assert found == pytest.approx(expected, abs=0.5 * 2.0**-12)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_lookups_meet_the_balls_at_every_number_of_levels(levels):
    """The first levels are a complete volume; each further one is finer."""
    volume = Gve((GOLDEN / "several_materials.gve_bin").read_bytes()).volume(levels)
    assert volume.sample([9.0, 0.0, 0.0]) is None
    met = set()
    for step in range(3000):
        t = [step * g % 1.0 for g in (0.7548777, 0.5698403, 0.438579)]
        # All of it, and every other point near the ball on the right.
        low, width = ([0.15, -0.35, -0.35], 0.175) if step % 2 else ([-1.25, -0.35, -0.35], 0.7)
        point = [o + width * (0.01 + 0.98 * x) for o, x in zip(low, t, strict=True)]
        sample = volume.sample(point)
        truth, part = min(
            (sum((p - c) ** 2 for p, c in zip(point, center, strict=True)) ** 0.5 - radius, part)
            for center, radius, part in BALLS
        )
        if sample.stored:
            met.add(sample.level)
            # Interpolation at the tip of a cone is off by most of a cell.
            assert abs(sample.distance - truth) < volume.cell_size / 2**sample.level
            assert sample.part == part or truth > 0.2
        else:
            # A bound: the same side, and never farther than the surface is.
            assert abs(sample.distance) <= abs(truth)
            assert sample.distance * truth >= 0
    # Both bricks of level 0 are refined, and one of the two of level 1.
    assert met == {1: {0}, 2: {1}, 3: {1, 2}}[levels]


def test_a_download_can_be_used_before_it_is_there():
    data = (GOLDEN / "several_materials.gve_bin").read_bytes()
    whole = Gve(data)
    for levels in (1, 2):
        there = Gve(data[: whole.section(LEVEL, levels - 1).end])
        kinds = [entry.kind for entry in there.complete()]
        assert kinds == [METADATA, AUDIO, VOLUME] + [LEVEL] * levels
        assert all(entry.crc == crc32c(there.bytes_of(entry)) for entry in there.complete())
        assert there.metadata()["name"] == whole.metadata()["name"]
        assert there.volume(levels).levels == whole.volume(levels).levels


def test_splats(pair):
    file, twin = pair
    assert file.splats() == twin["splats"]


def test_shell(pair):
    file, twin = pair
    assert file.shell() == twin["shell"]


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

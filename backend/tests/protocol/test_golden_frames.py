"""Frames that Rust wrote, read by Python; and Python's, compared with Rust's byte for byte."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from harness import golden_dir

from architect.generated.models import CompileStage, MessageType
from architect.protocol.frame import (
    STAGES,
    Frame,
    FrameError,
    parse_client_frame,
    parse_frame,
    parse_progress,
    progress_payload,
    reason_payload,
)

FRAMES: Path = golden_dir() / "frames"
INDEX: list[dict[str, Any]] = json.loads((FRAMES / "index.json").read_text())["frames"]
GOOD = [entry for entry in INDEX if entry["error"] is None]
BAD_REQUESTS = [entry for entry in INDEX if entry["error"] and entry["sender"] == "client"]
BAD_PROGRESS = [entry for entry in INDEX if entry["name"].startswith("bad_progress")]
TYPES = {"".join(w.title() for w in one.name.split("_")): one for one in MessageType}


def read(entry: dict[str, Any]) -> bytes:
    return (FRAMES / str(entry["file"])).read_bytes()


def payload(message: dict[str, Any]) -> bytes:
    """What a message carries, as this side would write it."""
    if "payload_file" in message:
        return (FRAMES / str(message["payload_file"])).read_bytes()
    if "stage" in message:
        return progress_payload(STAGES[message["stage"]], message["progress"])
    if message["type"] == "AssetInvalid":
        return reason_payload(message["text"])
    return str(message.get("text", "")).encode()


def test_the_golden_frames_cover_every_message() -> None:
    assert {TYPES[entry["message"]["type"]] for entry in GOOD} == set(MessageType)
    assert len(BAD_REQUESTS) >= 15


@pytest.mark.parametrize("entry", GOOD, ids=lambda entry: entry["name"])
def test_good_frames_are_written_and_read_alike(entry: dict[str, Any]) -> None:
    message = entry["message"]
    frame = Frame(TYPES[message["type"]], message["asset_id"], message["version"], payload(message))
    assert frame.to_bytes() == read(entry)
    parse = parse_client_frame if entry["sender"] == "client" else parse_frame
    assert parse(read(entry)) == frame


@pytest.mark.parametrize("entry", GOOD, ids=lambda entry: entry["name"])
def test_the_header_lies_where_the_index_says(entry: dict[str, Any]) -> None:
    data, header = read(entry), entry["header"]
    fields = (data[0:1], data[1:9], data[9:13], data[13:17], data[17:18])
    assert [field.hex() for field in fields] == list(header.values())


@pytest.mark.parametrize("entry", BAD_REQUESTS, ids=lambda entry: entry["name"])
def test_bad_requests_are_refused_for_the_same_reason_as_in_rust(entry: dict[str, Any]) -> None:
    with pytest.raises(FrameError) as caught:
        parse_client_frame(read(entry))
    assert caught.value.kind == entry["error"]
    assert caught.value.close_code == (1009 if entry["error"] == "payload_too_large" else 1002)


@pytest.mark.parametrize("entry", BAD_PROGRESS, ids=lambda entry: entry["name"])
def test_bad_progress_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(FrameError) as caught:
        parse_progress(parse_frame(read(entry)).payload)
    assert caught.value.kind == entry["error"]


def test_progress_goes_there_and_back() -> None:
    assert progress_payload(CompileStage.SPLAT_TRAIN, 0.5) == struct.pack("<Bf", 3, 0.5)
    for stage in CompileStage:
        assert parse_progress(progress_payload(stage, 0.25)) == (stage, 0.25)


def test_a_reason_is_cut_between_characters() -> None:
    cut = reason_payload("ß" * 10_000)
    assert len(cut) == 16_384
    assert set(cut.decode()) == {"ß"}
    odd = reason_payload("a" + "ß" * 10_000)
    assert len(odd) == 16_383
    assert reason_payload("\ud800") == b"?"

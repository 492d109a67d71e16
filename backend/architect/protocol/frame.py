"""The frame: an 18-byte header and a payload, little-endian and packed.

`msg_type u8 @0, asset_id u64 @1, version u32 @9, payload_len u32 @13, reserved u8 @17`.
Rust's side of it is `gve_types::protocol`; both are tested against the same golden frames.
"""

import struct
from dataclasses import dataclass

from architect.generated.models import CompileStage, MessageType
from architect.limits import MAX_PAYLOAD_BYTES, MAX_WIRE_ID

HEADER = struct.Struct("<BQIIB")
HEADER_BYTES = HEADER.size
_PROGRESS = struct.Struct("<Bf")
STAGES = list(CompileStage)
"""All stages in order; the index is the stage's number in an `AssetProgress` frame."""


class FrameError(Exception):
    """Why bytes are not a frame: what was expected and found, and where."""

    close_code = 1002
    """Protocol error."""


class PayloadTooLargeFrameError(FrameError):
    """A payload beyond the limit."""

    close_code = 1009
    """Message too big."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A message of the binary protocol."""

    msg_type: MessageType
    """What it says."""
    asset_id: int
    """The asset's wire id."""
    version: int
    """The asset's version."""
    payload: bytes = b""
    """What follows the header."""

    def to_bytes(self) -> bytes:
        """Header and payload."""
        return pack_header(self.msg_type, self.asset_id, self.version, len(self.payload)) + (
            self.payload
        )


def pack_header(msg_type: MessageType, asset_id: int, version: int, payload_len: int) -> bytes:
    """The 18 bytes in front of a payload."""
    return HEADER.pack(msg_type, asset_id, version, payload_len, 0)


def parse_frame(data: bytes) -> Frame:
    """Reads a whole frame; the payload must have exactly the announced length.

    Raises:
        FrameError: what is wrong, checked in the order of Rust's `split_frame`.

    """
    if len(data) < HEADER_BYTES:
        raise FrameError(
            f"a frame starts with an {HEADER_BYTES}-byte header, found {len(data)} bytes"
        )
    number, asset_id, version, payload_len, reserved = HEADER.unpack_from(data)
    try:
        msg_type = MessageType(number)
    except ValueError:
        raise FrameError(f"unknown message type {number:#04x} at offset 0") from None
    if not 0 < asset_id < MAX_WIRE_ID:
        raise FrameError(f"asset id {asset_id} at offset 1 is not between 1 and 2^53")
    if reserved != 0:
        raise FrameError(f"reserved byte at offset 17 must be 0, found {reserved}")
    if payload_len > MAX_PAYLOAD_BYTES:
        raise PayloadTooLargeFrameError(
            f"payload of {payload_len} bytes is over the limit of {MAX_PAYLOAD_BYTES}"
        )
    found = len(data) - HEADER_BYTES
    if found != payload_len:
        raise FrameError(f"header announces {payload_len} bytes of payload, found {found}")
    return Frame(msg_type, asset_id, version, data[HEADER_BYTES:])


def progress_payload(stage: CompileStage, progress: float) -> bytes:
    """Payload of `AssetProgress`: the stage's number (u8) and its share done, 0 to 1 (f32)."""
    return _PROGRESS.pack(STAGES.index(stage), progress)


def parse_progress(payload: bytes) -> tuple[CompileStage, float]:
    """Reads the payload of `AssetProgress`.

    Raises:
        FrameError: it has another length, an unknown stage or a share outside of 0 to 1.

    """
    if len(payload) != _PROGRESS.size:
        raise FrameError(f"progress takes {_PROGRESS.size} bytes, found {len(payload)}")
    number, progress = _PROGRESS.unpack(payload)
    if number >= len(STAGES):
        raise FrameError(f"stage must be 0 to {len(STAGES) - 1}, found {number}")
    if not 0.0 <= progress <= 1.0:
        raise FrameError(f"progress must be 0 to 1, found {progress}")
    return STAGES[number], progress

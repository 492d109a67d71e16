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
MAX_REASON_BYTES = 16 << 10
"""Most bytes of an `AssetInvalid` text that clients keep."""
STAGES = list(CompileStage)
"""All stages in order; the index is the stage's number in an `AssetProgress` frame."""


PROTOCOL_ERROR = 1002
MESSAGE_TOO_BIG = 1009


class FrameError(Exception):
    """Why bytes are not a frame: what was expected and found, and where."""

    def __init__(self, kind: str, message: str) -> None:
        """Takes the kind for programs, as the golden frames name it, and the text for people."""
        super().__init__(message)
        self.kind = kind
        self.close_code = MESSAGE_TOO_BIG if kind == "payload_too_large" else PROTOCOL_ERROR
        """What a connection is closed with."""


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
            "too_short",
            f"a frame starts with an {HEADER_BYTES}-byte header, found {len(data)} bytes",
        )
    number, asset_id, version, payload_len, reserved = HEADER.unpack_from(data)
    try:
        msg_type = MessageType(number)
    except ValueError:
        raise FrameError(
            "unknown_type", f"unknown message type {number:#04x} at offset 0"
        ) from None
    if not 0 < asset_id < MAX_WIRE_ID:
        raise FrameError(
            "bad_asset_id", f"asset id {asset_id} at offset 1 is not between 1 and 2^53"
        )
    if reserved != 0:
        raise FrameError("reserved_set", f"reserved byte at offset 17 must be 0, found {reserved}")
    if payload_len > MAX_PAYLOAD_BYTES:
        raise FrameError(
            "payload_too_large",
            f"payload of {payload_len} bytes is over the limit of {MAX_PAYLOAD_BYTES}",
        )
    found = len(data) - HEADER_BYTES
    if found != payload_len:
        raise FrameError(
            "payload_length", f"header announces {payload_len} bytes of payload, found {found}"
        )
    return Frame(msg_type, asset_id, version, data[HEADER_BYTES:])


_FROM_CLIENTS = (
    MessageType.REQUEST_ASSET,
    MessageType.REQUEST_COMPILE,
    MessageType.CANCEL_COMPILE,
)


def parse_client_frame(data: bytes) -> Frame:
    """Reads a whole frame that a client sent.

    Raises:
        FrameError: what is wrong with it; also a message or a payload that clients do not send.

    """
    frame = parse_frame(data)
    if frame.msg_type not in _FROM_CLIENTS:
        name = frame.msg_type.name
        raise FrameError("wrong_direction", f"{name} is sent by the Architect, not to it")
    if frame.payload and frame.msg_type is not MessageType.REQUEST_COMPILE:
        raise FrameError(
            "unexpected_payload",
            f"{frame.msg_type.name} has no payload, found {len(frame.payload)} bytes",
        )
    return frame


def progress_payload(stage: CompileStage, progress: float) -> bytes:
    """Payload of `AssetProgress`: the stage's number (u8) and its share done, 0 to 1 (f32)."""
    return _PROGRESS.pack(STAGES.index(stage), progress)


def parse_progress(payload: bytes) -> tuple[CompileStage, float]:
    """Reads the payload of `AssetProgress`.

    Raises:
        FrameError: it has another length, an unknown stage or a share outside of 0 to 1.

    """
    if len(payload) != _PROGRESS.size:
        raise FrameError(
            "progress_length", f"progress takes {_PROGRESS.size} bytes, found {len(payload)}"
        )
    number, progress = _PROGRESS.unpack(payload)
    if number >= len(STAGES):
        raise FrameError("unknown_stage", f"stage must be 0 to {len(STAGES) - 1}, found {number}")
    if not 0.0 <= progress <= 1.0:
        raise FrameError("bad_share", f"progress must be 0 to 1, found {progress}")
    return STAGES[number], progress


def reason_payload(text: str) -> bytes:
    """Payload of `AssetInvalid`: the text as UTF-8, cut off where clients would."""
    # A lone half of a character, as in a JSON text, has no UTF-8.
    return text.encode(errors="replace")[:MAX_REASON_BYTES].decode(errors="ignore").encode()

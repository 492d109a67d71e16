"""The bytes of `AssetReady` frames: read once, shared by all clients."""

import asyncio
import logging
import os
from collections import OrderedDict
from pathlib import Path

import gve_native

from architect.generated.models import MessageType
from architect.limits import MAX_PAYLOAD_BYTES
from architect.protocol.frame import pack_header

_LOG = logging.getLogger(__name__)


class BinaryUnavailableError(Exception):
    """There is no such binary (any more), or it cannot be sent."""


class FrameCache:
    """Whole frames by asset and version, the ones used last. Belongs to one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        """Takes how many bytes are kept beyond those that are being sent."""
        self._limit_bytes = limit_bytes
        self._frames: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._size_bytes = 0
        self._loading: dict[tuple[int, int], asyncio.Task[bytes]] = {}

    def kept(self, asset_id: int, version: int) -> bytes | None:
        """The frame if it is in memory."""
        key = (asset_id, version)
        if key in self._frames:
            self._frames.move_to_end(key)
        return self._frames.get(key)

    async def frame(self, asset_id: int, version: int, path: Path) -> bytes:
        """The `AssetReady` frame of a binary; several askers wait for one reading.

        Raises:
            BinaryUnavailableError: the file is gone, damaged, too large or of another version.

        """
        key = (asset_id, version)
        kept = self.kept(asset_id, version)
        if kept is not None:
            return kept
        task = self._loading.get(key)
        if task is None:
            task = asyncio.create_task(self._load(key, path))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._loaded(key, done))
        return await asyncio.shield(task)

    def forget(self, asset_id: int) -> None:
        """Drops an asset's frames: its binary has been replaced or removed."""
        for key in [key for key in self._frames if key[0] == asset_id]:
            self._size_bytes -= len(self._frames.pop(key))
        for key in [key for key in self._loading if key[0] == asset_id]:
            del self._loading[key]

    async def _load(self, key: tuple[int, int], path: Path) -> bytes:
        return await asyncio.to_thread(read_frame, path, *key)

    def _loaded(self, key: tuple[int, int], task: asyncio.Task[bytes]) -> None:
        if self._loading.get(key) is not task:
            return
        del self._loading[key]
        if task.cancelled() or task.exception() is not None:
            return
        self._frames[key] = task.result()
        self._size_bytes += len(task.result())
        while self._size_bytes > self._limit_bytes and self._frames:
            self._size_bytes -= len(self._frames.popitem(last=False)[1])


def read_frame(path: Path, asset_id: int, version: int) -> bytes:
    """Reads and checks a binary and puts the frame's header in front of it. Blocks.

    Raises:
        BinaryUnavailableError: the file is gone, damaged, too large or of another version.

    """
    for _ in range(3):
        try:
            with path.open("rb") as file:
                opened = os.fstat(file.fileno())
                gve_native.verify(path)
                header = gve_native.read_header(path)
                named = path.stat()
                if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
                    continue  # It was replaced in between.
                if (header.asset_id, header.version) != (asset_id, version):
                    raise BinaryUnavailableError(f"{path} holds version {header.version}")
                if opened.st_size > MAX_PAYLOAD_BYTES:
                    raise BinaryUnavailableError(
                        f"the binary has {opened.st_size} bytes; a message carries at most "
                        f"{MAX_PAYLOAD_BYTES}. GET /assets/.../binary has no such limit"
                    )
                header_bytes = pack_header(
                    MessageType.ASSET_READY, asset_id, version, opened.st_size
                )
                return b"".join((header_bytes, file.read(opened.st_size)))
        except (OSError, gve_native.AssetFileError) as error:
            _LOG.warning("a binary cannot be sent: %s", error)
            raise BinaryUnavailableError(str(error)) from error
    raise BinaryUnavailableError(f"{path} is being replaced all the time")

"""What waits for one client: bounded, in order, and without what newer messages supersede."""

import asyncio
from collections import deque
from dataclasses import dataclass

from architect.generated.models import MessageType

_COLLAPSING = (MessageType.VERSION_BUMP, MessageType.ASSET_PROGRESS, MessageType.ASSET_READY)


class OutboxOverflowError(Exception):
    """The client does not keep up."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits. The bytes of a binary are fetched when its turn comes."""

    msg_type: MessageType
    asset_id: int
    version: int
    payload: bytes = b""


class Outbox:
    """The messages for one client. Belongs to one event loop."""

    def __init__(self, limit: int, collapse_from: int) -> None:
        """Takes how many may wait, and from how many on superseded ones are dropped."""
        self._limit = limit
        self._collapse_from = collapse_from
        self._waiting: deque[Message] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Lines a message up.

        A binary that is older than an announced version is dropped: nobody is to show it.

        Raises:
            OutboxOverflowError: too many wait, even without the superseded ones.

        """
        if message.msg_type is MessageType.VERSION_BUMP:
            self._drop_older(message.asset_id, message.version)
        self._waiting.append(message)
        if len(self._waiting) > self._collapse_from:
            self._collapse()
        if len(self._waiting) > self._limit:
            raise OutboxOverflowError
        if len(self._waiting) * 2 > self._limit:
            self._room.clear()
        self._changed.set()

    async def get(self) -> Message:
        """Takes the next message; waits until there is one."""
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        message = self._waiting.popleft()
        if len(self._waiting) * 2 <= self._limit:
            self._room.set()
        return message

    async def room(self) -> None:
        """Waits until at most half of the places are taken."""
        await self._room.wait()

    def _drop_older(self, asset_id: int, version: int) -> None:
        ready = MessageType.ASSET_READY
        if any(m.asset_id == asset_id and m.msg_type is ready for m in self._waiting):
            self._waiting = deque(
                m
                for m in self._waiting
                if not (m.asset_id == asset_id and m.msg_type is ready and m.version < version)
            )

    def _collapse(self) -> None:
        """Keeps the newest bump, progress and binary of each asset; their order stays."""
        seen: set[tuple[int, MessageType]] = set()
        kept: deque[Message] = deque()
        for message in reversed(self._waiting):
            key = (message.asset_id, message.msg_type)
            if message.msg_type in _COLLAPSING:
                if key in seen:
                    continue
                seen.add(key)
            kept.appendleft(message)
        self._waiting = kept

"""Which compile is next: four strict priorities, first come, first served within one."""

import asyncio
import heapq
from dataclasses import dataclass
from typing import Protocol

from architect.generated.models import CompilePriority


@dataclass(frozen=True, slots=True)
class Ticket:
    """Stands for a waiting compile."""

    asset_id: str
    number: int
    """Tells an asset's compiles apart."""


class CompileQueue(Protocol):
    """Where compiles wait. A distributed queue implements this."""

    async def put(self, ticket: Ticket, priority: CompilePriority) -> None:
        """Lines a compile up behind those of the same priority."""

    async def get(self) -> Ticket:
        """Takes the next compile; waits until there is one."""

    async def remove(self, ticket: Ticket) -> bool:
        """Takes a compile out of the line; false if it is not waiting any more."""


class LocalQueue:
    """A queue in this process. Belongs to one event loop."""

    def __init__(self) -> None:
        """Makes an empty one."""
        self._heap: list[tuple[int, int, Ticket]] = []
        self._waiting: set[Ticket] = set()
        self._arrivals = 0
        self._changed = asyncio.Condition()

    async def put(self, ticket: Ticket, priority: CompilePriority) -> None:
        """Lines a compile up behind those of the same priority."""
        async with self._changed:
            self._arrivals += 1
            heapq.heappush(self._heap, (-int(priority), self._arrivals, ticket))
            self._waiting.add(ticket)
            self._changed.notify()

    async def get(self) -> Ticket:
        """Takes the next compile; waits until there is one."""
        async with self._changed:
            while True:
                while self._heap:
                    ticket = heapq.heappop(self._heap)[2]
                    if ticket in self._waiting:
                        self._waiting.remove(ticket)
                        return ticket
                await self._changed.wait()

    async def remove(self, ticket: Ticket) -> bool:
        """Takes a compile out of the line; false if it is not waiting any more."""
        if ticket not in self._waiting:
            return False
        self._waiting.remove(ticket)
        return True

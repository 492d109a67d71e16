"""The line of waiting compiles."""

import asyncio

import pytest

from architect.compiler.queue import LocalQueue, Ticket
from architect.generated.models import CompilePriority

pytestmark = pytest.mark.anyio


async def test_priorities_are_strict_and_equals_keep_their_order() -> None:
    queue = LocalQueue()
    order = [0, 3, 1, 2, 0, 3, 1, 2, 1, 3]
    for number, priority in enumerate(order):
        await queue.put(Ticket("asset", number), CompilePriority(priority))
    taken = [(await queue.get()).number for _ in order]
    assert taken == [1, 5, 9, 3, 7, 2, 6, 8, 0, 4]


async def test_getting_waits_for_the_next() -> None:
    queue = LocalQueue()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not getting.done()
    await queue.put(Ticket("asset", 1), CompilePriority.LOW)
    assert await getting == Ticket("asset", 1)


async def test_a_removed_ticket_does_not_come_again() -> None:
    queue = LocalQueue()
    for number in range(3):
        await queue.put(Ticket("asset", number), CompilePriority.NORMAL)
    assert await queue.remove(Ticket("asset", 1))
    assert not await queue.remove(Ticket("asset", 1))
    assert [(await queue.get()).number for _ in range(2)] == [0, 2]
    assert not await queue.remove(Ticket("asset", 0))

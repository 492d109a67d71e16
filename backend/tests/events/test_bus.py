"""The bus by itself."""

import asyncio

import pytest

from architect.events import EventBus, SubscriptionClosed
from architect.events.bus import ENVELOPE, Payload
from architect.generated import models
from architect.generated.models import CompileStage

pytestmark = pytest.mark.anyio

PAYLOADS: list[Payload] = [
    models.AssetCreated(asset_id="a", name="Ball"),
    models.AssetUpdated(asset_id="a", version=2),
    models.CompileStarted(asset_id="a", stages=list(CompileStage)),
    models.CompileProgressed(asset_id="a", stage=CompileStage.INDEXING, progress=0.5),
    models.CompileComplete(asset_id="a", binary_path="/cache/a.gve_bin"),
    models.CompileFailed(asset_id="a", error="no surface"),
    models.AssetDeleted(asset_id="a"),
]
TYPES = [
    "asset:created",
    "asset:updated",
    "compile:started",
    "compile:progress",
    "compile:complete",
    "compile:failed",
    "asset:deleted",
]


async def test_every_subscriber_sees_every_event_in_order() -> None:
    bus = EventBus(100)
    subscriptions = [bus.subscribe() for _ in range(3)]
    for payload in PAYLOADS:
        bus.publish(payload)
    for subscription in subscriptions:
        events = [
            ENVELOPE.validate_json(await subscription.next_event()) for _ in range(len(PAYLOADS))
        ]
        assert [event.type for event in events] == TYPES
        assert [event.payload for event in events] == PAYLOADS
        assert all(event.timestamp.endswith("Z") for event in events)


async def test_a_subscriber_that_lags_is_cut_off_and_the_others_are_not() -> None:
    bus = EventBus(3)
    slow, quick = bus.subscribe(), bus.subscribe()
    for number in range(5):
        bus.publish(models.AssetDeleted(asset_id=str(number)))
        assert f'"{number}"' in await quick.next_event()
    assert slow.overflowed
    with pytest.raises(SubscriptionClosed):
        await slow.next_event()


async def test_closing_wakes_those_who_wait() -> None:
    bus = EventBus(3)
    subscription = bus.subscribe()
    waiting = asyncio.create_task(subscription.next_event())
    await asyncio.sleep(0)
    bus.close()
    with pytest.raises(SubscriptionClosed):
        await waiting

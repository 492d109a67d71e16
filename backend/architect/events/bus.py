"""Every subscriber sees every event in order; one that falls too far behind is cut off."""

import asyncio
from collections import deque

import pydantic

from architect.clock import now_rfc3339
from architect.generated import models
from architect.generated.models import EventEnvelope

Payload = (
    models.AssetCreated
    | models.AssetUpdated
    | models.AssetDeleted
    | models.CompileStarted
    | models.CompileProgressed
    | models.CompileComplete
    | models.CompileFailed
)

_ENVELOPES: dict[type[pydantic.BaseModel], type[pydantic.BaseModel]] = {
    models.AssetCreated: models.AssetCreatedEvent,
    models.AssetUpdated: models.AssetUpdatedEvent,
    models.AssetDeleted: models.AssetDeletedEvent,
    models.CompileStarted: models.CompileStartedEvent,
    models.CompileProgressed: models.CompileProgressedEvent,
    models.CompileComplete: models.CompileCompleteEvent,
    models.CompileFailed: models.CompileFailedEvent,
}

ENVELOPE: pydantic.TypeAdapter[EventEnvelope] = pydantic.TypeAdapter(EventEnvelope)
"""Reads and checks what travels on `/ws/events`."""


class SubscriptionClosed(Exception):  # noqa: N818 - an end, not a fault
    """No more events come: the bus has closed, or the subscriber was too slow."""


class Subscription:
    """One subscriber's events, as JSON texts that all subscribers share."""

    def __init__(self, limit: int) -> None:
        """Takes the most events that may wait."""
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self.overflowed = False
        """Whether it was cut off for being too slow."""
        self._closed = False

    async def next_event(self) -> str:
        """The next event as JSON.

        Raises:
            SubscriptionClosed: nothing more comes. What waited is lost if it overflowed.

        """
        while not self._waiting:
            if self._closed:
                raise SubscriptionClosed
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()

    def _put(self, text: str) -> None:
        if self._closed:
            return
        if len(self._waiting) >= self._limit:
            self.overflowed = True
            self._waiting.clear()
            self._close()
            return
        self._waiting.append(text)
        self._wake.set()

    def _close(self) -> None:
        self._closed = True
        self._wake.set()


class EventBus:
    """Tells every subscriber about every event. Belongs to one event loop."""

    def __init__(self, queue_limit: int) -> None:
        """Takes the most events that may wait for one subscriber."""
        self._queue_limit = queue_limit
        self._subscriptions: set[Subscription] = set()

    def subscribe(self) -> Subscription:
        """All events from now on. `unsubscribe` ends it."""
        subscription = Subscription(self._queue_limit)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Takes a subscriber off; harmless if it is off already."""
        self._subscriptions.discard(subscription)
        subscription._close()

    def publish(self, payload: Payload) -> None:
        """Sends an event; never waits."""
        envelope = _ENVELOPES[type(payload)].model_validate(
            {"payload": payload, "timestamp": now_rfc3339()}
        )
        text = envelope.model_dump_json()
        for subscription in list(self._subscriptions):
            subscription._put(text)
            if subscription.overflowed:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends all subscriptions once they have been read."""
        for subscription in list(self._subscriptions):
            self.unsubscribe(subscription)

"""The event bus: what happens to assets and compiles, told to everybody who listens."""

from architect.events.bus import EventBus, Subscription, SubscriptionClosed

__all__ = ["EventBus", "Subscription", "SubscriptionClosed"]

"""The binary protocol on `/ws/assets`: frames, connections, subscriptions, back-pressure."""

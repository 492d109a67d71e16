"""The maxima that the Architect checks itself; `gve_types::limits` says why each has its value.

A test compares them with the Rust source.
"""

MAX_RECIPE_BYTES = 4 << 20
"""Longest recipe text in bytes."""
MAX_NAME_BYTES = 128
"""Longest name or subcategory in bytes of UTF-8."""
MAX_PAYLOAD_BYTES = 256 << 20
"""Largest payload of a binary message in bytes."""
MAX_WIRE_ID = 1 << 53
"""Wire ids are below this."""
DEFAULT_VOLUME_RESOLUTION = 128
"""Cells along the longest side when nothing else is asked for."""
DEFAULT_SPLAT_ITERATIONS = 300
"""Training iterations when nothing else is asked for."""

MAX_ENVELOPE_BYTES = 64 << 10
"""What a request may hold beside a recipe, in bytes."""
MAX_VERSION = (1 << 32) - 1
"""Versions travel in 32 bits."""
MAX_PAGE = 500
"""Most lines of one list."""
MAX_SEARCH_CHARACTERS = 1000
"""Longest text that is searched for; the model reads some 250 words of it."""
MAX_SEARCH_HITS = 100
"""Most lines of a search's answer."""

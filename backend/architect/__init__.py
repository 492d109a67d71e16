"""The Architect: stores recipes and compiles them."""

VERSION = "0.1.0"

"""The Architect: stores recipes and compiles them."""

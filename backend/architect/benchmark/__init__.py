"""Measurements of the Architect: `python -m architect.benchmark push|compile`."""

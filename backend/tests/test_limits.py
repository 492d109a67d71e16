"""The limits that Python checks are Rust's."""

import re
from pathlib import Path

from architect import limits

RUST = Path(__file__).resolve().parents[2] / "crates" / "gve_types" / "src" / "limits.rs"


def test_limits_are_those_of_rust() -> None:
    found = re.findall(r"pub const (\w+): \w+ = ([\d_ <]+);", RUST.read_text())
    rust = {name: _number(text) for name, text in found}
    shared = [name for name in rust if hasattr(limits, name)]
    assert len(shared) >= 6
    assert {name: getattr(limits, name) for name in shared} == {name: rust[name] for name in shared}


def _number(text: str) -> int:
    value, _, shift = text.replace("_", "").partition("<<")
    return int(value) << int(shift or 0)

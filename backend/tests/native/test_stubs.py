"""The stubs say what the module does."""

import subprocess
import sys
from pathlib import Path

import gve_native


def test_the_stubs_match_the_module() -> None:
    # The package holds the extension module, which has no stubs of its own.
    run = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "gve_native", "--ignore-missing-stub"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_package_is_typed() -> None:
    package = Path(gve_native.__file__).parent
    assert (package / "py.typed").exists()
    stubs = Path(__file__).parents[3] / "crates" / "gve_native" / "gve_native.pyi"
    assert (package / "__init__.pyi").read_text() == stubs.read_text(), "built from other stubs"


def test_everything_public_is_documented() -> None:
    for name in vars(gve_native)["__all__"]:
        assert getattr(gve_native, name).__doc__, name

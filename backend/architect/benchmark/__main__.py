"""`python -m architect.benchmark push|compile [--json]`."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from architect.benchmark import compiles, push
from architect.errors import StartupError

_LIBRARY = Path(__file__).resolve().parents[3] / "assets" / "library"


def main() -> int:
    """Runs a measurement and prints it."""
    parser = argparse.ArgumentParser(prog="python -m architect.benchmark", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    pushing = commands.add_parser("push", help="a binary over /ws/assets and over bare sockets")
    pushing.add_argument("--rounds", type=int, default=30, help="pushes each (%(default)s)")
    pushing.add_argument(
        "--recipe",
        type=Path,
        default=_LIBRARY / "windsor_chair.gve.json",
        help="whose binary is pushed; the chair's has 8 MiB",
    )
    compiling = commands.add_parser("compile", help="each recipe with and without training")
    compiling.add_argument("recipes", type=Path, nargs="*", help="the sample library's if none")
    compiling.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    compiling.add_argument("--iterations", type=int, default=None, help="of training")
    for command in (pushing, compiling):
        command.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    try:
        if options.command == "push":
            result = asyncio.run(push.measure(options.recipe, options.rounds))
            lines = push.describe(result)
        else:
            recipes = options.recipes or sorted(_LIBRARY.glob("*.gve.json"))
            result = asyncio.run(compiles.measure(recipes, options.device, options.iterations))
            lines = compiles.describe(result)
    except StartupError as error:
        sys.stderr.write(f"architect.benchmark: {error}\n")
        return 2
    sys.stdout.write((json.dumps(result) if options.json else "\n".join(lines)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

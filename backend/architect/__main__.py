"""`python -m architect serve`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from architect.errors import StartupError, StoreUnavailableError
from architect.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit code is 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m architect", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="store recipes, compile them and tell everybody")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8420, help="port to listen on, 0 for any (%(default)s)"
    )
    serve.add_argument("--data", type=Path, required=True, help="folder of the store and the cache")
    serve.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where the heavy stages run (%(default)s)",
    )
    serve.add_argument("--no-train", action="store_true", help="leave splats as seeded")
    serve.add_argument(
        "--workers", type=_workers, default=1, help="compiles side by side (%(default)s)"
    )
    serve.add_argument("--verbose", action="store_true", help="log more to standard error")
    options = parser.parse_args(arguments)
    settings = Settings(
        data_dir=options.data,
        host=options.host,
        port=options.port,
        device=options.device,
        train=not options.no_train,
        compile_workers=options.workers,
    )
    return _serve(settings, verbose=options.verbose)


def _serve(settings: Settings, *, verbose: bool) -> int:
    try:
        # The native module may be missing: that is told, not traced.
        from architect.serve import serve, set_up_logging
    except ImportError as error:
        return _refuse(f"{error}; install the Architect with its native module")
    set_up_logging(verbose)
    try:
        asyncio.run(serve(settings))
    except (StartupError, StoreUnavailableError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130  # Before it was ready; as a shell reports it.
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"architect: {reason}\n")
    return 2


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, found {port}")
    return port


def _workers(text: str) -> int:
    workers = int(text)
    if not 1 <= workers <= 64:
        raise argparse.ArgumentTypeError(f"expected 1 to 64, found {workers}")
    return workers


if __name__ == "__main__":
    sys.exit(main())

"""Times training: `python -m architect.training.benchmark RECIPE... --iterations 300 --json`.

Needs PyTorch, NumPy and `gve_native`, nothing else of the Architect.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import gve_native

from architect import training


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What became of one recipe."""

    name: str
    splats: int
    lower_secs: float
    seed_secs: float
    train_secs: float
    """Everything about training: views, iterations, both measurements."""
    trained: bool
    device: str
    psnr_before_db: float
    psnr_after_db: float
    silhouette_iou_before: float
    silhouette_iou_after: float
    warnings: list[str]


def measure(recipe: Path, iterations: int, device: str | None, count: int) -> Row:
    """Seeds and trains one recipe."""
    start = time.perf_counter()
    field = gve_native.Field(gve_native.check_recipe(recipe.read_text("utf-8")))
    lowered = time.perf_counter()
    seeds = gve_native.seed_splats(field, count)
    seeded = time.perf_counter()
    trained = training.train(field, seeds, iterations, device=device)
    end = time.perf_counter()
    # Other views and another size than those that the trainer itself is judged by.
    views = gve_native.HeldOutViews(field, 5, 512)
    return Row(
        name=recipe.name.split(".")[0],
        splats=len(seeds),
        lower_secs=lowered - start,
        seed_secs=seeded - lowered,
        train_secs=end - seeded,
        trained=trained.trained,
        device=trained.device,
        psnr_before_db=trained.psnr_before_db,
        psnr_after_db=trained.psnr_after_db,
        silhouette_iou_before=views.compare(seeds)[1],
        silhouette_iou_after=views.compare(trained.splats)[1],
        warnings=trained.warnings,
    )


def main() -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Times the training of splats.")
    parser.add_argument("recipes", nargs="+", type=Path, metavar="RECIPE")
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--splats", type=int, default=100_000)
    parser.add_argument("--device", choices=["cpu", "cuda"], default=None)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    arguments = parser.parse_args()
    found = training.availability()
    if not found.can_train:
        print(f"cannot train: {found.reason}", file=sys.stderr)
        return 2
    rows = []
    for recipe in arguments.recipes:
        row = measure(recipe, arguments.iterations, arguments.device, arguments.splats)
        rows.append(row)
        if not arguments.json:
            print(
                f"{row.name:18} {row.splats:6} splats  {row.device:4} {row.train_secs:6.2f} s  "
                f"{row.psnr_before_db:5.2f} -> {row.psnr_after_db:5.2f} dB  IoU at 512² "
                f"{row.silhouette_iou_before:.4f} -> {row.silhouette_iou_after:.4f}  "
                f"{'; '.join(row.warnings)}",
                flush=True,
            )
    if arguments.json:
        print(
            json.dumps(
                {"iterations": arguments.iterations, "rows": [dataclasses.asdict(r) for r in rows]}
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How long each stage of a compile takes, and what training is worth."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

from architect.compiler.compiler import AssetCompiler
from architect.compiler.tools import Tools
from architect.errors import InvalidRecipeError, StartupError
from architect.generated.models import CompileRequest, CompileResult
from architect.librarian.assets import AssetLibrarian, Save
from architect.librarian.recipe import check_recipe
from architect.settings import Device, Settings
from architect.store import CompileJob, SqliteStore

_WARM_UP_ITERATIONS = 32
"""Enough for each size of the training's pictures to be recorded on a GPU."""


async def measure(recipes: list[Path], device: Device, iterations: int | None) -> dict[str, Any]:
    """Compiles each recipe without and with training, in this process, with the defaults.

    The first recipe is compiled once before: a GPU's libraries set themselves up in a process's
    first compile. How long that one took is told apart.

    Raises:
        StartupError: a recipe cannot be read, or the device is not there.

    """
    with tempfile.TemporaryDirectory(prefix="architect-benchmark-") as folder:
        settings = Settings(data_dir=Path(folder), device=device)
        tools = await asyncio.to_thread(Tools.find, settings)
        # Loaded at an Architect's start, not in its first compile.
        await asyncio.to_thread(tools.embedder.load)
        store = await SqliteStore.open(settings.store_path)
        librarian = AssetLibrarian(store, settings.cache_root)
        librarian.prepare_cache()
        compiler = AssetCompiler(store, librarian, tools)
        try:
            short = (
                _WARM_UP_ITERATIONS if iterations is None else min(iterations, _WARM_UP_ITERATIONS)
            )
            first = await _measure_one(librarian, compiler, recipes[0], short)
            assets = [await _measure_one(librarian, compiler, path, iterations) for path in recipes]
        finally:
            compiler.close()
            await store.close()
    return {
        "device": tools.device,
        **_machine(tools),
        "can_train": tools.trainer.can_train,
        "reason": tools.trainer.reason,
        "first_compile_seconds": first["untrained"]["seconds"],
        "first_training_seconds": first["trained"]["seconds"],
        "assets": assets,
    }


def _machine(tools: Tools) -> dict[str, Any]:
    """What the figures were measured on."""
    machine: dict[str, Any] = {"device_name": None, "torch": None, "cpus": os.cpu_count()}
    if tools.torch:
        import torch

        machine["torch"] = torch.__version__
        if tools.device == "cuda":
            machine["device_name"] = torch.cuda.get_device_name()
    return machine


async def _measure_one(
    librarian: AssetLibrarian, compiler: AssetCompiler, path: Path, iterations: int | None
) -> dict[str, Any]:
    try:
        recipe = check_recipe(path.read_bytes())
    except (OSError, InvalidRecipeError) as error:
        raise StartupError(f"{path}: {error}") from error
    asset = await librarian.save_asset(Save(recipe, CompileJob(asset_id="", version=0)))
    results = {}
    for name, wanted in (("untrained", 0), ("trained", iterations)):
        request = CompileRequest(asset_id=asset.id, force_recompile=True, splat_iterations=wanted)
        results[name] = _summary(await compiler.compile(request))
    return {"recipe": path.name, "name": recipe.name, **results}


def _summary(result: CompileResult) -> dict[str, Any]:
    binary = Path(result.binary_path or "")
    return {
        "seconds": round(result.compile_time_sec, 4),
        "stages": {one.stage.name.lower(): round(one.seconds, 4) for one in result.stages},
        "splats": None if result.splats is None else result.splats.model_dump(exclude_none=True),
        "device": result.device,
        "file_bytes": binary.stat().st_size,
        "warnings": result.warnings,
    }


def describe(result: dict[str, Any]) -> list[str]:
    """The measurement as a table for people."""
    name = result["device_name"] or f"{result['cpus']} processors"
    training = f"PyTorch {result['torch']}" if result["can_train"] else "no training"
    lines = [
        f"device {result['device']}: {name}, {training}; first compile "
        f"{result['first_compile_seconds']:.2f} s, with {_WARM_UP_ITERATIONS} iterations "
        f"{result['first_training_seconds']:.2f} s"
    ]
    for asset in result["assets"]:
        lines.append(f"{asset['name']}")
        for name in ("untrained", "trained"):
            one, splats = asset[name], asset[name]["splats"]
            stages = "  ".join(f"{stage} {secs:.2f}" for stage, secs in one["stages"].items())
            psnr = ""
            if "psnr_after_db" in splats:
                psnr = f"  {splats['psnr_before_db']:.2f} -> {splats['psnr_after_db']:.2f} dB"
            lines.append(f"  {name:9} {one['seconds']:6.2f} s  {stages}{psnr}")
    return lines

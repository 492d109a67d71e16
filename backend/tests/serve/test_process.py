"""`python -m architect serve` as a process: starting, refusing, being killed, ending."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gve_native
import httpx
import pytest
from harness import recipe, save_body

BACKEND = Path(__file__).resolve().parents[2]
WAIT_SECS = 300.0
LIGHT = ("--device", "cpu", "--no-train")


def command(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "architect", "serve", "--data", str(data), *options]


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", **extra}


class Served:
    """A served Architect."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.http = httpx.Client(base_url=ready["url"], timeout=WAIT_SECS)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def compiled(self, asset: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECS
        while time.monotonic() < deadline:
            status = self.http.get(f"/assets/{asset['id']}/compile").json()
            if status["state"] not in ("queued", "running"):
                return dict(status)
            time.sleep(0.01)
        raise TimeoutError


@contextlib.contextmanager
def serve(data: Path, *options: str, **extra: str) -> Iterator[Served]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        command(data, "--port", "0", *(options or LIGHT)),
        cwd=BACKEND,
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Served(process, json.loads(line))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def refused(data: Path, *options: str, **extra: str) -> str:
    """What an Architect says that cannot start."""
    done = subprocess.run(  # noqa: S603 - our own command
        command(data, *options, *LIGHT),
        cwd=BACKEND,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=WAIT_SECS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_in_order(tmp_path: Path, stop: signal.Signals) -> None:
    with serve(tmp_path / "new" / "data") as served:
        assert served.ready == {
            "ready": True,
            "url": served.ready["url"],
            "can_train": False,
            "device": "cpu",
        }
        assert served.http.get("/health").json()["status"] == "ok"
        served.process.send_signal(stop)
        out, err = served.process.communicate(timeout=WAIT_SECS)
        assert (served.process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said


def test_a_store_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        assert "store.sqlite3 is in use by another process" in refused(tmp_path, "--port", "0")
        assert first.http.get("/health").status_code == 200


def test_a_corrupt_store_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"not a database, but of some length" * 64)
    said = refused(tmp_path, "--port", "0")
    assert "store.sqlite3 is damaged" in said


def test_a_data_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "cannot be opened" in refused(tmp_path / "data", "--port", "0")


def test_killed_in_a_compile_it_is_repeated_after_the_restart(tmp_path: Path) -> None:
    big = save_body(recipe(radius=0.6), volume_resolution=256)
    big["dna"]["root_node"] = {
        "op": "displace",
        "pattern": "gyroid",
        "amplitude": 0.02,
        "wavelength": 0.1,
        "octaves": 6,
        "child": big["dna"]["root_node"],
    }
    with serve(tmp_path) as served:
        asset = served.http.post("/assets", json=save_body()).json()
        path = Path(served.compiled(asset)["result"]["binary_path"])
        before = path.read_bytes()
        asset = served.http.put(f"/assets/{asset['id']}", json=big).json()
        waiting = served.http.post("/assets", json=save_body(recipe("Waiting"))).json()
        deadline = time.monotonic() + WAIT_SECS
        while served.http.get(f"/assets/{asset['id']}/compile").json()["state"] == "queued":
            assert time.monotonic() < deadline
        served.kill()
    # The old binary is whole, whatever the new one had come to.
    if path.read_bytes() != before:
        gve_native.verify(path)
    leftover = tmp_path / "cache" / ".staging" / "torn.gve_bin"
    leftover.write_bytes(b"GVE1 torn")
    with serve(tmp_path) as served:
        assert not leftover.exists()
        for one, version in ((asset, 2), (waiting, 1)):
            status = served.compiled(one)
            assert (status["state"], status["version"]) == ("complete", version)
            header = gve_native.read_header(status["result"]["binary_path"])
            assert (header.asset_id, header.version) == (one["wire_id"], version)
            gve_native.verify(status["result"]["binary_path"])
        # Versions go on, ids are not given again.
        again = served.http.put(f"/assets/{asset['id']}", json=save_body(recipe(radius=0.3)))
        assert again.json()["version"] == 3
        assert served.http.post("/assets", json=save_body()).json()["wire_id"] == 3


def test_ended_in_a_compile_it_is_repeated_after_the_restart(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        body = save_body(recipe(), volume_resolution=512)
        asset = served.http.post("/assets", json=body).json()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=WAIT_SECS) == 0
    with serve(tmp_path) as served:
        assert served.compiled(asset)["state"] == "complete"


def test_without_pytorch_everything_else_works(tmp_path: Path) -> None:
    """A `torch` that cannot be imported stands in front of the installed one."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "torch.py").write_text("raise ImportError('libcudart.so.13 is missing')")
    python_path = str(tmp_path / "path")
    with serve(tmp_path / "data", "--device", "auto", PYTHONPATH=python_path) as served:
        assert served.ready["can_train"] is False
        asset = served.http.post("/assets", json=save_body(splat_iterations=300)).json()
        result = served.compiled(asset)["result"]
        assert result["success"]
        assert result["splats"]["trained"] is False
        assert "libcudart.so.13 is missing" in result["splats"]["reason"]


def test_a_cuda_device_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not today')")
    done = subprocess.run(  # noqa: S603 - our own command
        command(tmp_path / "data", "--port", "0", "--device", "cuda"),
        cwd=BACKEND,
        env=environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=WAIT_SECS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("architect: --device cuda: there is no CUDA device")
    assert len(done.stderr.strip().splitlines()) == 1

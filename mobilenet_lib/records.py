"""What was recorded: runs as small JSON files, with the command that repeats each and where it was made."""

import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from mobilenet_lib.locks import alone

CHECKOUT = Path(__file__).resolve().parents[1]
# Installed without the checkout, the library brings along what was recorded.
DATA = CHECKOUT / "data" if (CHECKOUT / "pyproject.toml").exists() else Path(__file__).with_name("recorded")
RUNS, MODELS, EXPORTS, LATENCY = (DATA / name for name in ("runs", "models", "exports", "latency"))


@dataclass(frozen=True)
class Run:
    """A recorded run: what was trained on what, how it went, and what it takes to repeat it.

    `settings` are the choices that `train` followed; `epochs` has one dictionary per epoch with `loss`, `accuracy`,
    `val_loss`, `val_accuracy`, `learning_rate` and `seconds`; `test` is `Evaluation.summary()` on the test split, or
    None if it was not looked at. `seconds` are those of a clock, `cpu_seconds` those that all cores spent together:
    these hold on a busy machine too. `predictions` is the class of each validation photo, as in the summary, in the
    order of `data.load`: two runs with the same seed can be compared photo by photo.
    """

    settings: dict[str, Any]
    data: dict[str, Any]
    epochs: list[dict[str, float]]
    params: int
    mult_adds: int
    seconds: float
    cpu_seconds: float | None = None
    predictions: str = ""
    test: dict[str, Any] | None = None
    name: str = ""
    command: str = ""
    date: str = field(default_factory=lambda: today())
    versions: dict[str, str] = field(default_factory=lambda: versions())
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def curve(self, metric: str) -> list[float]:
        """One metric of every epoch, such as `"val_accuracy"`."""
        return [epoch[metric] for epoch in self.epochs]

    def save(self, path: str | os.PathLike) -> None:
        """Write the record as JSON; a file that was there stays whole until the new one is.

        Raises `ValueError` for a number that is none or infinite, `OSError` for what cannot be written.
        """
        write_rows(asdict(self), "epochs", Path(path))


def load_run(path: str | os.PathLike) -> Run:
    """The run recorded in the JSON file `path`. Raises `ValueError` if it is not one."""
    try:
        return Run(**json.loads(Path(path).read_bytes()))
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"path must be the JSON file of a recorded run, not {os.fspath(path)!r}: {error}") from error


def load_runs(folder: str | os.PathLike = RUNS) -> dict[str, Run]:
    """All runs recorded in `folder`, by name; none if there is no such folder."""
    # Without what is hidden: macOS leaves files named ._NAME.json on other disks.
    return {path.stem: load_run(path) for path in sorted(Path(folder).glob("[!.]*.json"))}


def write(path: Path, content: bytes) -> None:
    """Write to a file beside `path`, then rename: whoever reads `path` finds the old content or the new one.

    A link stays one. While another process is at it, and for what is no file, raises `OSError`.
    """
    file = Path(os.path.realpath(path))
    part = file.with_name(f".{file.name}.part")
    try:
        if file.exists() and not file.is_file():
            raise OSError("it is no file")
        file.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        with alone(part, "writing it"):
            try:
                with part.open("wb") as written:
                    written.write(content)
                    written.flush()
                    os.fsync(written.fileno())
                os.replace(part, file)
            except BaseException:  # only then is it still this one's: after the rename, another may have begun
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"{str(path)!r} cannot be written ({reason}); what was there before is whole") from error


def write_rows(record: dict[str, Any], rows: str, path: Path) -> None:
    """Write `record` as JSON, with a line for each of its `rows`. Raises `ValueError` for what JSON has no word for."""
    try:
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in record[rows])
        text = json.dumps(record | {rows: None}, indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"record must be of finite numbers, to be kept as {str(path)!r}: {error}") from error
    # Settings may have that name, too: further inside, and so further in.
    text = text.replace(f'\n "{rows}": null', f'\n "{rows}": [\n  {lines}\n ]', 1)
    write(path, text.encode(errors="backslashreplace") + b"\n")


def today() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d")


def versions(*more: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in ("tensorflow", "jax", "keras", "numpy", *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def revision() -> str:
    """A digest of the library's code."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def machine() -> dict[str, Any]:
    """Processor, cores and graphics processor; nothing that tells one machine of a kind from another."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = (line for line in cpuinfo.read_text().splitlines() if line.startswith("model name"))
        processor = next(names, f":{processor}").split(":", 1)[1].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": platform.system(), "processor": processor, "cores": cores, "gpu": gpu()}


def gpu() -> str | None:
    """The name of the graphics processor that Keras computes on; None if there is none."""
    if keras.backend.backend() == "jax":
        import jax

        return next((device.device_kind for device in jax.devices() if device.platform == "gpu"), None)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for device in tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_device_details(device).get("device_name", "GPU")
    return None

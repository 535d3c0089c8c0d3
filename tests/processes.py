"""Processes with another Python, user or disk; to be killed."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TESTS = Path(__file__).parent

NOBODY = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="only root can become someone else or mount a disk",
)

as_nobody = pytest.mark.skipif(
    as_root.args[0] or subprocess.run([*NOBODY, sys.executable, "-c", ""], capture_output=True).returncode != 0,
    reason="only root can become someone else, who must be able to run this Python",
)


def start(program: str, *arguments, **options) -> subprocess.Popen:
    """`program` in a Python of its own, which finds the tests, too."""
    found = ROOT, ROOT / "scripts", TESTS, os.environ.get("PYTHONPATH") or ROOT
    paths = os.pathsep.join(map(str, found))
    return subprocess.Popen(
        [*options.pop("before", ()), sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        env=options.pop("env", os.environ) | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf8",
        errors="replace",
        **options,
    )


def run(program: str, *arguments, **options) -> subprocess.CompletedProcess:
    with start(program, *arguments, **options) as process:
        out, err = process.communicate(timeout=900)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def stopped(main, arguments, capture, status=2):
    """What a command says, in this process, when it ends with this status."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == status
    return capture.readouterr().err


# Importing TensorFlow takes longer than all the rest: one process does it, and its children are killed.
CHILDREN = """
    import os, signal, sys

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def in_a_child(work, *arguments):
        child = os.fork()
        if child == 0:
            work(*arguments)
            os._exit(0)
        return -os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

HOLDER = """
    import sys, time
    from mobilenet_lib.locks import alone
    with alone(sys.argv[1], "waiting"):
        print("holding", flush=True)
        time.sleep(100)
"""


@contextmanager
def small_disk(folder: Path, size: str):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a disk is not permitted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def anyone(folder: Path):
    """A copy of `folder` where everybody may read it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        copy = Path(shutil.copytree(folder, Path(place) / "photos"))
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield copy


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@contextmanager
def read_only(folder: Path):
    for options in ("bind", "remount,bind,ro"):
        if subprocess.run(["mount", "-o", options, str(folder), str(folder)], capture_output=True).returncode:
            pytest.skip("mounting a disk is not permitted")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)

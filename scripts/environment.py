"""Make the environment `.venv` of the locked packages: `python scripts/environment.py`, which `make` calls.

uv does it, once pip has fetched it by its checksum in the lock; where uv is not to be had, or fails, pip does. Of what
a reader has set for the two, where packages come from is kept, and nothing else. Runs on any Python, old ones too: with
`--any` it looks for one that the book takes, here or, through uv, on the network.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv"
PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")  # in an environment
WHOLE = FOLDER / "installed"  # says for which checkout, as long as nothing is missing
LOCK = ROOT / "requirements.txt"

TAKES = re.search(r'requires-python = "(>=3\.(\d+),<3\.(\d+))"', (ROOT / "pyproject.toml").read_text("utf8"))
MINORS = range(int(TAKES[2]), int(TAKES[3]))
NEEDS = f"The book needs Python {', '.join(f'3.{minor}' for minor in MINORS[:-1])} or 3.{MINORS[-1]}"
# TensorFlow has wheels for 64-bit CPython with its global lock.
FITS = f"""import sys, sysconfig
sys.exit(sys.version_info[:2] not in {[(3, minor) for minor in MINORS]} or sys.implementation.name != "cpython"
         or sys.maxsize < 2**32 or bool(sysconfig.get_config_var("Py_GIL_DISABLED")))"""

# Where packages come from: pip's settings, and how uv calls them.
SOURCES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "keyring-provider": "UV_KEYRING_PROVIDER",
}
OF_UV = re.compile(
    r"UV_(\w*INDEX\w*|FIND_LINKS|INSECURE_HOST|CACHE_DIR|KEYRING\w*|\w*TIMEOUT|\w*TLS|\w*CERTS|PYTHON_\w+)"
)


class Impossible(Exception):
    """What stands in the way, in a sentence."""


def works(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def run(command: list, environment: dict[str, str]) -> None:
    """Run `command` in the checkout. What it says is in the `CalledProcessError` if it fails."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    subprocess.run(list(map(str, command)), cwd=str(ROOT), env=environment, check=True, encoding="utf8", **pipes)


def fits(python: str | Path) -> bool:
    return works(python, "-I", "-c", FITS)


def choose(look_further: bool) -> str | None:
    """The Python to start from, or None if uv has to fetch one."""
    if fits(sys.executable):
        return sys.executable
    if not look_further:
        raise Impossible(f"{NEEDS}, and {sys.executable} is {sys.version.split()[0]}.")
    return next((name for name in (f"python3.{minor}" for minor in reversed(MINORS)) if fits(name)), None)


def find_pip(python: str, folder: Path) -> list | None:
    """A command for pip, which some systems have apart from Python, or only in venv. Any pip serves every Python."""
    pythons = (python, sys.executable, "python3")
    for candidate in pythons:
        if works(candidate, "-I", "-m", "pip", "--version"):
            return [candidate, "-I", "-m", "pip"]
    for candidate in pythons:
        if works(candidate, "-I", "-m", "venv", "--clear", folder):
            return [folder / PYTHON, "-I", "-m", "pip"]
    return None


def sealed(pip: list | None) -> dict[str, str]:
    """The environment variables, and of all settings of Python, pip and uv those that say where packages come from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "UV_"))}
    asked = {f"PIP_{name.replace('-', '_').upper()}" for name in ("config-file", *SOURCES)} & os.environ.keys()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "encoding": "utf8"}
    listing = {"env": {**kept, **{name: os.environ[name] for name in asked}}, **pipes}
    told = subprocess.run([*pip, "config", "list"], **listing).stdout if pip else ""
    for section in ("global", "install", ":env:"):  # each goes before the last
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.*)$", told, re.MULTILINE):
            if name in SOURCES:
                values = ast.literal_eval(value).split()
                kept[f"PIP_{name.replace('-', '_').upper()}"] = " ".join(values)
                kept[SOURCES[name]] = ("," if name == "find-links" else " ").join(values)
    kept.update((name, value) for name, value in os.environ.items() if OF_UV.fullmatch(name))
    # Whichever source has a file, its checksum is in the lock.
    ours = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {**kept, **ours, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def fetch_uv(pip: list | None, folder: Path, environment: dict[str, str]) -> str | None:
    """The uv of the lock; without a pip to fetch it, the reader's own."""
    if pip is None:
        return shutil.which("uv")
    pinned = re.search(r"^uv==(?:.*\\\n)+.*\n", LOCK.read_text("utf8"), re.MULTILINE)[0]
    (folder / "uv.txt").write_text(pinned, "utf8")
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", folder / "uv"]
    try:
        run([*pip, "install", *options, "--requirement", folder / "uv.txt"], environment)
    except subprocess.CalledProcessError:
        return None
    return shutil.which("uv", path=str(folder / "uv" / "bin"))


def install(command: list, environment: dict[str, str]) -> None:
    run([*command, "--require-hashes", "--requirement", LOCK], environment)
    run([*command, "--no-deps", "--editable", "."], environment)


def with_uv(uv: str, python: str | None, environment: dict[str, str]) -> None:
    if python != str(FOLDER / PYTHON):
        run([uv, "venv", "--clear", "--python", python or TAKES[1], FOLDER], environment)
    install([uv, "pip", "install", "--python", FOLDER / PYTHON], environment)


def with_pip(pip: list, python: str, environment: dict[str, str]) -> None:
    if python != str(FOLDER / PYTHON):
        run([python, "-I", "-m", "venv", "--clear", "--without-pip", FOLDER], environment)
    install([*pip, "--python", FOLDER / PYTHON, "install"], environment)


def clear() -> None:
    """An empty folder in the place of `.venv`, whatever that was."""
    if FOLDER.is_symlink() or FOLDER.is_file():
        FOLDER.unlink()
    elif FOLDER.exists():
        shutil.rmtree(str(FOLDER))
    FOLDER.mkdir()


def make(look_further: bool) -> None:
    """Make `.venv`, or bring it up to date. Raises `Impossible` if that cannot be."""
    whole = WHOLE.is_file() and WHOLE.read_text("utf8").strip() == str(ROOT) and fits(FOLDER / PYTHON)
    python = str(FOLDER / PYTHON) if whole else choose(look_further)
    try:  # what is interrupted from here on is made anew by the next run, not mended
        WHOLE.unlink() if whole else clear()
    except OSError as error:
        raise Impossible(".venv cannot be written to: copy the checkout to a folder of yours") from error
    print("Installing the locked packages into .venv (once) …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = find_pip(python or sys.executable, Path(folder, "pip"))
        environment = sealed(pip)
        uv = fetch_uv(pip, Path(folder), environment)
        ways = [(with_uv, uv)] if uv else []
        ways += [(with_pip, pip)] if pip and python else []
        if python and not ways:
            raise Impossible(f"{python} comes without pip and venv. On Debian and Ubuntu: apt install python3-venv")
        for way, tool in ways:
            try:
                way(tool, python, environment)
                break
            except subprocess.CalledProcessError as error:
                print(error.stdout)
        else:
            if whole:  # nothing was changed; an old date has the next run try again
                WHOLE.write_text(f"{ROOT}\n", "utf8")
                os.utime(WHOLE, (0, 0))
            elif python is None and not fits(FOLDER / PYTHON):
                raise Impossible(f"{NEEDS}. None is here, and none could be fetched: install one.")
            raise Impossible("The packages could not be installed; the same command tries again.")
    WHOLE.write_text(f"{ROOT}\n", "utf8")


if __name__ == "__main__":
    try:
        make("--any" in sys.argv)
    except Impossible as error:
        sys.exit(print(error) or 1)
    except KeyboardInterrupt:
        sys.exit(130)

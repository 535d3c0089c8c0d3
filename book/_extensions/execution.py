"""A page shows what its code gives now: a chapter runs again when code, library, lock or data change, and only then.

jupyter-cache keeps what a chapter computed, but knows the chapter by its code alone. So each state of everything else
that the outputs depend on gets a cache of its own, `_build/.jupyter_cache/<fingerprint>`. To Sphinx a new fingerprint
is a changed setting, for which it reads every page again.
"""

import atexit
import hashlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

from jupyter_cache import get_cache
from myst_nb.sphinx_ import NbMetadataCollector
from sealing import seal
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
COUNTING = Path(__file__).with_name("counting_checks.py")
CACHES_KEPT = 4  # photos and drawings, before and after a change


def photos() -> Path | None:
    """The folder of the photos that chapters find with `data.load()`, or None: they draw."""
    folder = Path(os.environ.get("CATS_DOGS_DIR") or ROOT / "data" / "cats-dogs")
    return folder if folder.is_dir() else None


def fingerprint() -> str:
    """A name for the state of the library, the lock, the data and the models that chapters find."""
    state = hashlib.sha256(repr(sys.version_info).encode())
    for part in _state():
        state.update(repr(part).encode())
    return state.hexdigest()[:16]


def _state() -> Iterator[tuple]:
    yield (COUNTING.read_bytes(),)
    library = (path for ending in ("py", "json", "svg") for path in _files(ROOT / "mobilenet_lib", f"*.{ending}"))
    for path in (ROOT / "requirements.txt", *library):
        yield path.relative_to(ROOT), path.read_bytes()
    for path in (path for name in ("runs", "exports", "models") for path in _files(ROOT / "data" / name)):
        yield path.relative_to(ROOT), path.read_bytes()
    # Unlike Path.home(), expanduser copes with a user who has none.
    keras_home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    # Large and never edited: names and sizes tell them apart.
    for folder, pattern in ((photos(), "*"), (keras_home / "models", "mobilenet_*")):
        for path in _files(folder, pattern) if folder else ():
            yield path.relative_to(folder), path.stat().st_size


def _files(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


HELD = ExitStack()  # until the process ends
atexit.register(HELD.close)


def hold_folder(app: Sphinx, config: Config) -> None:
    """Two builds in one folder would take each other's half-written pages for whole ones."""
    from mobilenet_lib.locks import alone  # once the process is sealed: the library refuses some settings of Keras

    build = Path(app.outdir).parent
    try:
        HELD.enter_context(alone(build, f"building the book in {str(build)!r}"))
    except BlockingIOError as error:
        raise ExtensionError(str(error)) from error


def choose_cache(app: Sphinx, config: Config) -> None:
    if photos := os.environ.get("CATS_DOGS_DIR"):  # chapters run in their own folder: there it means another place
        os.environ["CATS_DOGS_DIR"] = str(Path(photos).absolute())
    caches = Path(app.outdir).parent / ".jupyter_cache"
    cache = caches / fingerprint()
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    for old in sorted(caches.iterdir(), key=lambda path: path.stat().st_mtime)[:-CACHES_KEPT]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    drop_damaged(cache)
    config.nb_execution_cache_path = str(cache)


def prepare_kernels(app: Sphinx, config: Config) -> None:
    """What libraries log goes to `_build/kernels.log`; what cells check is counted."""
    build = Path(app.outdir).parent
    profile = Path(os.environ["IPYTHONDIR"]) / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    log = build / "kernels.log"
    log.write_bytes(b"")
    # Kernels run this when they start, before anything is imported.
    redirect = f"import os\nos.dup2(os.open({str(log)!r}, os.O_WRONLY | os.O_APPEND), 2)\n"
    load = f"__import__('runpy').run_path({str(COUNTING)!r})['load_ipython_extension'](get_ipython())"
    count = f"get_config().IPKernelApp.exec_lines = [{load!r}]\n"
    (profile / "ipython_kernel_config.py").write_text(redirect + count, "utf8")


def drop_damaged(folder: Path) -> None:
    """Forget what a killed build has half-written into a cache."""
    cache = get_cache(folder)
    for record in cache.list_cache_records():
        try:
            cache.get_cache_bundle(record.pk)
        except Exception:
            shutil.rmtree(folder / "executed" / record.hashkey, ignore_errors=True)
            type(record).remove_record(record.pk, cache.db)


def distrust_unfinished(app: Sphinx, config: Config) -> None:
    """After a build with warnings, or without an end, read every page again: Sphinx reports a warning only once."""
    unfinished = Path(app.doctreedir) / "unfinished"
    if unfinished.exists():
        (unfinished.parent / "environment.pickle").unlink(missing_ok=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.touch()


def trust_finished(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and not app._warncount:
        (Path(app.doctreedir) / "unfinished").unlink()


def allow_alone(app: Sphinx) -> None:
    """A chapter that is built alone (`make chapter`) may link to pages that are not there."""
    if app.config.root_doc.startswith("chapters/"):
        app.config.suppress_warnings = [*app.config.suppress_warnings, "myst.xref_missing"]


class Progress(logging.Handler):
    """One line for each chapter in work: `[3/6] 03-architecture … 12 s`."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.started = 0.0
        self.number = self.total = 0
        self.line_open = False

    def count(self, app: Sphinx, env, docnames: list[str]) -> None:
        docnames.sort(key=lambda name: (not name.startswith("chapters/"), name))
        self.total = sum("{code-cell}" in Path(env.doc2path(name)).read_text("utf8") for name in docnames)

    def start(self, app: Sphinx, docname: str, source: list[str]) -> None:
        if "{code-cell}" in source[0]:
            self.number += 1
            self.say(f"[{self.number}/{self.total}] {docname.split('/')[-1]} … ")
            self.started = time.monotonic()

    def finish(self, app: Sphinx, doctree) -> None:
        done = NbMetadataCollector.get_exec_data(app.env, app.env.docname)
        if not self.started or not done:
            return
        seconds = time.monotonic() - self.started
        kept = done["succeeded"] and seconds < (done["runtime"] or 0)
        if kept:  # the cache keeps UTC and myst-nb reads it as local time
            done["mtime"] = datetime.fromtimestamp(done["mtime"]).replace(tzinfo=timezone.utc).timestamp()
        outcome = "kept" if kept else f"{seconds:.0f} s" if done["succeeded"] else f"failed after {seconds:.0f} s"
        if not self.line_open:
            self.say("    ")
        self.say(f"{outcome}\n")
        self.started = 0.0

    def say(self, text: str) -> None:
        encoding = sys.stdout.encoding or "utf8"  # not every terminal has a "…"
        print(text.encode(encoding, "replace").decode(encoding), end="", flush=True)
        self.line_open = not text.endswith("\n")

    def emit(self, record: logging.LogRecord) -> None:
        # A warning starts on a line of its own.
        if self.line_open:
            self.say("\n")


def setup(app: Sphinx) -> dict:
    seal(Path(app.outdir).parent / ".sealed")
    progress = Progress()
    logging.getLogger("sphinx").handlers.insert(0, progress)
    app.connect("config-inited", hold_folder)
    app.connect("config-inited", choose_cache)
    app.connect("config-inited", prepare_kernels)
    app.connect("config-inited", distrust_unfinished)
    app.connect("builder-inited", allow_alone)
    app.connect("env-before-read-docs", progress.count)
    app.connect("source-read", progress.start)
    app.connect("doctree-read", progress.finish)
    app.connect("build-finished", trust_finished)
    return {"parallel_read_safe": False, "parallel_write_safe": True}

"""What happens when something goes wrong, with real processes, full disks and users without rights.

`book/trouble.md` is the table: its headings are the faults, and each has a test here or beside what it concerns.
"""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pytest
import test_training
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from test_data import kaggle, layout  # noqa: F401
from test_training import without_times
from trouble import entries

from mobilenet_lib import data, locks, models, tflite, training
from mobilenet_lib.data import kaggle as fetching
from mobilenet_lib.locks import alone
from mobilenet_lib.tflite import __main__ as command
from mobilenet_lib.training import __main__ as cli

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


# The table.


def provoking() -> dict[str, list[ast.FunctionDef]]:
    """The tests of each fault, by its symptom."""
    found = defaultdict(list)
    for path in TESTS.glob("test_*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf8"))):
            for mark in getattr(function, "decorator_list", ()):
                if ast.unparse(mark).startswith("pytest.mark.fault("):
                    found[ast.literal_eval(mark.args[0])].append(function)
    return found


def test_every_entry_of_the_page_has_a_test_and_every_test_of_a_fault_its_entry():
    assert set(provoking()) == set(entries())


def test_every_sentence_on_the_page_is_compared_with_what_the_program_prints():
    for symptom, functions in provoking().items():
        compared = any("shown(" in ast.unparse(function) for function in functions)
        assert compared == bool(entries()[symptom].sentence), symptom


def test_the_page_knows_how_many_entries_it_has():
    assert f"Each of the {len(entries())} entries has a test" in (ROOT / "book" / "trouble.md").read_text("utf8")


def test_every_entry_says_what_to_do():
    assert all(entry.cure for entry in entries().values())
    assert {entry.group for entry in entries().values()} == {
        *("The environment", "Network", "Archives", "Photos", "Models", "Processes", "Machines", "Chapters")
    }


# Processes.


def start(program: str, *arguments, **options) -> subprocess.Popen:
    """`program` in a Python of its own, which finds the tests, too."""
    paths = os.pathsep.join([str(ROOT), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
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

DOWNLOAD = (
    CHILDREN
    + """
    import json, zipfile
    from tqdm import tqdm
    from mobilenet_lib import data
    from mobilenet_lib.data import kaggle
    address, folder, counts, *steps = sys.argv[1:]
    kaggle.KAGGLE_HOST = address
    kaggle.KAGGLE_COUNTS = json.loads(counts)

    def download(step):
        if step == "fetching":
            tqdm.update = die  # after the first mebibyte
        elif step == "unpacking":
            extract, left = zipfile.ZipFile._extract_member, iter(range(20))
            zipfile.ZipFile._extract_member = lambda *a: extract(*a) if next(left, None) is not None else die()
        elif step == "checking":
            kaggle._is_image = die
        elif step == "moving":
            os.replace = die
        elif step == "cleaning":
            replace = os.replace
            os.replace = lambda *a: (replace(*a), die())
        data.download(folder)

    for step in steps:
        before = os.path.exists(folder)
        print(step, before, in_a_child(download, step), flush=True)
"""
)


def downloading(kaggle, folder, *steps):
    return start(DOWNLOAD, f"http://127.0.0.1:{kaggle.server_port}", folder, json.dumps(fetching.KAGGLE_COUNTS), *steps)


@pytest.mark.fault("A download is killed")
def test_a_download_killed_at_any_step_goes_on_and_leaves_nothing_behind(kaggle, tmp_path):
    folder = tmp_path / "data" / "cats-dogs"
    steps = ("fetching", "unpacking", "checking", "moving", "cleaning")
    with downloading(kaggle, folder, *steps, "again") as process:
        out, err = process.communicate(timeout=900)
    # Of each step, whether there was a whole folder before, and what ended the process.
    assert [line for line in out.splitlines() if line[-1:].isdigit()] == [
        *(f"{step} False 9" for step in steps),
        "again True 0",
    ], err
    assert kaggle.starts[:3] == [0, 0, 2**20], "it goes on where it stopped"
    assert data.load(32, source=folder).counts == {"train": 18, "validation": 2, "test": 8}
    assert [path.name for path in folder.parent.iterdir()] == ["cats-dogs"]


@pytest.mark.fault("Two downloads run at once")
def test_a_second_download_into_the_same_folder_is_refused(kaggle, tmp_path, shown):
    kaggle.cut, kaggle.pause = len(kaggle.archive) // 2, threading.Event()
    with downloading(kaggle, tmp_path / "cats-dogs", "") as first:
        while not kaggle.starts:
            time.sleep(0.05)
        with pytest.raises(BlockingIOError) as raised:
            data.download(tmp_path / "cats-dogs")
        shown(str(raised.value))
        first.kill()
        kaggle.pause.set()
    kaggle.cut = kaggle.pause = None
    assert data.download(tmp_path / "cats-dogs").is_dir(), "what was killed holds nothing any more"


SIZE = ("--data", "drawn", "--alpha", "0.1", "--resolution", "32", "--limit", "8", "--batch-size", "4", "--keep")
TRAINING = (
    CHILDREN
    + """
    import glob, json, zipfile
    import keras
    import numpy as np
    import test_training
    from mobilenet_lib import models, training
    from mobilenet_lib.training import __main__ as cli, checkpoints
    test_training.SIDE, models.mobilenet = 32, lambda *_, **__: test_training.small()
    runs, *arguments = sys.argv[1:]
    keep, fit, epochs = checkpoints.keep, keras.Model.fit, iter(range(1, 100))

    class Dying(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            die()

    def train(moment):
        if moment == "before keeping":
            checkpoints.keep = die
        elif moment == "while keeping":
            os.fsync = die
        elif moment == "after keeping":
            checkpoints.keep = lambda *a: (keep(*a), die())
        elif moment == "in an epoch":  # the second one of this process
            keras.Model.fit = lambda *a, **o: fit(*a, **o, callbacks=[Dying()] if next(epochs) == 2 else [])
        elif moment == "before recording":
            cli.evaluate = die
        elif moment == "while keeping the model":
            zipfile.ZipFile.writestr = die
        elif moment == "while recording":
            training.Run.save = die
        cli.main([*arguments, "--runs", runs])

    def kept():
        if not os.path.exists(f"{runs}/.run.npz"):
            return 0
        with np.load(f"{runs}/.run.npz") as file:
            return len(json.loads(str(file["about"]))["history"])

    moments = ["before keeping", "while keeping", "after keeping", "in an epoch"]
    moments += ["before recording", "while keeping the model", "while recording"]
    for moment in [*moments, "again"]:
        print(f"{moment}: ended by {in_a_child(train, moment)}, {kept()} epochs kept,", end=" ", flush=True)
        print("recorded" if os.path.exists(f"{runs}/run.json") else "not recorded", flush=True)
"""
)


@pytest.mark.fault("A training is killed")
def test_a_training_killed_at_any_moment_ends_as_if_nothing_had_happened(tmp_path, monkeypatch):
    arguments = ["--name", "run", "--epochs", "3", *SIZE]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    done = run(TRAINING, killed / "runs", *arguments)
    assert [line for line in done.stdout.splitlines() if "ended by" in line] == [
        "before keeping: ended by 9, 0 epochs kept, not recorded",
        "while keeping: ended by 9, 0 epochs kept, not recorded",
        "after keeping: ended by 9, 1 epochs kept, not recorded",
        "in an epoch: ended by 9, 2 epochs kept, not recorded",
        "before recording: ended by 9, 3 epochs kept, not recorded",
        "while keeping the model: ended by 9, 3 epochs kept, not recorded",
        "while recording: ended by 9, 3 epochs kept, not recorded",
        "again: ended by 0, 0 epochs kept, recorded",
    ], done.stdout + done.stderr
    monkeypatch.setattr(test_training, "SIDE", 32)
    monkeypatch.setattr(models, "mobilenet", lambda *_, **__: test_training.small())
    cli.main([*arguments, "--runs", str(whole / "runs")])
    records = [without_times(training.load_run(folder / "runs/run.json")) for folder in (killed, whole)]
    assert records[0] == records[1]
    weights = [training.load_model(folder / "models/run.keras").get_weights() for folder in (killed, whole)]
    assert all(map(np.array_equal, *weights))
    assert sorted(path.name for path in killed.glob("*/*")) == ["run.json", "run.keras"]


def training_epochs(path: Path) -> int:
    with np.load(path) as file:
        return len(json.loads(str(file["about"]))["history"])


HOLDER = """
    import sys, time
    from mobilenet_lib.locks import alone
    with alone(sys.argv[1], "waiting"):
        print("holding", flush=True)
        time.sleep(100)
"""


@pytest.mark.fault("The same training runs twice at once")
def test_the_second_training_of_one_name_is_refused(tmp_path, shown, capsys):
    (tmp_path / ".run.lock").touch()
    with start(HOLDER, tmp_path / ".run.lock") as first:
        first.stdout.readline()
        with pytest.raises(SystemExit) as stopped:
            cli.main(["--name", "run", "--runs", str(tmp_path), *SIZE])
        first.kill()
    assert stopped.value.code == 1
    shown(capsys.readouterr().err)
    with alone(tmp_path / ".run.lock", "nothing"):
        pass


@pytest.mark.fault("The same training runs twice at once")
def test_of_two_trainings_of_one_name_started_at_once_one_trains(tmp_path, shown):
    program = "import sys; from mobilenet_lib.training.__main__ import main; main(sys.argv[1:])"
    arguments = ["--name", "run", "--epochs", "2", "--runs", tmp_path / "runs", *SIZE]
    with start(program, *arguments) as first, start(program, *arguments) as second:
        errors = {process: process.communicate(timeout=300)[1] for process in (first, second)}
    trained, other = sorted(errors, key=lambda process: process.returncode)
    assert (trained.returncode, other.returncode) in ((0, 1), (0, 2)), errors
    if other.returncode == 1:
        shown(errors[other])
    else:
        assert "run.json is there already; --force replaces it" in errors[other]
    assert len(training.load_run(tmp_path / "runs" / "run.json").epochs) == 2
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["run.json", "run.keras"]


def test_a_training_that_another_process_finishes_meanwhile_is_not_repeated(tmp_path, monkeypatch, capsys):
    @contextmanager
    def just_done(*_):
        (tmp_path / "run.json").write_text("the other's")
        yield

    monkeypatch.setattr(cli, "alone", just_done)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name", "run", "--runs", str(tmp_path), *SIZE])
    assert stopped.value.code == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_windows_opens_no_folder_and_knows_no_such_lock_so_what_is_held_there_is_not_opened(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(os, "open", refuse)
    held = []
    with alone(tmp_path, "working"):
        held.append(tmp_path)
    assert held == [tmp_path]


@pytest.mark.fault("Two recordings of file formats run at once")
def test_a_second_recording_into_the_same_folder_is_refused(tmp_path, shown, capsys):
    models.mobilenet(0.25, 32, 2).save(tmp_path / "own.keras")
    exports = tmp_path / "exports"
    exports.mkdir()
    with start(HOLDER, exports) as first:
        first.stdout.readline()
        with pytest.raises(SystemExit) as stopped:
            command.main(["record", str(tmp_path / "own.keras"), "--data", "drawn", "--exports", str(exports)])
        first.kill()
    assert stopped.value.code == 2
    shown(capsys.readouterr().err)
    assert not list(exports.iterdir())


@pytest.mark.fault("A training is interrupted with Ctrl-C")
def test_ctrl_c_ends_a_training_with_one_sentence_and_loses_no_epoch(tmp_path, shown):
    # Started in the background of a shell, a process ignores Ctrl-C; a reader's does not.
    program = """
        import signal, sys
        from mobilenet_lib.training.__main__ import main
        signal.signal(signal.SIGINT, signal.default_int_handler)
        main(sys.argv[1:])
    """
    with start(program, "--name", "run", "--epochs", "200", "--runs", tmp_path, *SIZE) as process:
        for line in process.stdout:
            if "epoch 2/" in line:
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err
    shown(err)
    assert training_epochs(tmp_path / ".run.npz") >= 2
    assert not (tmp_path / ".run.lock").exists()


CONVERSION = """
    import os, signal, sys
    from mobilenet_lib import tflite
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    tflite.save(b"new" * 10000, sys.argv[1])
"""


@pytest.mark.fault("A conversion is killed")
def test_a_conversion_killed_while_it_writes_leaves_the_old_file_whole(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"old")
    assert run(CONVERSION, tmp_path / "model.tflite").returncode == -signal.SIGKILL
    assert (tmp_path / "model.tflite").read_bytes() == b"old"
    assert list(tmp_path.glob("*.tflite")) == [tmp_path / "model.tflite"], "the half-written one is not among models"
    tflite.save(b"new", tmp_path / "model.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"], "the next one clears up"
    assert (tmp_path / "model.tflite").read_bytes() == b"new"


@pytest.mark.fault("A conversion is interrupted with Ctrl-C")
def test_ctrl_c_ends_the_record_of_formats_with_one_sentence(tmp_path, shown):
    program = """
        import signal, sys
        from mobilenet_lib.tflite import __main__ as command, recording
        signal.signal(signal.SIGINT, signal.default_int_handler)
        convert = recording.convert
        def said(*arguments, **options):
            print("converting", flush=True)
            return convert(*arguments, **options)
        recording.convert = said
        sys.exit(command.main(sys.argv[1:]))
    """
    training.save_model(models.mobilenet(0.1, 32, 2), tmp_path / "model.keras")
    arguments = [
        "record",
        tmp_path / "model.keras",
        "--data",
        "drawn",
        "--limit",
        "8",
        "--exports",
        tmp_path / "exports",
    ]
    with start(program, *arguments) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    shown(err)
    assert list((tmp_path / "exports").iterdir()) == []


# Machines.


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


@as_root
@pytest.mark.fault("The disk is full while a training runs")
def test_a_full_disk_ends_a_training_with_one_sentence_and_the_next_one_goes_on(tmp_path, capsys, shown):
    arguments = ["--name", "run", "--epochs", "2", "--runs", str(tmp_path / "disk" / "runs"), *SIZE]
    with small_disk(tmp_path / "disk", "3m") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(2_800_000))
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 1
        shown(capsys.readouterr().err)
        assert list((disk / "runs").iterdir()) == [], "nothing half-written stays"
        filler.unlink()
        cli.main(arguments)
        assert sorted(path.name for path in (disk / "runs").iterdir()) == ["run.json"]


@as_root
@pytest.mark.fault("The disk is full while a training runs")
def test_a_full_disk_leaves_no_half_of_a_kept_model(tmp_path):
    with small_disk(tmp_path / "disk", "256k") as disk, pytest.raises(OSError):
        try:
            training.save_model(models.mobilenet(0.1, 32, 2), disk / "model.keras")
        finally:
            assert list(disk.iterdir()) == []


@as_root
@pytest.mark.fault("The disk is full while file formats are recorded")
def test_a_full_disk_ends_the_record_of_formats_with_one_sentence(tmp_path, monkeypatch, capsys, shown):
    training.save_model(test_training.small(), tmp_path / "model.keras")
    monkeypatch.setattr(command, "record", lambda *_: {"files": ["large"] * 10000})  # after minutes
    with small_disk(tmp_path / "disk", "64k") as disk:
        with pytest.raises(SystemExit) as stopped:
            command.main(
                ["record", str(tmp_path / "model.keras"), *SIZE[:2], "--limit", "8", "--exports", str(disk / "e")]
            )
        assert stopped.value.code == 2
        shown(capsys.readouterr().err)
        assert list((disk / "e").iterdir()) == []


@as_root
@pytest.mark.fault("The disk is full while photos are downloaded")
def test_a_full_disk_ends_a_download_which_goes_on_when_there_is_room(kaggle, tmp_path, shown):
    with small_disk(tmp_path / "disk", "5m") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(3 * 2**20))
        with pytest.raises(OSError) as raised:
            data.download(disk / "cats-dogs")
        shown(str(raised.value))
        assert not (disk / "cats-dogs").exists()
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert data.download(disk / "cats-dogs").is_dir()


BOOK = """
    import os, sys
    from pathlib import Path
    from mobilenet_lib import data, models, plots, tflite, training
    from mobilenet_lib.data import __main__ as command
    photos = data.load(32, source="drawn", limit=20)
    model = models.mobilenet(0.1, 32, 2)
    print(training.train(model, photos, epochs=1).epochs[0]["val_loss"])
    content = tflite.convert(model, "int8", data.normalize(photos.images("train")[0]))
    print(tflite.evaluate(content, photos.test).accuracy)
    figure = plots.learning_rate({"\\u03b1 \\u2192 \\u03c1": [0.0, 1.0, 0.0]})
    figure._repr_html_() if hasattr(figure, "_repr_html_") else None
    print(command.main(["check", sys.argv[1]]))
    # Not ru_maxrss: that one begins with the peak of the process that started this one.
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    print("peak", int(status["VmHWM"].split()[0]) // 1024)
"""


@as_nobody
@pytest.mark.fault("A user without a home, without rights, without a display")
def test_everything_works_for_a_user_without_name_home_rights_or_display(layout, tmp_path):
    with anyone(layout) as photos:
        env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        done = run(BOOK, photos, before=NOBODY, env=env, cwd="/")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "28 photos, in order" in done.stdout


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


@pytest.mark.fault("One core, four gigabytes of memory")
@pytest.mark.fault("A terminal that knows only ASCII, a folder with a space or a ü, a clock far away")
@pytest.mark.fault("The environment names a drawing program that is not there")
def test_everything_works_on_one_core_with_ascii_a_strange_path_and_a_clock_far_away(layout, tmp_path):
    photos = shutil.copytree(layout, tmp_path / "Fotos – кошки 🐈")
    (photos / "test_set/cats/notes 🐈.txt").touch()
    env = {**os.environ, **ASCII, "TZ": "Pacific/Kiritimati", "MPLBACKEND": "TkAgg"}
    env.pop("DISPLAY", None)
    small = ["prlimit", f"--data={4 * 2**30}"] if shutil.which("prlimit") else []
    small += ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    done = run(BOOK, photos, before=small, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "left out: 1 ('test_set/cats/notes" in done.stdout
    assert int(done.stdout.split()[-1]) < 4096, "MB"


@pytest.mark.fault("A terminal that knows only ASCII, a folder with a space or a ü, a clock far away")
def test_every_command_line_prints_names_that_an_ascii_terminal_does_not_have(layout, tmp_path):
    photos = shutil.copytree(layout, tmp_path / "кот 🐈")
    photo = shutil.copy(next((photos / "test_set/cats").iterdir()), tmp_path / "кот 🐈.jpg")
    model = tmp_path / "модель.keras"
    training.save_model(test_training.small(), model)
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    for module, *arguments in (
        ("data", "check", photos),
        ("training", "--name", "run", "--data", photos, "--runs", tmp_path, *size),
        ("tflite", photo),
        ("tflite", "record", model, "--data", photos, "--exports", tmp_path),
    ):
        program = f"import runpy; runpy.run_module('mobilenet_lib.{module}', run_name='__main__')"
        done = run(program, *arguments, env={**os.environ, **ASCII})
        assert done.returncode == 0, done.stderr[-3000:]
        assert r"\udcd0" in done.stdout, "half a Cyrillic letter, as Python reads names there"


@as_nobody
@pytest.mark.fault("The folder may only be read")
def test_a_folder_that_may_only_be_read_is_named(tmp_path, shown):
    program = "import sys; from mobilenet_lib.training.__main__ import main; main(sys.argv[1:])"
    done = run(program, "--name", "run", "--runs", "/usr/runs", *SIZE, before=NOBODY, cwd="/")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    shown(done.stderr)


@as_nobody
@pytest.mark.fault("The folder may only be read")
def test_a_folder_for_records_of_formats_that_may_only_be_read_is_named_before_anything_is_converted(tmp_path, shown):
    program = """
        import sys
        from mobilenet_lib.tflite import __main__ as command
        command.data.load = None
        command.main(sys.argv[1:])
    """
    done = run(program, "record", "scratch", "--exports", "/usr/exports", before=NOBODY, cwd="/")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    shown(done.stderr)


@as_root
@pytest.mark.fault("The folder may only be read")
@pytest.mark.parametrize("missing", ["nothing", "_build", ".venv"])
def test_a_book_that_may_only_be_read_is_not_built_and_the_reason_is_one_sentence(tmp_path, missing):
    made = ["requirements.txt", "package.json", "package-lock.json", "_build/.jupyter_cache", "node_modules/axe-core/a"]
    made += [".venv/bin/python", ".venv/installed", "node_modules/.package-lock.json"]
    for name in ("Makefile", "pyproject.toml", "scripts/environment.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in (name for name in made if not name.startswith(missing)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{tmp_path}\n", "utf8")
    command = ["make", "--no-print-directory", "book"]
    with read_only(tmp_path):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf8")
    assert done.returncode != 0
    which = "_build" if missing == "nothing" else missing
    assert done.stdout == f"{which} cannot be written to: copy the checkout to a folder of yours\n"
    assert all(re.match(r"make(\[\d\])?: \*\*\*", line) for line in done.stderr.splitlines())


@contextmanager
def read_only(folder: Path):
    for options in ("bind", "remount,bind,ro"):
        if subprocess.run(["mount", "-o", options, str(folder), str(folder)], capture_output=True).returncode:
            pytest.skip("mounting a disk is not permitted")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# Chapters.


@pytest.mark.fault("A file of yours has the name of a package")
@pytest.mark.parametrize("package", ["keras", "tensorflow", "numpy"])
def test_a_file_beside_the_notebook_that_hides_a_package_is_named(tmp_path, shown, package):
    (tmp_path / f"{package}.py").write_text("answer = 42\n")
    done = run(f"import mobilenet_lib, {package}", cwd=tmp_path)
    assert done.returncode == 1
    assert str(tmp_path / f"{package}.py") in done.stderr
    if package == "keras":
        shown(done.stderr)


@pytest.mark.fault("A file of yours has the name of a package")
def test_the_first_cell_of_a_notebook_names_the_file_beside_it_that_hides_keras(tmp_path, shown):
    (tmp_path / "keras.py").write_text("answer = 42\n")
    chapter = jupytext.read(next((ROOT / "chapters").glob("01-*.md")))
    first = next(cell for cell in chapter.cells if cell.cell_type == "code")
    notebook = nbformat.v4.new_notebook(metadata=chapter.metadata, cells=[first])
    with pytest.raises(CellExecutionError) as raised:
        NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown(f"{raised.value.ename}: {raised.value.evalue}")
    assert str(tmp_path / "keras.py") in raised.value.evalue


def run_chapters(names: list[str], folder: Path) -> None:
    """The cells of several chapters, one after the other, in one kernel that runs in `folder`."""
    notebooks = [jupytext.read(next((ROOT / "chapters").glob(f"{name}-*.md"))) for name in names]
    together = nbformat.v4.new_notebook(metadata=notebooks[0].metadata)
    together.cells = [cell for notebook in notebooks for cell in notebook.cells]
    NotebookClient(together, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()


@pytest.mark.fault("Chapters run in another order, twice, from another folder")
def test_chapters_run_backward_and_twice_in_one_kernel_from_another_folder(tmp_path):
    run_chapters(["02", "01", "02", "01"], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_all_chapters_run_backward_and_twice_in_one_kernel_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DOGS_DIR", "")
    names = sorted((path.name[:2] for path in (ROOT / "chapters").glob("*.md")), reverse=True)
    run_chapters(names * 2, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Broken files.


def test_a_few_hundred_broken_files_do_no_harm():
    program = "import sys, fuzz; sys.exit(fuzz.main())"
    done = run(program, "--pictures", "320", "--tflite", "40", "--keras", "6")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["pictures read"] > 50 and counts["pictures refused"] > 50
    assert counts[".tflite files refused"] > 5 and counts[".keras files refused"] > 2

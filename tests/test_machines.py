"""The whole library for users without rights, on small machines, with strange names."""

import os
import re
import shutil

import pytest
import small_training
from processes import ASCII, NOBODY, anyone, as_nobody, run

from mobilenet_lib import training

BOOK = """
    import os, sys
    from pathlib import Path
    import small_training
    from mobilenet_lib import data, plots, tflite, training
    from mobilenet_lib.data import __main__ as command
    photos = data.load(32, source="drawn", limit=20)
    model = small_training.small(side=32)
    print(training.train(model, photos, epochs=1).epochs[0]["val_loss"])
    content = tflite.convert(model, "int8", data.normalize(photos.images("train")[0]))
    print(tflite.evaluate(content, photos.test).accuracy)
    figure = plots.lines({"\\u03b1 \\u2192 \\u03c1": {"a": [(1, 2)]}}, alt="\\u03b1", ylabel="y")
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


READ_ONLY = """
    import sys
    from mobilenet_lib import data
    import exports
    from mobilenet_lib.training import __main__ as training
    data.load = None
    for command, arguments in (
        (training, ["--name", "run", "--runs", "/usr/runs", "--data", "drawn"]),
        (exports, ["flagship", "--exports", "/usr/exports"]),
    ):
        try:
            command.main(arguments)
        except SystemExit as ended:
            print("ended", ended.code, file=sys.stderr)
"""


@as_nobody
@pytest.mark.fault("The folder may only be read")
def test_a_folder_for_records_that_may_only_be_read_is_named_before_anything_is_computed(shown):
    done = run(READ_ONLY, before=NOBODY, cwd="/")
    train, formats, _ = re.split(r"ended [12]\n", done.stderr)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    shown(train), shown(formats)


# Several commands one after the other in one process, because importing TensorFlow takes longer than all the rest.
COMMANDS = """
    import runpy, sys
    import aware, small_training
    from mobilenet_lib import models
    models.mobilenet = small_training.in_place_of_mobilenet
    aware.train_aware = lambda model, *_, **__: model
    words = sys.argv[1:]
    while words:
        end = words.index(";")
        module, *sys.argv[1:] = words[:end]
        words = words[end + 1 :]
        print("begins", module, flush=True)
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as ended:
            if ended.code:
                raise
"""


@pytest.mark.fault("A terminal that knows only ASCII, a folder with a space or a ü, a clock far away")
def test_every_command_line_prints_names_that_an_ascii_terminal_does_not_have(layout, tmp_path):
    photos = shutil.copytree(layout, tmp_path / "кот 🐈")
    photo = shutil.copy(next((photos / "test_set/cats").iterdir()), tmp_path / "кот 🐈.jpg")
    model = tmp_path / "модель.keras"
    training.save_model(small_training.small(), model)
    size = ["--resolution", "32", "--limit", "8", "--epochs", "1"]
    commands = [
        ("mobilenet_lib.data", "check", photos),
        ("mobilenet_lib.training", "--name", "run", "--data", photos, "--runs", tmp_path, *size),
        ("mobilenet_lib.tflite", photo),
        ("exports", model, "--data", photos, "--exports", tmp_path),
    ]
    done = run(COMMANDS, *(word for command in commands for word in (*command, ";")), env={**os.environ, **ASCII})
    assert done.returncode == 0, done.stderr[-3000:]
    _, *said = done.stdout.split("begins ")
    assert len(said) == len(commands)
    assert all(r"\udcd0" in out for out in said), "half a Cyrillic letter, as Python reads names there"

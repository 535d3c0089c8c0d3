"""The command line of `tflite` killed, interrupted, started twice, on a full disk: with real processes."""

import signal

import exports
import pytest
import small_training
from processes import HOLDER, as_root, run, small_disk, start, stopped

from mobilenet_lib import models, tflite, training


@pytest.mark.fault("Two recordings of file formats run at once")
def test_a_second_recording_into_the_same_folder_is_refused(tmp_path, shown, capsys):
    models.mobilenet(0.25, 32, 2).save(tmp_path / "own.keras")
    folder = tmp_path / "exports"
    folder.mkdir()
    with start(HOLDER, folder) as first:
        first.stdout.readline()
        said = stopped(exports.main, [str(tmp_path / "own.keras"), "--data", "drawn", "--exports", str(folder)], capsys)
        first.kill()
    shown(said)
    assert not list(folder.iterdir())


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
        import exports
        signal.signal(signal.SIGINT, signal.default_int_handler)
        convert = exports.convert
        def said(*arguments, **options):
            print("converting", flush=True)
            return convert(*arguments, **options)
        exports.convert = said
        sys.exit(exports.main(sys.argv[1:]))
    """
    training.save_model(models.mobilenet(0.1, 32, 2), tmp_path / "model.keras")
    arguments = [tmp_path / "model.keras", "--data", "drawn", "--limit", "8", "--exports", tmp_path / "exports"]
    with start(program, *arguments) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    shown(err)
    assert list((tmp_path / "exports").iterdir()) == []


@as_root
@pytest.mark.fault("The disk is full while file formats are recorded")
def test_a_full_disk_ends_the_record_of_formats_with_one_sentence(tmp_path, monkeypatch, capsys, shown):
    training.save_model(small_training.small(), tmp_path / "model.keras")
    monkeypatch.setattr(exports, "record", lambda *_: {"files": ["large"] * 10000})  # after minutes
    options = ["--data", "drawn", "--limit", "8", "--exports"]
    with small_disk(tmp_path / "disk", "64k") as disk:
        shown(stopped(exports.main, [str(tmp_path / "model.keras"), *options, str(disk / "e")], capsys))
        assert list((disk / "e").iterdir()) == []

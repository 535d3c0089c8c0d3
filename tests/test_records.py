"""`records`: runs as files."""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from mobilenet_lib import records, training
from mobilenet_lib.locks import alone


def made():
    """A record whose numbers have more digits than they are shown with."""
    return training.Run({"alpha": 0.25}, {"drawn": True}, [{"loss": 1 / 3}, {"loss": 0.1}], 219_058, 10**7, 2.5)


def test_a_record_comes_back_as_it_was_saved(tmp_path):
    run = made()
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json") == run
    assert training.load_runs(tmp_path) == {"run": run}


def test_a_setting_that_is_called_epochs_stays_one(tmp_path):
    run = replace(made(), settings={"epochs": None})
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json") == run


@pytest.mark.parametrize("wrong", [{"seconds": math.nan}, {"epochs": [{"loss": math.inf}]}])
def test_a_record_of_what_is_no_number_is_not_written_because_json_has_no_word_for_it(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"record must be of finite numbers, to be kept as .*run\.json'"):
        replace(made(), **wrong).save(tmp_path / "run.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["flagship", "fine-tune", "parts-repaired-0"])
def test_a_record_is_written_again_as_it_was(tmp_path, name):
    path = records.RUNS / f"{name}.json"
    records.write_rows(json.loads(path.read_bytes()), "epochs", tmp_path / "run.json")
    assert (tmp_path / "run.json").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"epochs": []}'])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"run\.json"):
        training.load_run(path)


def test_what_macos_leaves_beside_a_record_is_no_record(tmp_path):
    made().save(tmp_path / "run.json")
    (tmp_path / "._run.json").write_bytes(b"\0\5\x16\7")  # how its AppleDouble files begin
    assert [*training.load_runs(tmp_path)] == ["run"]


def test_a_link_stays_one_and_the_file_behind_it_is_written(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    link.symlink_to("file")
    records.write(link, b"new")
    assert link.is_symlink() and file.read_bytes() == b"new"
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_replaced_by_one(tmp_path, make):
    make(tmp_path / "other")
    with pytest.raises(OSError, match=r"other' cannot be written \(it is no file\)"):
        records.write(tmp_path / "other", b"new")
    assert not (tmp_path / "other").is_file() and len([*tmp_path.iterdir()]) == 1


def test_of_several_that_write_the_same_file_some_are_refused_and_none_spoils_it(tmp_path):
    contents = [bytes([number]) * 2**20 for number in range(40)]

    def written(content):
        try:
            records.write(tmp_path / "file", content)
        except OSError as refused:
            assert "what was there before is whole" in str(refused)
        return (tmp_path / "file").read_bytes() in contents

    records.write(tmp_path / "file", contents[0])
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(written, contents))
    assert len([*tmp_path.iterdir()]) == 1


def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    (tmp_path / ".file.part").write_bytes(b"half")
    with alone(tmp_path / ".file.part", "writing"), pytest.raises(OSError, match="another process is writing it"):
        records.write(tmp_path / "file", b"new")
    assert (tmp_path / ".file.part").read_bytes() == b"half"
    records.write(tmp_path / "file", b"new")  # once it has ended, be it killed
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_another_begins_to_write_once_one_has_ended_is_left_to_it(tmp_path, monkeypatch):
    replace, part = os.replace, tmp_path / ".file.part"

    def another_begins(old, new):
        replace(old, new)
        part.write_bytes(b"half")

    monkeypatch.setattr(os, "replace", another_begins)
    records.write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new" and part.read_bytes() == b"half"


def test_where_no_run_was_recorded_there_is_none(tmp_path):
    assert training.load_runs(tmp_path / "nowhere") == {}

"""`records`: runs as files."""

import pytest

from mobilenet_lib import training


def made():
    """A record whose numbers have more digits than they are shown with."""
    return training.Run({"alpha": 0.25}, {"drawn": True}, [{"loss": 1 / 3}, {"loss": 0.1}], 219_058, 10**7, 2.5)


def test_a_record_comes_back_as_it_was_saved(tmp_path):
    run = made()
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json") == run
    assert training.load_runs(tmp_path) == {"run": run}


def test_saving_a_record_leaves_nothing_else_behind(tmp_path):
    made().save(tmp_path / "run.json")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"epochs": []}'])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"run\.json"):
        training.load_run(path)


def test_where_no_run_was_recorded_there_is_none(tmp_path):
    assert training.load_runs(tmp_path / "nowhere") == {}

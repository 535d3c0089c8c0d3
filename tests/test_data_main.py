"""The command line `python -m mobilenet_lib.data`."""

import pytest
from pictures import save_picture, text

from mobilenet_lib import data
from mobilenet_lib.data import __main__ as command


@pytest.mark.fault("Names have spaces, emoji or line breaks")
def test_a_photo_may_have_any_name(folder, shown, capsys):
    for number, name in enumerate(["with a space", "cat 🐈", "two\nlines", "quote'\"", "\udcff"]):
        save_picture(folder / f"training_set/cats/{name}.jpg", 100 + 2 * number)
    assert data.load(32, source=folder).counts["train"] == 22
    text(folder / "training_set/cats/a 🐈\nand a mouse.jpg")
    assert command.main(["check", str(folder)]) == 1
    out = capsys.readouterr().out
    shown(out)
    assert "'training_set/cats/a 🐈\\nand a mouse.jpg'" in out, "on one line"


def test_the_status_of_check_says_whether_all_is_in_order(folder, capsys):
    assert command.main(["check", str(folder)]) == 0
    text(folder / "training_set/cats/cat.1.jpg")
    assert command.main(["check", str(folder)]) == 1
    assert "Not an image: 1" in capsys.readouterr().out


def test_an_error_on_the_command_line_is_one_sentence(tmp_path, capsys):
    assert command.main(["check", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err

"""Files that are whole and files that are not, and writing them."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from networks import SIZE, pictures, tiny, tiny_file

from mobilenet_lib import tflite


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused(share, tmp_path):
    content = tiny_file("int8")[: int(share * len(tiny_file("int8")))]
    with pytest.raises(ValueError, match=f"must be a whole .tflite file, not these {len(content):,} bytes"):
        tflite.predict(content, pictures(1))
    path = tmp_path / "half.tflite"
    path.write_bytes(content)
    for reading in (tflite.latency, tflite.operators):
        with pytest.raises(ValueError, match=r"must be a whole .tflite file, not '.*half.tflite'"):
            reading(path)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(1000), b"PK\x03\x04" + bytes(99), b"hello " * 99])
def test_a_foreign_file_is_refused(content):
    with pytest.raises(ValueError, match=r"must be a whole \.tflite file"):
        tflite.evaluate(content, [])


def test_a_keras_model_is_no_tflite_file():
    with pytest.raises(ValueError, match=r"tflite_model must be the path or the content of a .tflite file, not a Func"):
        tflite.predict(tiny(), np.zeros((1, SIZE, SIZE, 3), np.float32))


def test_saving_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "model.tflite"
    tflite.save(tiny_file("int8"), path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        tflite.save(tiny_file("float32"), path)
    assert path.read_bytes() == tiny_file("int8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.tflite"]


# On a microcontroller

ARRAY = """
#include <cstdint>
#include <cstdio>
#include <type_traits>
#include "model.h"
static_assert(std::is_const<std::remove_extent<decltype(model_tflite)>::type>::value, "or it lies in RAM");
int main() {
  std::fwrite(model_tflite, 1, model_tflite_len, stdout);
  return reinterpret_cast<std::uintptr_t>(model_tflite) % 16;
}
"""


@pytest.mark.skipif(not (shutil.which("xxd") and shutil.which("g++")), reason="needs xxd and g++")
def test_the_array_that_chapter_11_makes_of_a_model_is_constant_and_aligned(tmp_path):
    chapter = (Path(__file__).resolve().parents[1] / "chapters" / "11-on-the-device.md").read_text("utf8")
    (command,) = re.findall(r"^```\n(xxd .*?)\n```$", chapter, re.MULTILINE | re.DOTALL)
    tflite.save(tiny_file("int8"), tmp_path / "model.tflite")
    (tmp_path / "main.cc").write_text(ARRAY)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "main.cc", "-o", "main"], cwd=tmp_path, check=True)
    symbols = subprocess.run(["nm", "-C", "main"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert re.search(r" [rR] model_tflite$", symbols, re.MULTILINE), "among what is only read"
    done = subprocess.run([tmp_path / "main"], capture_output=True)
    assert done.returncode == 0 and done.stdout == tiny_file("int8")

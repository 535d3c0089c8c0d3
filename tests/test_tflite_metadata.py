"""What travels with the weights: the labels, and the metadata that say how to normalize an image."""

import io
import re
import zipfile

import keras
import numpy as np
import pytest
from flatbuffers.number_types import Float32Flags, Uint8Flags
from flatbuffers.table import Table
from networks import LABELS, pictures, tiny, tiny_file
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib import tflite


@pytest.mark.parametrize("mode", tflite.MODES)
def test_labels_travel_with_the_file(mode):
    assert tflite.labels(tiny_file(mode)) == LABELS
    with zipfile.ZipFile(io.BytesIO(tiny_file(mode))) as attached:
        assert attached.read("labels.txt") == b"cat\ndog\n"


def test_a_file_without_labels_says_so():
    assert tflite.labels(tflite.convert(tiny(), "float32")) == ()


def test_labels_may_be_an_array():
    assert tflite.labels(tflite.convert(tiny(), "float32", labels=np.array(LABELS))) == LABELS


def damages(content):
    """The file with a byte of its labels changed, or of their directory where it counts, or without its end."""
    start = content.rindex(b"PK\x01\x02")  # of the directory; the labels stand before it
    for place in (start - 8, start, start + 6, start + 10, start + 16, start + 42, start + 56, len(content) - 3):
        yield content[:place] + bytes([content[place] ^ 0xA5]) + content[place + 1 :]
    yield from (content[:-1], content[:-30], content[:start])


def test_damaged_labels_are_refused():
    for damaged in damages(tiny_file("int8")):
        with pytest.raises(
            ValueError, match=r"must be a whole \.tflite file, not these .* bytes: its labels are damaged"
        ):
            tflite.labels(damaged)


def described(content):
    """What the metadata say of the input: mean, deviation, color space (1 RGB, 2 grayscale), largest and smallest."""
    content = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (entry,) = (entry for entry in content.metadata if entry.name == b"TFLITE_METADATA")
    metadata = bytes(content.buffers[entry.buffer].data)
    assert metadata[4:8] == b"M001", "the identifier of the schema"

    def table(parent, field, index=None):
        offset = parent.Offset(4 + 2 * field)
        if index is None:
            return Table(metadata, parent.Indirect(parent.Pos + offset))
        return Table(metadata, parent.Indirect(parent.Vector(offset) + 4 * index))

    def floats(parent, field):
        return parent.GetVectorAsNumpy(Float32Flags, parent.Offset(4 + 2 * field)).tolist()

    image = table(table(Table(metadata, int.from_bytes(metadata[:4], "little")), 3, 0), 2, 0)
    units, space, stats = table(table(image, 4, 0), 1), table(table(image, 3), 1), table(image, 5)
    return floats(units, 0), floats(units, 1), space.GetSlot(4, 0, Uint8Flags), floats(stats, 0), floats(stats, 1)


@pytest.mark.parametrize("mode", tflite.MODES)
def test_metadata_in_the_standard_format_say_how_to_normalize(mode):
    assert described(tiny_file(mode)) == ([127.5], [127.5], 1, [1], [-1])


@pytest.mark.parametrize(("normalization", "white"), [((0, 255), 1), ((0, 1), 255)])
def test_metadata_say_the_normalization_that_the_model_takes(normalization, white):
    content = tiny_file("float32", normalization=normalization)
    mean, deviation = normalization
    assert described(content) == ([mean], [deviation], 1, [white], [0])
    with pytest.raises(ValueError, match=rf"images must be .* with values in \[0, {white}\]; these go from -"):
        tflite.predict(content, pictures(1))


@pytest.mark.parametrize(("channels", "space"), [(1, 2), (3, 1), (4, 0)])
def test_metadata_say_gray_of_one_channel_and_rgb_of_three(channels, space):
    image = keras.Input((16, 16, channels))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image))
    content = tflite.convert(keras.Model(image, keras.layers.Softmax()(x)), "float32")
    assert described(content)[2] == space


@pytest.mark.parametrize(
    ("old", "new"),
    [(rb"....M001", b"\xff\xff\xff\x7fM001"), (re.escape(np.float32(127.5).tobytes()), bytes(4))],
    ids=["a place far outside", "a deviation of 0"],
)
def test_damaged_metadata_are_refused(old, new):
    start = tiny_file("float32").index(b"M001") - 4
    damaged = tiny_file("float32")[:start] + re.sub(old, new, tiny_file("float32")[start:], flags=re.DOTALL)
    assert damaged != tiny_file("float32")
    with pytest.raises(ValueError, match=r"must be a whole \.tflite file, not these .* its metadata are damaged"):
        tflite.predict(damaged, pictures(1))

"""Photos and feature maps."""

import numpy as np
import pytest
from figures import IMPULSE, words

from mobilenet_lib import plots


def test_channels_tells_which_channels_hold_something():
    alt = plots.channels({"one": IMPULSE, "all": IMPULSE + 1, "nothing": 0 * IMPULSE}).alt
    assert alt.endswith("one: channel 2; all: every channel; nothing: none.")


def test_an_empty_channel_is_marked_as_zero():
    assert words(plots.channels({"one": IMPULSE})).count("0") == 2


def test_columns_may_be_something_else_than_channels():
    kernels = plots.channels({"one": IMPULSE}, each="output", alt="Kernels of one input channel")
    assert [word for word in words(kernels) if word.startswith("output")] == ["output 1", "output 2", "output 3"]
    assert kernels.alt == "Kernels of one input channel"


def test_photos_shows_floats_and_bytes_alike():
    bytes_ = np.full((4, 4, 3), 255, np.uint8)
    floats = np.ones((4, 4, 3), np.float32)
    picture = plots.photos([bytes_, floats], ["a", "b"], alt="Two white squares")
    first, second = (axes.images[0].to_rgba(axes.images[0].get_array()) for axes in picture.axes)
    assert np.allclose(first / first.max(), second / second.max())


def test_a_white_picture_has_a_frame_if_asked_for():
    def frames(**options):
        (axes,) = plots.photos(np.ones((1, 4, 4, 3)), ["a"], alt="White", **options).axes
        return axes.axison and all(spine.get_visible() for spine in axes.spines.values())

    assert frames(framed=True) and not frames()


def test_photos_says_right_and_wrong_without_color_too():
    picture = plots.photos(np.zeros((2, 4, 4, 3)), ["cat", "dog"], alt="Two guesses", right=[True, False])
    assert words(picture) == ["✓ cat", "✗ dog"]
    assert picture.alt == "Two guesses: ✓ cat, ✗ dog."


@pytest.mark.parametrize(
    ("images", "titles", "options", "message"),
    [
        (np.zeros((2, 4, 4, 3)), ["a"], {}, "titles must be one for each of the 2 images, not 1"),
        (np.zeros((2, 4, 4, 3)), ["a", "b"], {"right": [True]}, "right must be one for each"),
    ],
)
def test_photos_says_what_is_wrong(images, titles, options, message):
    with pytest.raises(ValueError, match=message):
        plots.photos(images, titles, alt="Pictures", **options)


def test_what_is_not_signed_is_black_at_zero_and_white_at_its_strongest():
    (axes,) = plots.channels({"map": np.float32([[[0], [4]]])}, alt="A map of two", signed=False).axes
    (image,) = axes.images
    assert [image.cmap(image.norm(value))[:3] for value in (0, 4)] == [(0, 0, 0), (1, 1, 1)]

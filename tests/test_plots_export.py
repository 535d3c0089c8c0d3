"""Figures of what int8 and an app do."""

import numpy as np
import pytest
from figures import PHOTO, example, words

from mobilenet_lib import plots


def test_images_whose_answer_changes_are_red():
    (_, int8) = example("agreement").axes
    red = [line for line in int8.lines if line.get_color() == plots.COLORS["wrong"]]
    (((x, y),),) = (line.get_xydata().tolist() for line in red)
    assert (x, y) == pytest.approx((0.6, -0.2))


def test_agreement_wants_a_probability_for_each_image():
    with pytest.raises(ValueError, match="int8 must be one for each of the 2 images, not 1"):
        plots.agreement([0.1, 0.9], {"int8": [0.5]})


def test_the_square_is_the_middle_of_the_photo_and_every_file_of_the_kit_has_its_place():
    photo, square = (image.get_array() for image in example("parity").axes[0].images)
    np.testing.assert_array_equal(photo, PHOTO)
    np.testing.assert_array_equal(square, PHOTO[:, 8:40])
    files = {"0.png", "parity.bin", "taken.bin", "model.tflite", "parity.json"}
    assert files <= {*words(example("parity"))} and all(file in example("parity").alt for file in files)

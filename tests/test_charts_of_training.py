"""The charts of chapter 5."""

import numpy as np
import pytest
from small_training import images

from mobilenet_lib import plots


def test_the_calibration_figure_says_which_way_the_model_errs():
    picture = plots.calibration([0.9, 0.9, 0.9, 0.9], [True, True, False, False])
    assert "too sure by 40.0%" in picture.alt
    picture = plots.calibration([0.6, 0.6], [True, True])
    assert "not sure enough by 40.0%" in picture.alt


def test_the_learning_rate_figure_says_where_it_is_highest():
    picture = plots.learning_rate({"up and down": [0.0, 0.004, 0.0], "flat": [0.001] * 3})
    assert "0.004 at step 2" in picture.alt and "0.001 all the time" in picture.alt


def test_a_line_by_depth_has_one_value_a_layer():
    assert "0.9 to 0.02" in plots.by_depth({"signal": [0.9, 0.02]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal").alt
    with pytest.raises(ValueError, match="2 values each"):
        plots.by_depth({"signal": [0.9]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal")


def test_evidence_lies_over_the_whole_picture():
    picture = plots.evidence(images("test")[0][:2], [np.eye(2), -np.eye(2)], ["dog", "cat"], alt="Evidence")
    for axes in picture.axes:
        photo, overlay = axes.images
        assert sorted(photo.get_extent()) == sorted(overlay.get_extent())
    with pytest.raises(ValueError, match="maps must be one for each"):
        plots.evidence(images("test")[0][:2], [np.eye(2)], ["dog", "cat"], alt="Evidence")

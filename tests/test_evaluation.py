"""`evaluation`: how good, and how sure."""

import math

import keras
import numpy as np
import pytest
from small_training import easy, images, small

from mobilenet_lib import training


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 1, 2], "these go from 0 to 2"),
        ([0, 1, -1], "these go from -1 to 1"),
        ([0, 1], r"\[2\]"),
        ([[0], [1], [1]], r"\[3, 1\]"),
        (["cat", "dog", "dog"], "<U3"),
        ([0.0, 1.0, 1.0], "float64"),
    ],
)
def test_labels_that_do_not_fit_the_probabilities_are_refused(labels, reason):
    with pytest.raises(ValueError, match=f"labels must be 3 whole numbers from 0 to 1, one for each photo; .*{reason}"):
        training.Evaluation(np.full((3, 2), 0.5), np.array(labels))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_no_probability(value):
    """The largest of several that are none would be the first: class 0, a cat."""
    with pytest.raises(ValueError, match="probabilities must be finite numbers"):
        training.Evaluation(np.full((4, 2), value), np.array([0, 0, 1, 1]))


@pytest.mark.parametrize(("classes", "said"), [(10, "0123456789"), (12, "0 1 2 3 4 5 6 7 8 9 10 11")])
def test_a_summary_says_of_each_photo_which_class_was_predicted(classes, said):
    assert training.Evaluation(np.eye(classes), np.arange(classes)).summary()["predictions"] == said


def test_evaluation_counts_by_true_and_predicted_class():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    evaluation = training.Evaluation(probabilities, np.array([0, 0, 1, 1]))
    assert evaluation.confusion.tolist() == [[1, 1], [0, 2]]
    assert evaluation.accuracy == 0.75


def test_a_coin_has_a_cross_entropy_of_ln_2():
    evaluation = training.Evaluation(np.full((6, 2), 0.5), np.array([0, 1] * 3))
    assert evaluation.loss == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("right", "total"), [(np.uint8(90), np.uint8(100)), (np.int16(900), np.int16(1000)), (90_000, np.int32(100_000))]
)
def test_numpys_small_integers_have_the_interval_of_the_same_number(right, total):
    # The bounds p solve |right/total - p| = z √(p (1 - p) / total), from which Wilson starts.
    for p in training.wilson(right, total):
        assert 0 < p < 1
        assert abs(int(right) / int(total) - p) == pytest.approx(1.96 * math.sqrt(p * (1 - p) / int(total)))


def test_an_interval_of_shares_ends_at_0_and_at_1():
    for n in range(1, 300):
        assert training.wilson(0, n)[0] >= 0 and training.wilson(n, n)[1] <= 1


@pytest.mark.parametrize(("right", "total"), [(0, 0), (11, 10), (-1, 10)])
def test_what_is_no_share_is_refused(right, total):
    with pytest.raises(ValueError, match=f"right must be from 0 to total, .* they are {right} and {total}"):
        training.wilson(right, total)


def test_none_of_ten_leaves_up_to_28_percent_possible():
    # Brown, Cai, DasGupta 2001: the interval of 0 out of n is [0, z² / (n + z²)].
    low, high = training.wilson(0, 10)
    assert low == pytest.approx(0, abs=1e-12)
    assert high == pytest.approx(0.2775, abs=1e-4)


@pytest.mark.parametrize(
    "dataset", [[], easy(), images("test"), "test"], ids=["nothing", "all splits", "arrays", "a name"]
)
def test_what_is_no_batches_of_images_and_labels_is_refused(dataset):
    with pytest.raises(ValueError, match=r"dataset must have at least one batch \(images, labels\)"):
        training.evaluate(small(), dataset)


def test_a_model_that_gives_maps_too_is_refused():
    model = small()
    both = keras.Model(model.input, [model.output, model.get_layer("conv1").output])
    with pytest.raises(ValueError, match="model must turn images into probabilities alone"):
        training.evaluate(both, easy().test)


def test_three_seeds_have_an_interval_of_students_t():
    # Student's t for two degrees of freedom is 4.303; the standard deviation of 1, 2 and 3 is 1.
    mean, half = training.over_seeds([1.0, 2.0, 3.0])
    assert (mean, half) == (2.0, pytest.approx(4.303 / math.sqrt(3)))


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="2 to 10 seeds, not of 1"):
        training.over_seeds([0.9])

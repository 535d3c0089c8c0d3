"""What a check says: right, the hint of a slip, or how far off, in words for the reader."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf

from mobilenet_lib.exercises import check, check_function


def test_three_dots_are_no_answer_yet():
    verdict = check(..., 25)
    assert verdict.right is None and "three dots" in verdict.message


@pytest.mark.parametrize("answer", [51_380_224, 51_380_224.0])
def test_the_right_number_is_right(answer):
    verdict = check(answer, 51_380_224)
    assert verdict.right and verdict.message == "Right: 51,380,224."


def test_a_known_slip_gets_its_hint():
    verdict = check(9, 25, slips={9: "That is for 3×3 filters."})
    assert not verdict.right and verdict.message == "Not 9. That is for 3×3 filters."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (26, "Not 26: too large by 1."),
        (24.5, "Not 24.5: too small by 0.5."),
        (2_500, "Not 2,500: 100 times too large."),
        (0.4, "Not 0.4: 62.5 times too small."),
        (25e9, "Not 25,000,000,000: 1,000,000,000 times too large."),
        (-25, "Not -25: too small by 50."),
        (0, "Not 0: too small by 25."),
        ("25", "Not 25: a number is wanted."),
        (None, "Not None: a number is wanted."),
        (True, "Not True: a number is wanted."),
        (np.array([1.0, 2.0]), "Not [1. 2.]: a number is wanted."),
    ],
)
def test_any_other_answer_hears_how_far_off_it_is(answer, message):
    verdict = check(answer, 25)
    assert verdict.right is False and verdict.message == message


def test_a_tolerance_is_a_share_of_what_is_expected():
    assert check(17.42, 17.41, tolerance=0.001).right
    assert not check(17.43, 17.41, tolerance=0.001).right
    assert not check(17.411, 17.41).right


def test_a_name_is_compared_as_it_is():
    assert check("0.5-192", "0.5-192").right
    assert check("1.0-224", "0.5-192").message == "Not 1.0-224."


CASES = {(64, 3): 576 / 73, (64, 5): 1_600 / 89}
SLIPS = {73 / 576: "Turn it over.", 576 / 73: "That is for 3×3."}


def asked(saving):
    return check_function(saving, CASES, tolerance=1e-9, slips=SLIPS)


def test_a_function_is_right_in_all_cases():
    verdict = asked(lambda n, k: 1 / (1 / n + 1 / k**2))
    assert verdict.right and verdict.message == "Right in all 2 cases."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1 / n + 1 / k**2", "saving(64, 3) gave 0.126736, not 7.89041. Turn it over."),
        ("return 1 / (1 / n + 1 / 9)", "saving(64, 5) gave 7.89041, not 17.9775. That is for 3×3."),
        ("return n", "saving(64, 3) gave 64, not 7.89041: 8.11 times too large."),
        ("print(n)", "saving(64, 3) gave nothing back: it has to end with `return`."),
        ("return str(n)", "saving(64, 3) gave 64, not 7.89041: a number is wanted."),
        ("return n / 0", "saving(64, 3) raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_function_that_is_wrong_hears_in_which_case_and_why(body, message):
    names = {}
    exec(f"def saving(n, k): {body}", names)
    verdict = asked(names["saving"])
    assert verdict.right is False and verdict.message == message


def test_a_function_that_returns_three_dots_is_no_answer_yet():
    assert asked(lambda n, k: ...).right is None


def test_a_notebook_shows_the_message_and_what_was_asked_travels_unseen():
    shown, along = check(9, 25, slips={9: "No."}, tolerance=0.1)._repr_mimebundle_()
    assert shown == {"text/plain": "Not 9. No."}
    assert json.loads(along["exercise"]) == {"expected": 25, "slips": [[9, "No."]], "tolerance": 0.1}


@pytest.mark.parametrize("eight", [np.array(8.0), np.float32(8), tf.constant(8.0), tf.constant(8)])
def test_a_number_of_numpy_or_tensorflow_is_a_number(eight):
    assert check(eight, 8.0).right
    assert check_function(lambda: eight, {(): 8.0}).right
    assert check(eight, 4.0).message == "Not 8: 2 times too large."


def test_a_function_without_a_name_is_called_so():
    assert check_function(functools.partial(pow, 2), {(3,): 8}).right
    assert check_function(None, {(3,): 8}).message.startswith("the function(3) raised TypeError")
    assert check_function(..., {(3,): 8}).right is None


def test_what_no_json_can_hold_does_not_stop_a_check():
    expected = object()
    assert check(expected, expected).right


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (10**400, 5, "Not a number of more than 300 digits: too large."),
        (5, 10**400, "Not 5: too small."),
        (10**400, 10**400, "Right: a number of more than 300 digits."),
    ],
    ids=["answer", "expected", "both"],
)
def test_a_number_that_is_larger_than_any_float_is_answered_too(answer, expected, said):
    assert check(answer, expected).message == said

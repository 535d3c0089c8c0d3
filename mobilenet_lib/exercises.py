"""Checks for the exercises: what is off, not only "wrong"."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from mobilenet_lib.costs import is_number

UNANSWERED = "No answer yet: put yours in place of the three dots and run again."


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check found. `right` is None as long as there is no answer; the notebook shows `message`.

    `exercise` is what was asked, in JSON. It travels with the output of the cell, unseen: the page of the book makes a
    form of it, which checks what a reader types there (`book/_extensions/exercise_forms.py`).
    """

    right: bool | None
    message: str
    exercise: str

    def __repr__(self) -> str:
        return self.message

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, str]]:
        return {"text/plain": self.message}, {"exercise": self.exercise}


def check(answer: Any, expected: Any, *, slips: Mapping[Any, str] | None = None, tolerance: float = 0.0) -> Verdict:
    """Compare `answer` with `expected`; `...` counts as no answer yet.

    `slips` maps answers that a known slip leads to, to what to look at. Numbers may differ by the share `tolerance`
    of the expected one.
    """
    slips = slips or {}
    exercise = json.dumps({"expected": expected, "slips": [*slips.items()], "tolerance": tolerance}, default=str)
    if answer is ...:
        return Verdict(None, UNANSWERED, exercise)
    answer = _plain(answer)
    if _close(answer, expected, tolerance):
        return Verdict(True, f"Right: {_text(expected)}.", exercise)
    return Verdict(False, f"Not {_text(answer)}{_why(answer, expected, slips, tolerance)}", exercise)


def check_function(
    answer: Callable, cases: Mapping[tuple, Any], *, slips: Mapping[Any, str] | None = None, tolerance: float = 0.0
) -> Verdict:
    """Call the function `answer` with the arguments of each case and compare; the first difference is reported.

    `cases` maps tuples of arguments to what the function has to return for them, `slips` what a known slip makes it
    return for one of them to what to look at. A function that returns `...` counts as no answer yet.
    """
    slips, name = slips or {}, getattr(answer, "__name__", "the function")
    facts = {"function": name, "cases": [*cases.items()], "slips": [*slips.items()], "tolerance": tolerance}
    exercise = json.dumps(facts, default=str)
    for arguments, expected in cases.items():
        call = f"{name}({', '.join(map(repr, arguments))})"
        try:
            value = answer if answer is ... else _plain(answer(*arguments))
        except Exception as error:
            return Verdict(False, f"{call} raised {type(error).__name__}: {error}", exercise)
        if value is ...:
            return Verdict(None, UNANSWERED, exercise)
        if value is None:
            return Verdict(False, f"{call} gave nothing back: it has to end with `return`.", exercise)
        if not _close(value, expected, tolerance):
            why = _why(value, expected, slips, tolerance)
            return Verdict(False, f"{call} gave {_text(value)}, not {_text(expected)}{why}", exercise)
    return Verdict(True, f"Right in all {len(cases)} cases.", exercise)


def _plain(answer: Any) -> Any:
    """A single number of NumPy's or TensorFlow's as one of Python's, and anything else as it is."""
    answer = answer.numpy() if hasattr(answer, "numpy") else answer
    return answer.item() if getattr(answer, "shape", None) == () else answer


def _close(answer: Any, expected: Any, tolerance: float) -> bool:
    if is_number(answer) and is_number(expected):
        try:
            return abs(answer - expected) <= tolerance * abs(expected)
        except OverflowError:  # whole numbers that are larger than any float
            return answer == expected
    return type(answer) is type(expected) and bool(answer == expected)


def _why(answer: Any, expected: Any, slips: Mapping[Any, str], tolerance: float) -> str:
    """What follows on "Not so much": the hint of a slip, or how far off it is."""
    for slip, hint in slips.items():
        if _close(answer, slip, tolerance):
            return f". {hint}"
    if not (is_number(answer) and is_number(expected)):
        return ": a number is wanted." if is_number(expected) else "."
    try:
        if expected and answer / expected >= 2:
            return f": {_ratio(answer / expected)} times too large."
        if answer and expected / answer >= 2:
            return f": {_ratio(expected / answer)} times too small."
    except OverflowError:
        return f": too {'large' if answer > expected else 'small'}."
    return f": too {'large' if answer > expected else 'small'} by {_text(abs(answer - expected))}."


def _ratio(value: Real) -> str:
    return _text(float(f"{float(value):.3g}"))


def _text(value: Any) -> str:
    if not is_number(value):
        return str(value)
    try:
        value = float(value)
    except OverflowError:
        return "a number of more than 300 digits"
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 100_000 else f"{value:,.6g}"

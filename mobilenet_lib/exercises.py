"""Checks for the exercises: what is off, not only "wrong"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check found. `right` is None as long as there is no answer; the notebook shows `message`."""

    right: bool | None
    message: str

    def __repr__(self) -> str:
        return self.message


def check(answer: Any, expected: Any, *, slips: Mapping[Any, str] | None = None, tolerance: float = 0.0) -> Verdict:
    """Compare `answer` with `expected`; `...` counts as no answer yet.

    `slips` maps answers that a known slip leads to, to what to look at. Numbers may differ by the share `tolerance`
    of the expected one.
    """
    if answer is ...:
        return Verdict(None, "No answer yet: put yours in place of the three dots and run the cell again.")
    if _close(answer, expected, tolerance):
        return Verdict(True, f"Right: {_text(expected)}.")
    for slip, hint in (slips or {}).items():
        if _close(answer, slip, tolerance):
            return Verdict(False, f"Not {_text(answer)}. {hint}")
    return Verdict(False, f"Not {_text(answer)}{_distance(answer, expected)}.")


def check_function(answer: Callable, cases: Mapping[tuple, Any], *, tolerance: float = 0.0) -> Verdict:
    """Call the function `answer` with the arguments of each case and compare; the first difference is reported.

    `cases` maps tuples of arguments to what the function has to return for them. A function that returns `...`
    counts as no answer yet.
    """
    for arguments, expected in cases.items():
        call = f"{answer.__name__}({', '.join(map(repr, arguments))})"
        try:
            value = answer(*arguments)
        except Exception as error:
            return Verdict(False, f"{call} raised {type(error).__name__}: {error}")
        verdict = check(value, expected, tolerance=tolerance)
        if verdict.right is None:
            return verdict
        if not verdict.right:
            return Verdict(False, f"{call} gave {_text(value)}, not {_text(expected)}{_distance(value, expected)}.")
    return Verdict(True, f"Right in all {len(cases)} cases.")


def _close(answer: Any, expected: Any, tolerance: float) -> bool:
    if _number(answer) and _number(expected):
        return abs(answer - expected) <= tolerance * abs(expected)
    return type(answer) is type(expected) and bool(answer == expected)


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _distance(answer: Any, expected: Any) -> str:
    if not (_number(answer) and _number(expected)):
        return f": a {type(expected).__name__} is wanted" if type(answer) is not type(expected) else ""
    if expected and answer / expected >= 2:
        return f": {float(answer / expected):.3g} times too large"
    if answer and expected / answer >= 2:
        return f": {float(expected / answer):.3g} times too small"
    return f": too {'large' if answer > expected else 'small'} by {_text(abs(answer - expected))}"


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

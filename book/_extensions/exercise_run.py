"""What runs in the page on Pyodide: the reader's code, then the library's check of the function that it defines."""

import io
import json
import math
import statistics
import traceback
from contextlib import redirect_stdout
from types import FunctionType
from typing import Any

from mobilenet_lib import architecture, costs
from mobilenet_lib.architecture import mobilenet, total
from mobilenet_lib.exercises import check_function

AT_HAND = {"math": math, "statistics": statistics, "costs": costs, "architecture": architecture}
AT_HAND |= {"mobilenet": mobilenet, "total": total}


def run(code: str, exercise: str) -> str:
    """The verdict on `code` in JSON: `right`, `message`, and what was `printed` on the way."""
    asked = json.loads(exercise)
    cases = {_tuples(arguments): expected for arguments, expected in asked["cases"]}
    names = dict(AT_HAND)
    printed = io.StringIO()
    right = False
    with redirect_stdout(printed):
        try:
            exec(compile(code, "your code", "exec"), names)  # noqa: S102
        except SyntaxError as error:
            message = f"Line {error.lineno}: {error.msg}."
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            message = f"Line {line}: {type(error).__name__}: {error}"
        else:
            function = names.get(asked["function"])
            if isinstance(function, FunctionType):
                verdict = check_function(function, cases, slips=dict(asked["slips"]), tolerance=asked["tolerance"])
                right, message = verdict.right, verdict.message
            else:
                message = f"There is no function {asked['function']}: keep its name."
    return json.dumps({"right": right, "message": message, "printed": printed.getvalue()})


def _tuples(value: Any) -> Any:
    """JSON knows no tuples, which are what a case may have as arguments."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value

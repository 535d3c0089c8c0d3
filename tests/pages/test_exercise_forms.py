"""Exercises in the page, in real browsers: every one of every chapter, right and with each of its slips."""

import ast
import html
import json
import random
import re
import statistics
from contextlib import suppress
from functools import cache

import exercise_forms
import exercise_run
import pytest
from browsers import REFUSED, ROOT, SITE, in_both, violations, watch
from bs4 import BeautifulSoup
from playwright.sync_api import expect
from test_chapters import sections

from mobilenet_lib import exercises

pytestmark = pytest.mark.usefixtures("built_book")
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.md") if "Exercises" in sections(path))
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)
PATIENCE = 120_000  # milliseconds until Python has come, on a busy machine


class Exercise:
    """An exercise as its chapter has it: what the check is told, and what the solution answers."""

    def __init__(self, cells):
        self.names = {**exercise_run.AT_HAND, "check": self._check, "check_function": self._check_function}
        self.asked = {}
        *_, self.check_cell, solution = [cell.source for cell in cells]
        for cell in cells[:-1]:
            with suppress(NameError):  # what the chapter has computed
                exec(cell.source, self.names)
        self.asked.setdefault("slips", {})
        names = {**self.names, "check": exercises.check, "check_function": exercises.check_function}
        self.needs_notebook = False
        try:
            exec(solution, names)
        except (NameError, AssertionError):  # in a function, the check catches the first
            self.needs_notebook = True
        self.answer = names.get("answer")
        self.functions = [part for part in ast.parse(solution).body if isinstance(part, ast.FunctionDef)]
        self.code = "\n\n".join(map(ast.unparse, self.functions))

    def _check(self, answer, expected, **rest):
        self.asked = {"expected": expected, **rest}

    def _check_function(self, answer, cases, **rest):
        self.asked = {"function": answer.__name__, "cases": cases, **rest}


@cache
def exercises_of(chapter):
    found, cells = [], []
    for cell in sections(ROOT / "chapters" / f"{chapter}.md")["Exercises"]:
        if cell.cell_type == "code":
            cells.append(cell)
            if "solution" in cell.metadata.get("tags", ()):
                found.append(Exercise(cells))
                cells = []
    return found


@cache
def source_of(chapter):
    return (SITE / "chapters" / f"{chapter}.html").read_text("utf8")


@cache
def places_of(chapter):
    """What the page has for each exercise: "number", "function" or, for one that needs the notebook, None."""
    found = BeautifulSoup(source_of(chapter), "html.parser").select("article .exercise")
    return [place.get("data-kind") for place in found]


def functions():
    """Every exercise that runs in a page, with its form."""
    for chapter in CHAPTERS:
        pairs = zip(places_of(chapter), exercises_of(chapter), strict=True)
        asked = [exercise for place, exercise in pairs if place == "function"]
        forms = re.findall(r'<form class="exercise" data-kind="function".*?</form>', source_of(chapter), re.DOTALL)
        yield from zip(asked, forms, strict=True)


# What the page has.


@each_chapter
def test_every_exercise_has_its_place_and_only_what_needs_the_notebook_leads_there(chapter):
    places, asked = places_of(chapter), exercises_of(chapter)
    assert len(places) == len(asked) >= 3
    for place, exercise in zip(places, asked, strict=True):
        assert place or exercise.needs_notebook, exercise.check_cell
    assert sum(place is not None for place in places) >= 2


@each_chapter
def test_neither_the_check_nor_its_hints_can_be_read_in_the_page(chapter):
    text = html.unescape(source_of(chapter))
    shown = BeautifulSoup(source_of(chapter), "html.parser").select("article .cell:not(.tag_solution) pre")
    assert not [pre for pre in shown if re.search(r"^check(_function)?\(", pre.get_text(), re.M)]
    for exercise in exercises_of(chapter):
        for hint in exercise.asked["slips"].values():
            assert hint not in text


@each_chapter
def test_what_leads_away_leads_to_the_notebook_in_colab_and_on_the_computer(chapter):
    soup = BeautifulSoup(source_of(chapter), "html.parser")
    colab = next(a["href"] for a in soup.select("header a, .article-header-buttons a") if "Colab" in a.get_text())
    for place in soup.select("article .exercise"):
        links = {link.get_text(): link["href"] for link in place.find_all("a")}
        assert links == {"in Colab": colab, "on your computer": "../book/intro.html#run-it-yourself"}


# Every exercise, typed.


@pytest.fixture
def opened(page, address):
    def open_(chapter):
        page.goto(f"{address}/chapters/{chapter}.html")
        return page.locator("article .exercise")

    return open_


def typed(form, text):
    """What the form says to a number."""
    form.get_by_role("textbox").fill(text)
    form.get_by_role("textbox").press("Enter")
    output = form.get_by_role("status")
    expect(output).not_to_be_empty()
    return output.text_content()


@pytest.fixture
def python(page, address):
    """A page with all functions of all chapters: Python comes once for all of them."""
    path = f"chapters/{CHAPTERS[0]}.html"
    forms = "".join(form for _, form in functions())
    text = re.sub(r'<form class="exercise".*?</form>', "", source_of(CHAPTERS[0]), flags=re.DOTALL)
    text = text.replace("</article>", f"{forms}</article>")
    page.route(f"**/{path}", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{address}/{path}")
    return page.locator("form.exercise")


def ran(form, code):
    """What the form says to a function."""
    form.get_by_role("textbox").fill(code)
    form.get_by_role("button", name="Run").click()
    output = form.get_by_role("status")
    expect(output).not_to_have_text(re.compile("^$|^Loading|^Running"), timeout=PATIENCE)
    return output.text_content()


def test_each_function_is_right_as_the_solution_has_it_and_each_slip_gets_its_hint(python):
    for form, (exercise, _) in zip(python.all(), functions(), strict=True):
        name, cases, slips = (exercise.asked[part] for part in ("function", "cases", "slips"))
        assert ran(form, exercise.code) == f"Right in all {len(cases)} cases."
        assert slips, name
        for slip, hint in slips.items():
            said = ran(form, f"def {name}(*given):\n    return {slip!r}")
            assert said.startswith(f"{name}(") and said.endswith(f". {hint}")


# A hint belongs to the slip that it names: functions with that slip.


def share(noticed, seeds):
    """The share of 10,000 experiments whose mean and standard error make `noticed` true: chapter 5."""
    dice = random.Random(0)
    runs = [[dice.gauss(1.5, 1.5) for _ in range(seeds)] for _ in range(10_000)]
    return sum(noticed(statistics.mean(x), statistics.stdev(x) / seeds**0.5) for x in runs) / 10_000


SLIPS = {
    ("grouped", "d, m, n, g, k=3"): {
        "k * k * m * n * d * d": "how deep is a filter",
        "k * k * (m // g) * (n // g) * d * d": "one of the groups",
        "g * k * k * m * n * d * d": "Each filter reads less",
        "9 * (m // g) * n * d * d": "fifth argument",
    },
    ("swapped", "d, m, n, k=3"): {
        "(k * k * m + m * n) * d * d": "depthwise first",
        "m * n * d * d": "pointwise step alone",
        "k * k * m * n * d * d": "standard convolution",
        "(m * n + 9 * n) * d * d": "fourth argument",
    },
    ("most_filters", "m, b, k=3"): {
        "(b - k * k * m) // m": "normalization is missing",
        "(b - (k * k + 1) * m) // (m + 1)": "biases",
        "(b - (k * k + 2) * m) // (m + 2)": "statistics",
        "(b - k * k * m) // (m + 4)": "depthwise step is normalized",
        "b // (m + 4)": "must fit",
        "round((b - (k * k + 4) * m) / (m + 4))": "by one parameter",
        "(b - (k * k + 4) * m) / (m + 4)": "no part",
        "(b - 13 * m) // (m + 4)": "3×3",
    },
    ("keras_params", "a, net=architecture.mobilenet, total=total"): {
        "total(net(a)).params": "alone",
        "total(net(a)).params + 1000": "normalization is missing",
        "total(net(a)).params + 1000 + 2 * sum(l.out_channels for l in net(a)[:-1])": "statistics",
        "total(net(a)).params + 4 * sum(l.out_channels for l in net(a)[:-1])": "bias",
        "total(net(a)).params + 1000 + 4 * sum(l.out_channels for l in net(a))": "not normalized",
    },
    ("widest", "c, p, s, cost=lambda n, s: total(mobilenet(n / 32, s))"): {
        "max(n for n in range(1, 65) if cost(n, s).mult_adds <= c and cost(n, s).params <= p)": "divide by 32",
        "min(n / 32 for n in range(1, 65) if cost(n, s).mult_adds <= c and cost(n, s).params <= p)": "narrowest",
        "max(n / 32 for n in range(1, 65) if cost(n, s).params <= p)": "Do the Mult-Adds?",
        "max(n / 32 for n in range(1, 65) if cost(n, s).mult_adds <= c)": "Do the parameters?",
        "max(n / 32 for n in range(1, 65) if cost(n, s).mult_adds < c and cost(n, s).params < p)": "just as many",
        "max(n / 32 for n in range(1, 33) if cost(n, s).mult_adds <= c and cost(n, s).params <= p)": "up to 2",
    },
    ("repaired", "average, steps, guess, momentum=0.99"): {
        "average / (1 - momentum**steps)": "a guess of 0",
        "average - momentum**steps * guess": "a share of 1",
        "(average - momentum**steps) / (1 - momentum**steps)": "Here that is 0",
        "(average - 0.99**steps * guess) / (1 - 0.99**steps)": "not always 0.99",
    },
    ("rate_factor", "c, optimizer"): {
        "1": "turns a long vector less",
        "1 / c": "longer steps",
        "c * c": "That is for SGD",
        "c": "the gradient shrinks, too",
    },
    ("noticed", "seeds, t, difference=1.5, scatter=1.5"): {
        "share(lambda mean, error: t * error < 1.5, seeds)": "A narrow interval",
        "share(lambda mean, error: abs(mean) > 1.96 * error, seeds)": "Use t",
        "share(lambda mean, error: abs(mean) < t * error, seeds)": "contains zero",
    },
    ("ahead_at_least", "a, b, s=statistics"): {
        "s.mean(x - y for x, y in zip(a, b))": "Where does its interval begin?",
        "s.mean(g := [x - y for x, y in zip(a, b)]) + 2.776 * s.stdev(g) / 5**0.5": "upper end",
        "s.mean(g := [y - x for x, y in zip(a, b)]) - 2.776 * s.stdev(g) / 5**0.5": "Which one is ahead?",
        "s.mean(a) - s.mean(b) - 2.776 * ((s.variance(a) + s.variance(b)) / 5) ** 0.5": "Seed by seed",
        "s.mean(g := [x - y for x, y in zip(a, b)]) - 2.776 * s.pstdev(g) / 5**0.5": "Of a sample",
        "s.mean(g := [x - y for x, y in zip(a, b)]) - 2.776 * s.stdev(g)": "The error of a mean is smaller",
    },
    ("images", "f, n"): {
        "(8 * n - 9) // (2 * f * f)": "still moves fewer",
        "(8 * n - 9) / (2 * f * f)": "whole number",
        "(8 * n - 9) // (f * f) + 1": "and then read again",
        "9 * n // (2 * f * f) + 1": "The separable layer has weights, too",
        "(8 * n - 9) // (4 * f * f) + 1": "reads and writes maps, too",
    },
    ("by_recipe", "own, same"): {
        "same[1] - same[0]": "left under one recipe",
        "own[1] - own[0]": "both parts together",
        "same[1] - own[1]": "the first gains, too",
        "same[1] - same[0] - own[1] + own[0]": "Mind the sign",
        "abs(own[1] - own[0] - same[1] + same[0])": "hidden a part",
    },
    (
        "choose",
        "c, b, nets=choose.__defaults__[0], size=lambda n, c: n[3] - (1000 - c) * (n[4] + 1) / 1e6 + 0.55",
    ): {
        "max((n for n in nets if size(n, c) <= b), key=lambda n: n[1])[0]": "No list says",
        "max((n for n in nets[1:] if size(n, c) <= b), key=lambda n: n[1])[0]": "Neither list has V2 in int8",
        "max((n for n in nets if n[2] and n[3] + 0.55 <= b), key=lambda n: n[2])[0]": "your own classes",
        "max((n for n in nets if n[2] and size(n, c) - 0.55 <= b), key=lambda n: n[2])[0]": "0.55 megabytes",
        "max((n for n in nets if n[2] and size(n, c) <= b), key=lambda n: n[3])[0]": "The largest that fits",
        "min((n for n in nets if n[2] and size(n, c) <= b), key=lambda n: n[2])[0]": "A more accurate one fits, too.",
    },
    ("part_of", "batch, worker, workers"): {
        "sum(batch[worker::workers]) / len(batch)": "share_of",
        "sum(batch[worker * 2 : worker * 2 + 2]) / 2": "twice the mean",
        "sum(batch[worker * 2 : worker * 2 + 2]) / 2 / workers": "Divide by what?",
        "sum(batch[len(batch) // workers * worker :][: len(batch) // workers]) / len(batch)": "the last photo",
        "sum(batch[2 * worker : 2 * worker + 2 if worker < workers - 1 else None]) / len(batch)": "twice as many",
    },
    ("hops_in_all", "machines, gpus"): {
        "2 * (machines * gpus - 1)": "That is one ring",
        "2 * (machines - 1)": "between machines",
        "2 * (machines - 1) + gpus - 1": "reach all GPUs",
        "machines - 1 + 2 * (gpus - 1)": "two halves",
    },
    ("with_512", "workers, one, whole"): {
        "whole * 512 / workers": "Not everything grows",
        "whole * 511 / 512 * workers / (workers - 1)": "scaled the waits",
        "one * 511 / (workers - 1) + whole - one": "sends more bytes",
        "one * 511 / (workers - 1) + whole * 511 / 512 * workers / (workers - 1)": "contains the waits, too",
        "one * 512 / workers + (whole - one) * 511 / 512 * workers / (workers - 1)": "How many hops",
    },
    ("times_the_rate", "workers, exchanging"): {
        "workers": "two thirds",
        "workers * max(1, exchanging // 8)": "79.5%",
        "workers * -(-exchanging // 8)": "10,240",
    },
    ("batches", "shards, workers, size"): {
        "sum(shards) // workers // size": "mean worker",
        "min(shards) * (len(shards) // workers) // size": "Only one shard",
        "sum(shard // size for shard in sorted(shards)[: len(shards) // workers])": "end in another",
        "min(shards) // size": "How many does each worker get?",
        "sum(shards[: len(shards) // workers]) // size": "two that are smaller",
    },
    ("whole_gain", "taken, gains"): {
        "sum(t * g for t, g in zip(taken, gains)) / sum(taken)": "weighted by time",
        "sum(gains) / len(gains)": "large parts count more",
        "sum(t / g for t, g in zip(taken, gains))": "That is the new time",
        "sum(t / g for t, g in zip(taken, gains)) / sum(taken)": "Upside down",
    },
    ("quantize", "r, low, high"): {
        "round(r / (high - low) * 255)": "zero point is missing",
        "128 + round(r / (high - low) * 255)": "Mind the sign",
        "round(r) - 128": "scale is missing",
        "int(r / (s := (high - low) / 255)) - 128 - round(low / s)": "Round",
        "round(r / (high - low) * 255) - 128": "depends on `low`",
        "round(r / (s := (high - low) / 255)) - 128 - round(low / s)": "127",
        "min(127, round(r / (s := (high - low) / 255)) - 128 - round(low / s))": "−128",
        "min(127, max(-128, round(r / (s := (high - low) / 255)))) - 128 - round(low / s)": "mind the ends",
        "min(127, max(-128, round(r / (s := (high - low) / 255)) - 128 - round(low / s)))": "Stretch",
    },
    (
        "gain",
        "w, d, median=statistics.median, alive=lambda w, d: [v for v, off in zip(w, d) if not off], "
        "of=lambda m, v, n=127: 2 * round(n * m / v) + 1",
    ): {
        "of(median(alive(w, d)), max(alive(w, d)))": "not how many more",
        "(of(m := median(alive(w, d)), max(alive(w, d))) - of(m, max(w))) // 2": "may be negative",
        "2 * (int(127 * (m := median(alive(w, d))) / max(alive(w, d))) - int(127 * m / max(w)))": "near 72",
        "of(median(w), max(alive(w, d))) - of(median(w), max(w))": "living channels alone",
        "of(m := median(alive(w, d)), max(alive(w, d)), 128) - of(m, max(w), 128)": "−127 to 127",
        "of(m := median(alive(w, d)), max(alive(w, d))) - of(m, max(v for v, off in zip(w, d) if off))": "may be alive",
    },
    ("lost", "labels, before, after"): {
        "sum(x != y for x, y in zip(labels, after))": "Keras makes, too",
        "sum(x != y for x, y in zip(before, after))": "for the better",
        "sum(x == y for x, y in zip(labels, before)) - sum(x == y for x, y in zip(labels, after))": "cancel",
        "sum(x != y != z for x, y, z in zip(before, after, labels))": "wrong both times",
    },
    (
        "corrected_bias",
        "w, x, b, s, c=lambda w: max(map(abs, w)) / 127, "
        "add=lambda w, x, c: sum((c * round(v / c) - v) * m for v, m in zip(w, x, strict=True))",
    ): {
        "round(b / (s * c(w)))": "nothing is corrected",
        "round((b + add(w, x, c(w))) / (s * c(w)))": "mind the sign",
        "round((b - add(w, x, c(w))) / c(w))": "scale of the inputs",
        "round((b - add(w, x, c(w))) / s)": "scale of the weights",
        "round((b - add(w, [1] * len(x), c(w))) / (s * c(w)))": "mean of its input",
    },
    ("taken_from", "f, t, s, i, to=lambda b: b - 128 - (b > 127)"): {
        "to(f[i // 3 // s * t + i // 3 % s * 4 + i % 3])": "blue first",
        "f[i // 3 // s * t + i // 3 % s * 4 + 2 - i % 3]": "Which integer",
        "to(f[i // 3 % s * t + i // 3 // s * 4 + 2 - i % 3])": "to the right of",
        "to(f[i // 3 * 4 + 2 - i % 3])": "`stride`",
        "f[i // 3 // s * t + i // 3 % s * 4 + 2 - i % 3] - 128": "subtract 129",
    },
    (
        "mistake_in",
        "a, e, explains=lambda e: (e, [e[i + 2 - 2 * (i % 3)] for i in range(len(e))], "
        "[(x + 1) / 2 for x in e], [(x + 1) * 127.5 for x in e])",
    ): {
        "next((n for n, g in enumerate(explains(e)) if any(abs(x - y) <= 1e-3 for x, y in zip(a, g))), 4)": "only some",
        "next((n for n in (1, 0, 2, 3) if all(abs(x - y) <= 1e-3 for x, y in zip(a, explains(e)[n]))), 4)": "A gray",
        "next((n for n, g in enumerate(explains(e)) if [*a] == [*g]), 4)": "by up to 0.001",
    },
    ("shows", "squares, t, off=lambda a, b: [abs(x - y) for r, q in zip(a, b) for x, y in zip(r, q)]"): {
        "sum(max(off(s, s[::-1])) > t for s in squares)": "top to bottom",
        "sum(max(off(s, [r[::-1] for r in s])) >= t for s in squares)": "just the tolerance",
        "sum(min(off(s, [r[::-1] for r in s])) > t for s in squares)": "is enough",
        "sum(x > t for s in squares for x in off(s, [r[::-1] for r in s]))": "not pixels",
    },
}


@pytest.mark.parametrize("asked", SLIPS, ids=lambda asked: asked[0])
def test_a_hint_is_that_of_the_slip_that_a_function_has(asked):
    name, parameters = asked
    everywhere = (exercise for chapter in CHAPTERS for exercise in exercises_of(chapter))
    exercise = next(one for one in everywhere if one.asked.get("function") == name)
    names = {**exercise.names, "check_function": exercises.check_function, "statistics": statistics}
    names["share"] = share
    call = next(part for part in ast.parse(exercise.check_cell).body if isinstance(part, ast.Expr))
    for body, hint in SLIPS[asked].items():
        exec(f"def {name}({parameters}): return {body}", names)
        said = eval(ast.unparse(call), names).message
        assert hint in said, f"{body}: {said}"


def test_no_slip_of_a_function_is_untried():
    asked = {exercise.asked["function"]: exercise.asked["slips"] for exercise, _ in functions()}
    assert {name: len(slips) for name, slips in asked.items()} == {name: len(SLIPS[name, p]) for name, p in SLIPS}


# How the forms behave, whatever a chapter asks.

NUMBER = exercises.check(..., 25, slips={9: "That is for 3×3."}).exercise
SHARE = exercises.check(..., 0.118, tolerance=0.01, slips={11.8: "A share, not percent."}).exercise
PERCENT = exercises.check(..., 11.8, tolerance=0.01).exercise


def double(n):
    return ...


FUNCTION = exercises.check_function(double, {(2,): 4, (3,): 6}, slips={4: "Always 4?"}).exercise
STARTER = "def double(n):\n    return ..."


@pytest.fixture
def made(page, address):
    """A chapter with exercises of our own in place of its own; opens it."""
    forms = [exercise_forms.form(asked, "answer = ...", n) for n, asked in enumerate((NUMBER, SHARE, PERCENT), 1)]
    forms.append(exercise_forms.form(FUNCTION, STARTER, 4))
    path = f"chapters/{CHAPTERS[0]}.html"
    text = re.sub(r'<form class="exercise".*?</form>', "", source_of(CHAPTERS[0]), flags=re.DOTALL)
    text = text.replace("<h2>Exercises", f"{''.join(forms)}<h2>Exercises", 1)
    page.route(f"**/{path}", lambda route: route.fulfill(body=text, content_type="text/html"))

    def open_():
        page.goto(f"{address}/{path}")
        return page.locator("form.exercise")

    return open_


NUMBERS = {
    "25": 25,
    " 25 ": 25,
    "1,234": 1_234,
    "1 234 567": 1_234_567,
    "1\u202f234": 1_234,
    "1_234": 1_234,
    "1,234,567.5": 1_234_567.5,
    "8.5": 8.5,
    ".5": 0.5,
    "8,5": 8.5,
    "0,283": 0.283,
    "3e6": 3_000_000,
    "1.5E-1": 0.15,
    "-4": -4,
    "−4": -4,
    "11.8 %": 0.118,
    "1/9": 1 / 9,
    "14 × 14 × 512": 100_352,
    "14x14x512": 100_352,
    "14·14*512": 100_352,
    "8.5×": 8.5,
    "8.5 x": 8.5,
    "12 ÷ 4 : 2": 1.5,
    "2 + 3 * 4": 14,
    "(2 + 3) × 4": 20,
    "10 - 2 - 3": 5,
    "2^3^2": 512,
    "2**10": 1_024,
    "7² + 2³": 57,
    "-2**2": -4,
    "1 / (1/64 + 1/9)": 576 / 73,
}
NO_NUMBERS = ["", "  ", "about 25", "1,23,456", "1.234.567", "25 MB", "2 3", "(2 + 3", "3 +", "1/0", "e5", "**", "1..2"]


@in_both
def test_numbers_are_read_as_people_type_them(made):
    form = made().first
    said = {text: typed(form, text) for text in NUMBERS}
    assert said == {text: exercises.check(number, 25).message for text, number in NUMBERS.items()}


@in_both
def test_what_is_no_number_is_answered_with_what_is_allowed(made):
    form = made().first
    for text in NO_NUMBERS:
        said = typed(form, text)
        assert said.startswith("Type a number, such as 1,234 or 8.5.") and "1/9" in said, text


def test_percent_is_a_share_and_right_where_percents_are_asked_for(made):
    forms = made()
    assert typed(forms.nth(1), "11.8 %") == "Right: 0.118."
    assert typed(forms.nth(1), "11.8") == "Not 11.8. A share, not percent."
    assert typed(forms.nth(2), "11.8%") == "Right: 11.8."
    assert typed(forms.nth(2), "11.8") == "Right: 11.8."


@each_chapter
@in_both
def test_the_page_says_of_any_number_what_the_notebook_says_and_the_solution_is_right(opened, chapter):
    forms = opened(chapter)
    for n, exercise in enumerate(exercises_of(chapter)):
        if places_of(chapter)[n] == "number":
            asked = dict(exercise.asked)
            expected, slips = asked.pop("expected"), asked["slips"]
            numbers = [*slips, expected if exercise.answer in (None, ...) else exercise.answer]
            numbers += [expected * factor for factor in (1, 1.001, 0.9, 0.51, 0.49, 3, 123, 0.01, 4e6, -1, -3)]
            numbers += [0, expected + 1, expected - 1]
            said = forms.nth(n).evaluate(
                """async (form, texts) => {
                    const said = [];
                    for (const text of texts) {
                        form.elements.answer.value = text;
                        form.requestSubmit();
                        await new Promise((later) => setTimeout(later));
                        said.push(form.querySelector("output").textContent);
                    }
                    return said;
                }""",
                [f"{number!r}" for number in numbers],
            )
            assert said == [exercises.check(number, expected, **asked).message for number in numbers]
            for words, hint in zip(said, slips.values(), strict=False):
                assert words.startswith("Not ") and words.endswith(f". {hint}")
            assert said[len(slips)].startswith("Right: ")


@in_both
def test_python_comes_on_a_click_and_only_then_and_from_here(made, page, address):
    answers, complaints = watch(page)
    forms = made()
    page.wait_for_timeout(500)
    loaded = [answer.url for answer in answers if re.search(r"pyodide|python|worker|library\.zip", answer.url)]
    assert loaded == []
    assert forms.nth(3).locator(".size").is_visible()
    assert ran(forms.nth(3), "def double(n):\n    print('twice', n)\n    return 2 * n") == "Right in all 2 cases."
    assert forms.nth(3).locator(".printed").text_content() == "twice 2\ntwice 3\n"
    assert not forms.nth(3).locator(".size").is_visible()
    assert [answer.url for answer in answers if not answer.url.startswith((address, "data:", "blob:"))] == []
    assert complaints == []


def test_the_size_that_is_named_is_that_of_what_is_loaded():
    (folder,) = (SITE / "_static").glob("exercise-forms-*")
    size = sum(path.stat().st_size for path in folder.iterdir() if not path.name.startswith("exercise-forms"))
    named = {int(megabytes) for _, form in functions() for megabytes in re.findall(r"into the page: (\d+) MB", form)}
    assert named == {round(size / 1e6)}


def test_python_has_the_very_files_of_the_library():
    import zipfile

    (folder,) = (SITE / "_static").glob("exercise-forms-*")
    with zipfile.ZipFile(folder / "library.zip") as served:
        for name in ("architecture", "costs", "exercises"):
            file = f"mobilenet_lib/{name}.py"
            assert served.read(file) == (ROOT / file).read_bytes()


@in_both
def test_what_never_ends_can_be_stopped_and_the_next_run_works(made):
    form = made().nth(3)
    form.get_by_role("textbox").fill("while True: pass")
    form.get_by_role("button", name="Run").click()
    expect(form.get_by_role("status")).to_have_text("Running …", timeout=PATIENCE)
    form.get_by_role("button", name="Stop").click()
    expect(form.get_by_role("status")).to_have_text("Stopped.")
    assert not form.get_by_role("button", name="Stop").is_visible()
    assert ran(form, "def double(n):\n    return 4") == "double(3) gave 4, not 6. Always 4?"


@pytest.mark.parametrize("file", ["exercise-worker.js", "pyodide.asm.wasm"])
@in_both
def test_where_python_does_not_come_the_notebook_is_named_and_another_run_tries_again(made, page, file):
    form = made().nth(3)
    page.context.route(f"**/{file}", lambda route: route.abort(), times=1)
    said = ran(form, "def double(n):\n    return 2 * n")
    page.context.unroute(f"**/{file}")
    assert said.startswith("Python could not be run here (") and "[object" not in said
    assert form.get_by_role("link", name="in Colab").is_visible()
    assert ran(form, "def double(n):\n    return 2 * n") == "Right in all 2 cases."
    assert not form.get_by_role("link", name="in Colab").is_visible()


def test_opened_as_a_file_numbers_work_and_a_function_says_what_to_do(page):
    page.goto((SITE / "chapters" / f"{CHAPTERS[0]}.html").as_uri())
    number = page.locator("form.exercise[data-kind=number]").first
    assert typed(number, "-1").startswith("Not -1")
    function = page.locator("form.exercise[data-kind=function]").first
    function.get_by_role("button", name="Run").click()
    expect(function.get_by_role("status")).to_contain_text("make serve")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (STARTER, exercises.UNANSWERED),
        ("def double(n):\n    return 2 *", "Line 2: invalid syntax."),
        ("x = 1\ny = x + z", "Line 2: NameError: name 'z' is not defined"),
        ("def twice(n):\n    return 2 * n", "There is no function double: keep its name."),
        ("double = 3", "There is no function double: keep its name."),
        ("def double(n):\n    return costs.depthwise(n, 1).params", "double(2) gave 9, not 4: 2.25 times too large."),
        ("def double(n):\n    return n[0]", "double(2) raised TypeError: 'int' object is not subscriptable"),
    ],
)
def test_code_that_fails_is_told_where(code, message):
    said = json.loads(exercise_run.run(code, FUNCTION))
    assert not said["right"] and said["message"].startswith(message)


def test_a_function_may_be_asked_for_tuples_of_numbers():
    def longer(one, other): ...

    asked = exercises.check_function(longer, {((1, 2), (3,)): True, ((1,), (2, 3)): False}).exercise
    code = "def longer(one, other):\n    return {one: True}[one] and len(one) > len(other)"
    assert json.loads(exercise_run.run(code, asked))["right"]


# With the keyboard, and for everybody.


@in_both
def test_a_function_is_written_and_run_with_the_keyboard_alone_and_is_known_to_have_been_right(made, page):
    form = made().nth(3)
    field = form.get_by_role("textbox")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("def double(n):\nif n:\n")
    page.keyboard.press("Tab")
    page.keyboard.type("m = 2")
    page.keyboard.press("Control+Z")
    page.keyboard.press("Control+Y")
    page.keyboard.type("\nreturn m * n")
    assert field.input_value() == "def double(n):\n    if n:\n            m = 2\n            return m * n"
    page.keyboard.press("Control+Enter")
    expect(form.get_by_role("status")).to_have_text("Right in all 2 cases.", timeout=PATIENCE)
    assert made().nth(3).get_by_role("status").text_content() == "Right when it ran last."


@in_both
def test_tab_indents_and_after_escape_leaves(made, page):
    form = made().nth(3)
    field = form.get_by_role("textbox")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Tab")
    assert field.input_value() == "    def double(n):\n        return ..."
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert form.get_by_role("button", name="Run").evaluate("button => button === document.activeElement")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert not field.evaluate("field => field === document.activeElement")


def test_each_field_has_a_name_and_each_verdict_is_announced(made, page):
    forms = made()
    for n, form in enumerate(forms.all(), 1):
        kind = form.get_attribute("data-kind")
        label = "Your answer to exercise" if kind == "number" else "Your function for exercise"
        assert form.get_by_label(f"{label} {n}").count() == 1
        assert form.get_by_role("status").count() == 1
    assert "Escape, then Tab leaves" in page.locator("#help-4").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_with_answers_it_is_accessible_and_no_wider_than_the_screen(made, page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    forms = made()
    for n, text in enumerate(("9", "0.118", "no number")):
        typed(forms.nth(n), text)
    page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
    assert violations(page, of="form.exercise") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_in_forced_colors_a_form_and_its_buttons_have_borders(made, page):
    page.emulate_media(forced_colors="active")
    form = made().first
    for part in (form, form.get_by_role("textbox"), form.get_by_role("button", name="Check")):
        style = part.evaluate("part => [getComputedStyle(part).borderTopStyle, getComputedStyle(part).borderTopColor]")
        assert style[0] == "solid" and style[1] != "rgba(0, 0, 0, 0)"


def test_on_paper_there_is_a_field_and_no_button(made, page):
    form = made().first
    page.emulate_media(media="print")
    assert form.get_by_role("textbox").is_visible() and not form.get_by_role("button", name="Check").is_visible()


def test_without_a_script_a_sentence_and_the_solution_remain(scriptless, address):
    scriptless.goto(f"{address}/chapters/{CHAPTERS[0]}.html")
    forms = scriptless.locator("form.exercise")
    assert forms.count() and scriptless.locator(".tag_solution summary").first.is_visible()
    for form in forms.all():
        assert "Without JavaScript nothing is checked here" in form.inner_text()
        assert not form.get_by_role("button").first.is_visible()
    assert scriptless.locator("form[data-kind=function] textarea").first.is_visible(), "what to write stands there"


# What is kept.


@in_both
def test_answers_are_there_on_the_next_visit_until_they_are_forgotten(made, page):
    forms = made()
    note = page.locator(".exercise-note")
    assert not note.is_visible()
    typed(forms.nth(0), "9")
    typed(forms.nth(1), "0.118")
    forms.nth(3).get_by_role("textbox").fill("def double(n):\n    return n + n")
    forms = made()
    assert forms.nth(0).get_by_role("textbox").input_value() == "9"
    assert forms.nth(0).get_by_role("status").text_content() == "Not 9. That is for 3×3."
    assert forms.nth(3).get_by_role("textbox").input_value() == "def double(n):\n    return n + n"
    assert "Right on this page: 1 of 4." in note.text_content()
    note.get_by_role("button", name="Forget them").click()
    assert page.evaluate("localStorage.length") == 0 or "exercises" not in page.evaluate("JSON.stringify(localStorage)")
    forms = made()
    assert forms.nth(0).get_by_role("textbox").input_value() == "" and not note.is_visible()
    assert forms.nth(3).get_by_role("textbox").input_value() == STARTER


def test_an_answer_is_kept_by_what_was_asked(made, page):
    typed(made().nth(0), "9")
    page.evaluate("""() => {
        const [key] = Object.keys(localStorage).filter((key) => key.startsWith("exercises"));
        const answers = Object.values(JSON.parse(localStorage.getItem(key)));
        localStorage.setItem(key, JSON.stringify({ "another": answers[0] }));
    }""")
    assert made().nth(0).get_by_role("textbox").input_value() == ""


@in_both
@pytest.mark.parametrize("storage", REFUSED)
def test_where_a_page_may_keep_nothing_answers_are_checked(made, page, storage):
    page.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {REFUSED[storage]}, configurable: true }})")
    assert typed(made().first, "25") == "Right: 25."

"""`book/trouble.md` is a table: its headings are the faults, and each has a test."""

import ast
from collections import defaultdict

from processes import ROOT, TESTS
from trouble import entries


def provoking() -> dict[str, list[ast.FunctionDef]]:
    """The tests of each fault, by its symptom."""
    found = defaultdict(list)
    for path in TESTS.rglob("test_*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf8"))):
            for mark in getattr(function, "decorator_list", ()):
                if ast.unparse(mark).startswith("pytest.mark.fault("):
                    found[ast.literal_eval(mark.args[0])].append(function)
    return found


def test_every_entry_of_the_page_has_a_test_and_every_test_of_a_fault_its_entry():
    assert set(provoking()) == set(entries())


def test_every_sentence_on_the_page_is_compared_with_what_the_program_prints():
    for symptom, functions in provoking().items():
        compared = any("shown(" in ast.unparse(function) for function in functions)
        assert compared == bool(entries()[symptom].sentence), symptom


def test_the_page_knows_how_many_entries_it_has():
    assert f"Each of the {len(entries())} entries has a test" in (ROOT / "book" / "trouble.md").read_text("utf8")


def test_every_entry_says_what_to_do():
    assert all(entry.cure for entry in entries().values())
    assert {entry.group for entry in entries().values()} == {
        *("The environment", "Network", "Archives", "Photos", "Models", "Processes", "Machines", "Chapters")
    }

"""How many numbers a cell checks, counted by the kernel as its assertions pass: an extension of IPython.

An assertion in a loop counts each time, one that is not reached does not. Each part of an `and` counts, and each item
of a list, tuple or dictionary that a value is compared with; every other condition counts as one.
"""

import ast

PASSED = "__passed__"


def items(value: ast.expr) -> list[ast.expr]:
    """What a list that is written out has in it, and anything else as it is."""
    match value:
        case ast.List() | ast.Tuple() | ast.Set() if value.elts:
            return [item for element in value.elts for item in items(element)]
        case ast.Dict() if value.values:
            return [item for element in value.values for item in items(element)]
    return [value]


def checked(test: ast.expr) -> list[ast.expr]:
    """What an assertion compares with something, one by one."""
    match test:
        case ast.BoolOp(op=ast.And()):
            return [item for part in test.values for item in checked(part)]
        case ast.Compare(ops=[ast.Eq()]):
            return max(items(test.comparators[0]), items(test.left), key=len)
    return [test]


class Count(ast.NodeTransformer):
    """Puts behind each assertion a statement that notes what it has checked."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        values = checked(node.test)
        words = sum(isinstance(value, ast.Constant) and isinstance(value.value, str | bytes) for value in values)
        return self._noted(node, len(values), words)

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt] | ast.stmt:
        function = node.value.func if isinstance(node.value, ast.Call) else None
        assertion = isinstance(function, ast.Attribute) and function.attr.startswith("assert_")
        return self._noted(node, 1, 0) if assertion else node

    @staticmethod
    def _noted(node: ast.stmt, values: int, words: int) -> list[ast.stmt]:
        note = ast.parse(f"{PASSED}.append({values, words})").body[0]
        return [node, ast.fix_missing_locations(ast.copy_location(note, node))]


def load_ipython_extension(shell) -> None:
    passed: list[tuple[int, int]] = []

    def say(result) -> None:
        values, words = (sum(counts) for counts in zip(*passed, strict=True)) if passed else (0, 0)
        passed.clear()
        if values:
            noun = ("value" if words else "number") + "s" * (values != 1)
            shell.display_pub.publish({"text/html": f'<data class="checked">{values} {noun} checked</data>'})

    shell.push({PASSED: passed}, interactive=False)
    shell.ast_transformers.append(Count())
    shell.events.register("post_run_cell", say)

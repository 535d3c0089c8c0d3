"""Draw which part of the library imports which, from its import statements: `python scripts/imports.py`.

Writes `book/_assets/imports.svg`, and its alternative text into `book/how-it-is-made.md`. Below each module or package
lie those that it imports, and in a package its files likewise; an arrow that others imply is left out.
"""

import ast
import re
from pathlib import Path

from boxes import Box, Graph, drawn

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "mobilenet_lib"
DRAWING = ROOT / "book" / "_assets" / "imports.svg"
PAGE = ROOT / "book" / "how-it-is-made.md"

# What a module needs, itself or through others, and its color: that of the first kind which has one of the packages.
KINDS = {
    "TensorFlow": ({"tensorflow", "keras", "ai_edge_litert"}, "#8a57a6"),
    "NumPy, Pillow, Matplotlib": ({"numpy", "PIL", "matplotlib"}, "#0b6fb0"),
    "Python alone": (set(), "#07866a"),
}


def imports(library: Path = LIBRARY) -> Graph:
    """What each file of the library imports, anywhere in its code: `costs`, `data.photo`, and packages from outside.

    What a package's `__init__` hands on does not count, nor do command lines.
    """
    files = {".".join(path.relative_to(library).with_suffix("").parts): path for path in library.rglob("[!_]*.py")}

    def known(name: str) -> str:
        package, *parts = name.split(".")
        longest = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in files), 1)
        return ".".join(parts[:longest]) if package == library.name else package

    found: Graph = {}
    for file, path in sorted(files.items()):
        nodes = list(ast.walk(ast.parse(path.read_text("utf8"))))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [
            f"{node.module}.{each.name}" for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names
        ]
        found[file] = {known(name) for name in names}
    return found


def modules(files: Graph) -> Graph:
    """The same for modules and whole packages: those of the library alone."""
    found: Graph = {}
    for name, others in files.items():
        found.setdefault(name.split(".")[0], set()).update(other.split(".")[0] for other in others)
    return {name: {other for other in others if other in found} - {name} for name, others in found.items()}


def inside(files: Graph, package: str) -> Graph:
    """The same for the files of a package."""
    own = {name: others for name, others in files.items() if name.startswith(f"{package}.")}
    return {name: others & own.keys() for name, others in own.items()}


def reachable(graph: Graph, name: str) -> set[str]:
    """Everything that a module imports, directly or through others. Raises `RecursionError` if they go in a circle."""
    return set().union(graph[name], *(reachable(graph, other) for other in graph[name]))


def reduced(graph: Graph) -> Graph:
    """The same graph without the arrows that others imply."""
    return {
        name: {other for other in others if not any(other in reachable(graph, third) for third in others)}
        for name, others in graph.items()
    }


def levels(graph: Graph) -> dict[str, int]:
    """The row of each, 0 at the bottom: right below those that import it, and above all that it imports.

    What imports something and no other imports stands at the top; what has nothing to do with others, at the bottom.
    """
    found: dict[str, int] = {}
    upward = sorted(graph, key=lambda name: len(reachable(graph, name)))
    for name in upward:
        found[name] = 1 + max((found[other] for other in graph[name]), default=-1)
    top = max(found.values(), default=0)
    for name in reversed(upward):
        users = [found[user] for user in graph if name in graph[user]]
        found[name] = min(users) - 1 if users else top if graph[name] else 0
    return found


def kind(files: Graph, name: str) -> str:
    """Which of the kinds a module is of, by all that its files need."""
    graph = modules(files)
    needed = {name, *reachable(graph, name)}
    outside = set().union(*(others for file, others in files.items() if file.split(".")[0] in needed))
    return next(kind for kind, (packages, _) in KINDS.items() if packages & outside or not packages)


def meanings(library: Path = LIBRARY) -> dict[str, str]:
    """What each module holds, from the docstring of the library."""
    text = ast.get_docstring(ast.parse((library / "__init__.py").read_text("utf8")))
    return dict(re.findall(r"^ {4}(\w+) +(.+)$", text, re.MULTILINE))


def drawing(files: Graph, meanings: dict[str, str]) -> str:
    """The library as an SVG on the paper of the book's figures."""
    graph = reduced(modules(files))
    boxes = {}
    for name in graph:
        level = levels(inside(files, name))
        rows = [sorted(file for file in level if level[file] == row) for row in sorted({*level.values()}, reverse=True)]
        parts = [[file.split(".")[1] for file in row] for row in rows]
        boxes[name] = Box(name, meanings[name], KINDS[kind(files, name)][1], parts)
    return drawn(boxes, graph, levels(graph), {name: color for name, (_, color) in KINDS.items()})


def words(files: Graph) -> str:
    """The same as a sentence: the alternative text."""
    graph = reduced(modules(files))
    rows = levels(graph)
    users = sorted((name for name in graph if graph[name]), key=lambda name: (-rows[name], name))
    said = "; ".join(f"{name} imports {_listed(graph[name])}" for name in users)
    others = _listed({*graph} - {*users})
    return f"Modules and packages of the library, each above what it imports. {said}. {others} import nothing of it."


def _listed(names: set[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last


def page(files: Graph) -> str:
    """The page with the drawing, with its alternative text as it is now."""
    image = f"![{words(files)}](_assets/imports.svg)"  # on one line: at a break, words would be joined
    return re.sub(r"!\[[^]]*\]\(_assets/imports\.svg\)", lambda _: image, PAGE.read_text("utf8"))


if __name__ == "__main__":
    DRAWING.write_text(drawing(imports(), meanings()), "utf8")
    PAGE.write_text(page(imports()), "utf8")

"""Draw which module of the library imports which, from their import statements: `python scripts/imports.py`.

Writes `book/_assets/imports.svg`. Below each module lie those that it imports; an import that others imply is left out.
"""

from __future__ import annotations

import ast
import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "mobilenet_lib"
DRAWING = ROOT / "book" / "_assets" / "imports.svg"
WIDTH, BOX, HEIGHT, ROW, MARGIN = 900, 172, 50, 96, 8  # of the drawing, of a box, from row to row, around all
# The columns of the drawing, so that no arrow runs behind a box. The rows follow from the imports.
COLUMNS = {"weights": 0, "plots": 0, "exercises": 0} | dict.fromkeys(("costs", "architecture", "models", "training"), 1)
COLUMNS |= {"drawn": 2, "data": 2, "tflite": 2, "locks": 3, "counting": 3, "records": 3, "evaluation": 4, "paper": 4}
LIFTED = {"exercises": 3, "paper": 3, "evaluation": 2, "records": 2}  # import nothing: they may stand higher


def imports(library: Path = LIBRARY) -> dict[str, set[str]]:
    """The modules of the library that each module imports, anywhere in its code; but not what command lines use."""
    found: dict[str, set[str]] = {}
    for path in sorted([*library.glob("[!_]*.py"), *library.glob("[!_]*/*.py")]):
        if path.name == "__main__.py":
            continue
        # A module, or one of the files of a package, which import one another.
        module = path.stem if path.parent == library else path.parent.name
        names = found.setdefault(module, set())
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.ImportFrom) and node.module == library.name:
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{library.name}."):
                names.add(node.module.split(".")[1])
            elif isinstance(node, ast.Import):
                names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith(f"{library.name}.")}
        names.discard(module)
    return found


def reachable(graph: dict[str, set[str]], name: str) -> set[str]:
    """Everything that a module imports, directly or through others. Raises `RecursionError` if they go in a circle."""
    return set().union(graph[name], *(reachable(graph, other) for other in graph[name]))


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same graph without the arrows that others imply."""
    return {
        name: {other for other in others if not any(other in reachable(graph, third) for third in others)}
        for name, others in graph.items()
    }


def level(graph: dict[str, set[str]], name: str) -> int:
    return 1 + max((level(graph, other) for other in graph[name]), default=-1)


def drawing(graph: dict[str, set[str]], meanings: dict[str, str]) -> str:
    """The graph as an SVG: white on blue and gray lines, legible on light and on dark."""
    levels = {name: level(graph, name) for name in graph} | LIFTED
    place = {
        name: (WIDTH * (COLUMNS[name] + 0.5) / 5, MARGIN + HEIGHT / 2 + ROW * (max(levels.values()) - levels[name]))
        for name in graph
    }
    height = 2 * MARGIN + HEIGHT + ROW * max(levels.values())
    lines = []
    for name, others in graph.items():
        for other in sorted(others):
            (x, y), (to_x, to_y) = place[name], place[other]
            y, bend, below = y + HEIGHT / 2, y + ROW / 2, y + ROW - HEIGHT / 2 - 7
            line = f"M{x:.0f} {y:.0f}C{x:.0f} {bend:.0f} {to_x:.0f} {bend:.0f} {to_x:.0f} {below:.0f}"
            lines.append(f'<path d="{line}V{to_y - HEIGHT / 2 - 6:.0f}"/>')
    boxes = []
    for name, (x, y) in place.items():
        left, top = x - BOX / 2, y - HEIGHT / 2
        boxes.append(
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{BOX}" height="{HEIGHT}" rx="6"/>'
            f'<text x="{x:.0f}" y="{y - 4:.0f}" font-weight="600">{name}</text>'
            f'<text x="{x:.0f}" y="{y + 14:.0f}" font-size="10.5">{escape(meanings[name])}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#808890"/></marker></defs>'
        '<g fill="none" stroke="#808890" stroke-width="1.5" marker-end="url(#tip)">\n'
        + "\n".join(lines)
        + '\n</g>\n<g fill="#0b6fb0">\n'
        + "\n".join(box.split("<text")[0] for box in boxes)
        + '\n</g>\n<g fill="#fff" font-family="system-ui, sans-serif" font-size="15" text-anchor="middle">\n'
        + "\n".join(box[box.index("<text") :] for box in boxes)
        + "\n</g></svg>\n"
    )


def meanings(library: Path = LIBRARY) -> dict[str, str]:
    """What each module holds, from the docstring of the library."""
    text = ast.get_docstring(ast.parse((library / "__init__.py").read_text("utf8")))
    return dict(re.findall(r"^ {4}(\w+) +(.+)$", text, re.MULTILINE))


if __name__ == "__main__":
    DRAWING.write_text(drawing(reduced(imports()), meanings()), "utf8")

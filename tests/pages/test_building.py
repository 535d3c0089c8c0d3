"""`jupyter-book build` with the book's own extensions, on a book of two small chapters: what runs when."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import execution
import nbformat
import provenance
import pytest
from bs4 import BeautifulSoup
from processes import as_root, read_only

from mobilenet_lib.locks import alone

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = """\
---
jupytext: {{formats: md:myst, text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---

# Chapter {name}

$1 + 1 = 2$

```{{code-cell}}
open("../ran", "a").write("{name} ")
{code}
```
"""

# A build that a test kills, at a moment that does not depend on how fast the machine is.
KILLED = """\
import os, signal

def setup(app):
    def kill(at):
        if os.environ.get("KILLED_AT") == at:
            os.kill(os.getpid(), signal.SIGKILL)
    app.connect("html-page-context", lambda app, page, *rest: kill(page), priority=0)
    app.connect("build-finished", lambda app, exception: kill("end"), priority=0)
"""

# More than half of the time of a small build goes into imports: one process does them, and copies of it build.
BUILDER = """\
import json, os, sys
import fontTools.subset, jupyter_book.sphinx, myst_nb.sphinx_ext, sphinx.builders.epub3, sphinx_book_theme
import numpy, PIL.ImageFont, sphinx_design.extension, sphinx_external_toc.collectors, sphinx_togglebutton
from jupyter_book.cli.main import main

for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        main(order["arguments"])
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
BUILD = ["build", ".", "--toc", "book/_toc.yml", "-W", "--keep-going"]

pytestmark = pytest.mark.skipif(not (ROOT / "node_modules" / "katex").is_dir(), reason="KaTeX is missing: make book")


@pytest.fixture(scope="module", autouse=True)
def builder():
    command, pipes = [sys.executable, "-P", "-c", BUILDER], {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, encoding="utf8", **pipes) as Book.builder:
        yield


class Book:
    """A book in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("_config.yml", "book/_extensions", "book/_static", "book/_templates", "book/_assets"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, target)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        self.write("killed/killed.py", KILLED)
        config = (folder / "_config.yml").read_text("utf8")
        self.write("_config.yml", config.replace("  local_extensions:\n", "  local_extensions:\n    killed: killed\n"))
        self.write(
            "book/_toc.yml", "format: jb-book\nroot: book/intro\nchapters: [file: chapters/a.md, file: chapters/b.md]\n"
        )
        _, _, colab = (ROOT / "book" / "intro.md").read_text("utf8").partition("### In Colab\n")
        self.write("book/intro.md", f"# The book\n\n## In Colab\n{colab.partition('## ')[0]}")
        self.write("requirements.txt", "")
        self.write("mobilenet_lib/costs.py", "")
        self.chapter("a")
        self.chapter("b")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf8")

    def chapter(self, name, code="1 + 1"):
        self.write(f"chapters/{name}.md", CHAPTER.format(name=name, code=code))
        self.write(f"chapters/{name}.ipynb", "")

    def at(self, repository):
        """Give the book an address; with an underscore it cannot be that of anybody's checkout."""
        path = self.folder / "_config.yml"
        path.write_text(re.sub(r"(?m)^  url: .*", f"  url: {repository}", path.read_text("utf8")), "utf8")

    def build(self, *, anew=False, **environment):
        """Build the book, in a copy of `builder` or in a process that starts anew; which chapters ran, in order."""
        ran, output = self.folder / "ran", self.folder / "output"
        ran.unlink(missing_ok=True)
        env = {**os.environ, "KERAS_HOME": str(self.folder / "keras"), "CATS_DOGS_DIR": "", **environment}
        if anew:
            with output.open("w") as file:
                command = [Path(sys.executable).with_name("jupyter-book"), *BUILD]
                ended = subprocess.run(command, cwd=self.folder, env=env, stdout=file, stderr=subprocess.STDOUT)
            self.returncode = ended.returncode
        else:
            order = {"folder": str(self.folder), "output": str(output), "environment": env, "arguments": BUILD}
            print(json.dumps(order), file=self.builder.stdin, flush=True)
            self.returncode = int(self.builder.stdout.readline())
        self.output = output.read_text("utf8")
        return ran.read_text().split() if ran.exists() else []

    def page(self, name):
        return (self.folder / "_build" / "html" / "chapters" / f"{name}.html").read_text("utf8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Built by the command of the README."""
    book = Book(tmp_path_factory.mktemp("book"))
    book.at("https://github.com/your_account/a-book")
    assert book.build(anew=True) == ["a", "b"], book.output
    assert book.returncode == 0, book.output
    return book


def copied(book, folder):
    copy = object.__new__(Book)
    copy.folder = shutil.copytree(book.folder, folder / "book", symlinks=True)
    return copy


@pytest.fixture
def book(built, tmp_path):
    """A copy of the built book, for a test of its own."""
    return copied(built, tmp_path)


def test_the_first_build_shows_each_chapter_and_its_time(built):
    assert "[1/2] a … " in built.output and "[2/2] b … " in built.output


def test_changed_prose_runs_nothing_and_changed_code_runs_its_chapter_alone(book):
    path = book.folder / "chapters" / "a.md"
    path.write_text(path.read_text("utf8") + "\nA new sentence.\n", "utf8")
    caches = book.folder / "_build" / ".jupyter_cache"
    for number in range(6):
        (caches / f"older-{number}").mkdir()
        os.utime(caches / f"older-{number}", (number, number))
    assert book.build() == []
    assert "A new sentence." in book.page("a")
    assert len(list(caches.iterdir())) == 4, "few old results are kept"
    book.chapter("b", "1 + 2")
    assert book.build() == ["b"]
    assert "[1/1] b … " in book.output and "] a" not in book.output


def test_photos_whose_folder_is_the_same_in_every_chapter_and_drawings_each_keep_their_results(book):
    book.write("photos/training_set/cats/cat.1.jpg", "not empty")
    book.chapter("a", "import os\nassert os.path.isdir(os.environ.get('CATS_DOGS_DIR') or '/')")
    assert book.build(CATS_DOGS_DIR="photos") == ["a", "b"]
    assert book.returncode == 0, book.output
    assert book.build() == ["a"], "b was computed with drawings before"
    assert book.build(CATS_DOGS_DIR="photos") == []


def test_a_chapter_that_fails_fails_this_build_and_the_next_and_shows_why(book):
    book.chapter("b", "1 / 0")
    for _ in range(2):
        book.build()
        assert book.returncode != 0
        assert "] b … " in book.output and "ZeroDivisionError" in book.output


def test_a_formula_that_cannot_be_read_fails_the_build(book):
    book.write("chapters/a.md", (book.folder / "chapters" / "a.md").read_text("utf8").replace("1 + 1 = 2", r"\frac{1"))
    book.build()
    assert book.returncode != 0
    assert "chapters/a.md" in book.output and "KaTeX parse error" in book.output


@pytest.mark.fault("A build of the book is killed")
def test_a_build_killed_in_a_chapter_leaves_nothing_wrong_behind(book):
    book.chapter("b", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)")
    book.build()
    assert book.returncode != 0
    book.chapter("b", "1 + 3")
    assert book.build() == ["b"]
    assert book.returncode == 0, book.output


@pytest.mark.fault("A build of the book is killed")
@pytest.mark.parametrize("victim, at", [("chapters/a.html", "chapters/b"), ("searchindex.js", "end")])
def test_a_build_killed_while_it_writes_pages_is_made_good_by_the_next(book, victim, at):
    for name in "ab":
        path = book.folder / "chapters" / f"{name}.md"
        path.write_text(path.read_text("utf8") + "\nAnother sentence.\n", "utf8")
    victim = book.folder / "_build" / "html" / victim
    before = victim.stat().st_mtime_ns
    book.build(KILLED_AT=at)
    assert book.returncode == -signal.SIGKILL, book.output
    assert victim.stat().st_mtime_ns != before, "the page should be written anew"
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 2])  # as a kill a moment earlier leaves it
    book.build()
    assert book.returncode == 0, book.output
    assert all("Another sentence." in book.page(name) for name in "ab")
    pages = [
        path for folder in (".", "book", "chapters") for path in (book.folder / "_build/html" / folder).glob("*.html")
    ]
    assert len(pages) > 5 and all(page.read_text("utf8").rstrip().endswith("</html>") for page in pages)
    index = (book.folder / "_build" / "html" / "searchindex.js").read_text("utf8")
    assert index.startswith("Search.setIndex({") and index.endswith("})")


def test_a_half_written_result_is_forgotten_and_computed_again(book):
    for path in (book.folder / "_build" / ".jupyter_cache").rglob("base.ipynb"):
        path.write_text(path.read_text("utf8")[:40], "utf8")
    (book.folder / "_build" / ".doctrees" / "environment.pickle").unlink()
    assert book.build() == ["a", "b"]
    assert book.returncode == 0, book.output


# What a page shows.


def cell(code, tag):
    return f"```{{code-cell}}\n:tags: [{tag}]\n\n{code}\n```\n\n"


PROOFS = {
    "✓ 1 number checked": "assert 1 + 1 == 2",
    "✓ 2 numbers checked": "assert 1 + 1 == 2 and 2 < 3",
    "✓ 3 numbers checked": "for n in range(3):\n    assert n < 3",
    "✓ 4 numbers checked": "assert [1, 2, 3] == list(range(1, 4))\nassert all([])",
    "✓ 5 values checked": "assert (1, 'two') == (1, 'two')\nassert dict(a=1, b=2, c=3) == {'a': 1, 'b': 2, 'c': 3}",
    "✓ 6 numbers checked": "import numpy as np\nfor n in range(6):\n    np.testing.assert_equal(n, n)",
    "Nothing to check here": "if 1 > 2:\n    assert 3 == 4",
}
# A cell whose output says what was asked, as that of a check does.
EXERCISE = """\
pass
```

```{code-cell}
answer = ...
```

```{code-cell}
class Asked:
    def _repr_mimebundle_(self, **_):
        asked = '{"expected": 25, "slips": [[9, "A hint."]], "tolerance": 0.0}'
        return {"text/plain": "No answer yet"}, {"exercise": asked}


Asked()
"""


@pytest.fixture(scope="module")
def site(built, tmp_path_factory):
    """A book with an address: a has folded cells, b no notebook, chapter 1 an exercise; the last is the template."""
    book = copied(built, tmp_path_factory.mktemp("shown"))
    book.at("https://github.com/no_body/a-book")
    made = cell("# @title Show this table\nfrom IPython.display import HTML\nHTML('<b>made</b>')", "making")
    solved = cell("# @title Solution\nassert True\nprint('solved')", "solution")
    open_ = cell("assert 1 == 1\n'shown'", "open")
    proofs = "".join(cell(f"# @title The proof\n{proof}", "proof") for proof in PROOFS.values())
    head, _, _ = CHAPTER.partition("```")
    book.write("chapters/a.md", head.format(name="a") + proofs + made + solved + open_)
    (book.folder / "chapters" / "b.ipynb").unlink()
    book.chapter("01-cost-derivation", EXERCISE)
    _, template, _ = (ROOT / "CONTRIBUTING.md").read_text("utf8").split("````\n")
    book.write("chapters/08-slug.md", template.replace("(the setup cell of the other chapters)", "pass"))
    files = ", ".join(f"file: chapters/{name}.md" for name in ("a", "b", "01-cost-derivation", "08-slug"))
    book.write("book/_toc.yml", f"format: jb-book\nroot: book/intro\nchapters: [{files}]\n")
    book.build()
    assert book.returncode == 0, book.output
    return book


def assert_has_a_form(book):
    page = BeautifulSoup(book.page("01-cost-derivation"), "html.parser")
    assert len(page.select("form.exercise[data-kind=number] input")) == 1
    assert "Asked" not in page.article.get_text() and "answer = ..." not in page.article.get_text()
    script = next(tag["src"] for tag in page.find_all("script", src=True) if "exercise-forms" in tag["src"])
    folder = (book.folder / "_build" / "html" / "chapters" / script).resolve().parent
    assert (folder / "exercise-worker.js").exists() and (folder / "pyodide.asm.wasm").exists()
    assert "exercise-forms" not in book.page("a")


def test_an_exercise_is_a_form_also_in_a_page_whose_results_were_kept(site, tmp_path):
    assert_has_a_form(site)
    book = copied(site, tmp_path)
    path = book.folder / "chapters" / "01-cost-derivation.md"
    path.write_text(path.read_text("utf8") + "\nA new sentence.\n", "utf8")
    assert book.build() == []
    assert "A new sentence." in book.page("01-cost-derivation")
    assert_has_a_form(book)


def test_a_book_with_an_address_says_in_each_page_where_it_is_and_in_those_with_a_notebook_where_to_run_it(site):
    page, address = site.page("a"), "https://no_body.github.io/a-book/"
    assert f'<link rel="canonical" href="{address}chapters/a.html"' in page
    assert f'<meta property="og:url" content="{address}chapters/a.html">' in page
    assert f'<meta property="og:image" content="{address}_images/card-a.png">' in page
    html = site.folder / "_build" / "html"
    assert (html / "_images" / "card-a.png").exists()
    front = (html / "index.html").read_text("utf8")
    assert f'<link rel="canonical" href="{address}book/intro.html"' in front and "url=book/intro.html" in front
    assert "https://colab.research.google.com/github/no_body/a-book/blob/main/chapters/a.ipynb" in page
    assert "colab.research.google.com" not in site.page("b") and "fa-rocket" not in site.page("b")
    assert "how to give it one" not in page and "once the book has an address" not in page


def test_a_book_without_an_address_says_how_colab_finds_it(built):
    front = built.folder / "_build" / "html" / "book" / "intro.html"
    assert "give it a public repository" in front.read_text("utf8") and "how to give it one" in built.page("a")
    assert "Colab, once the book has an address" in built.page("a")


def test_a_chapter_from_the_template_has_its_number_and_time_at_the_top_and_a_page_to_go_on_to(site):
    page = site.page("08-slug")
    assert re.search(r'<p class="kicker">Chapter 8 · \d+ minutes to read', page)
    assert '<div class="opening docutils">' in page
    setup = BeautifulSoup(page, "html.parser").select_one("details.setup")
    assert "pass" in setup.get_text() and setup.summary.get_text() == "Imports"
    assert 'href="01-cost-derivation.html"' in page.partition('id="what-s-next"')[2].partition("</section>")[0]


@pytest.fixture(scope="module")
def cells(site):
    return BeautifulSoup(site.page("a"), "html.parser").select("div.cell")


@pytest.mark.parametrize("line", PROOFS)
def test_a_proof_is_folded_under_a_line_that_says_what_it_has_checked(cells, line):
    proof = cells[list(PROOFS).index(line)]
    (inside,) = proof.find_all(recursive=False)
    assert (inside.name, inside.summary.get_text()) == ("details", line) and not inside.has_attr("open")
    assert proof.pre.get_text().strip() == PROOFS[line] and not proof.select(".cell_output")


def test_what_a_table_says_stands_open_before_the_fold_with_how_it_is_made(cells):
    output, fold = cells[len(PROOFS)].find_all(recursive=False)
    assert output.get_text().strip() == "made"
    assert (fold.name, fold.summary.get_text()) == ("details", "How this table is made")
    assert "HTML" in fold.pre.get_text() and "@title" not in fold.get_text()


def test_a_solution_is_folded_with_what_it_prints_for_that_is_the_answer(cells):
    (fold,) = cells[-2].find_all(recursive=False)
    assert (fold.name, fold.summary.get_text()) == ("details", "Solution")
    assert fold.get_text().strip().endswith("solved")


def test_what_an_open_cell_asserts_is_counted_nowhere(cells):
    assert not cells[-1].details and "checked" not in cells[-1].get_text()


# One build at a time, on one machine or another.


@pytest.mark.fault("Two builds of the book run at once")
def test_a_second_build_in_the_same_folder_is_refused(book, shown):
    with alone(book.folder / "_build", "building"):
        assert book.build() == []
    assert book.returncode != 0
    shown(book.output)


@pytest.mark.fault("The disk is full while the book is built")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a disk")
def test_a_book_that_found_the_disk_full_is_built_when_there_is_room(book, shown):
    disk = book.folder / "_build"
    shutil.rmtree(disk)
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a disk is not permitted")
    try:
        book.build()
        assert book.returncode != 0
        shown(book.output)
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        book.build()
        assert book.returncode == 0, book.output
        assert "1 + 1" in book.page("a") and "1 + 1" in book.page("b")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def make(folder, *arguments, **environment):
    """Run `make` in a book, with the environment of the tests for its `.venv`."""
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    shutil.copy(ROOT / "Makefile", folder)
    done = subprocess.run(
        ["make", "-o", ".venv/installed", "-o", "node_modules/.package-lock.json", *arguments],
        cwd=folder,
        env={**os.environ, "CATS_DOGS_DIR": "", **environment},
        capture_output=True,
        encoding="utf8",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_builds_a_chapter_alone_after_a_change_of_the_library_and_leaves_its_links_to_others(book):
    (book.folder / "ran").unlink()
    book.write("mobilenet_lib/costs.py", "# changed\n")
    path = book.folder / "chapters" / "a.md"
    path.write_text(path.read_text("utf8") + "\nOn to [b](b.md).\n", "utf8")
    make(book.folder, "chapter", "NAME=a")
    assert (book.folder / "ran").read_text().split() == ["a"]
    assert "On to" in (book.folder / "_build/chapter/_build/html/chapters/a.html").read_text("utf8")


@pytest.mark.fault("A terminal that knows only ASCII, a folder with a space or a ü, a clock far away")
def test_make_builds_the_book_in_a_strange_folder_for_a_strange_terminal(book):
    folder = book.folder.rename(book.folder.with_name("Bücher – кошки 🐈"))
    strange = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    make(folder, "book", **strange, TZ="Pacific/Kiritimati")
    assert (folder / "_build" / "html" / "chapters" / "a.html").exists()


@as_root
@pytest.mark.fault("The folder may only be read")
@pytest.mark.parametrize("missing", ["nothing", "_build", ".venv"])
def test_a_book_that_may_only_be_read_is_not_built_and_the_reason_is_one_sentence(tmp_path, missing):
    made = ["requirements.txt", "package.json", "package-lock.json", "_build/.jupyter_cache", "node_modules/axe-core/a"]
    made += [".venv/bin/python", ".venv/installed", "node_modules/.package-lock.json"]
    for name in ("Makefile", "pyproject.toml", "scripts/environment.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in (name for name in made if not name.startswith(missing)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{tmp_path}\n", "utf8")
    command = ["make", "--no-print-directory", "book"]
    with read_only(tmp_path):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf8")
    assert done.returncode != 0
    which = "_build" if missing == "nothing" else missing
    assert done.stdout == f"{which} cannot be written to: copy the checkout to a folder of yours\n"
    assert all(re.match(r"make(\[\d\])?: \*\*\*", line) for line in done.stderr.splitlines())


# What a reader has set for other programs.

ASKED = """
import json, os, sys
import keras, numpy
kept = os.path.join(os.environ["KERAS_HOME"], "models", "mobilenet_weights.h5")
seen = {
    "numpy": numpy.__file__, "python": sys.executable, "asserts": __debug__, "path": os.environ.get("PYTHONPATH"),
    "keras": [keras.config.backend(), keras.config.image_data_format(), keras.config.max_epochs()],
    "startup": "started" in globals(), "weights": os.path.exists(kept),
}
json.dump(seen, open("../seen.json", "w"))
"""


def strange(folder):
    """Settings for other programs: files below `folder`, and environment variables that name them."""
    files = {
        "packages/numpy/__init__.py": "raise ImportError('the numpy of PYTHONPATH')",
        "jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "Of a hub", "language": "python"}',
        "home/.local/share/jupyter/kernels/python3/kernel.json": '{"argv": ["false"], "display_name": "Of a user"}',
        "ipython/profile_default/startup/0.py": "started = True",
        "keras/keras.json": '{"image_data_format": "channels_first", "backend": "jax"}',
        "keras/models/mobilenet_weights.h5": "",
        "matplotlibrc": "text.usetex: True",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf8")
    folders = {"PYTHONPATH": "packages", "JUPYTER_PATH": "jupyter", "IPYTHONDIR": "ipython", "KERAS_HOME": "keras"}
    folders["HOME"] = "home"
    variables = {name: str(folder / place) for name, place in folders.items()}
    variables |= {"JUPYTER_CONFIG_DIR": "/nowhere", "JUPYTER_DATA_DIR": str(folder / "jupyter")}
    variables |= {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "MATPLOTLIBRC": str(folder), "MPLBACKEND": "no"}
    variables |= {"NODE_OPTIONS": "--require /nowhere.js", "PYTHONOPTIMIZE": "1"}
    return variables | {"SOURCE_DATE_EPOCH": "0", "GIT_DIR": "/nowhere"}


@pytest.fixture(scope="module")
def strangely_built(built, tmp_path_factory):
    copy = copied(built, tmp_path_factory.mktemp("strange"))
    copy.chapter("a", ASKED)
    copy.build(anew=True, **strange(tmp_path_factory.mktemp("settings")))
    assert copy.returncode == 0, copy.output
    copy.seen = json.loads((copy.folder / "seen.json").read_text("utf8"))
    return copy


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_chapters_run_in_the_environment_of_the_book_and_with_its_packages(strangely_built):
    seen = strangely_built.seen
    assert seen["python"] == sys.executable and not seen["path"]
    assert seen["numpy"].startswith(sys.prefix)


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_chapters_check_what_they_assert_and_know_no_startup_file(strangely_built):
    assert strangely_built.seen["asserts"] and not strangely_built.seen["startup"]


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_chapters_run_with_the_keras_of_the_book_and_find_the_weights_of_the_reader(strangely_built):
    assert strangely_built.seen["keras"] == ["tensorflow", "channels_last", None]
    assert strangely_built.seen["weights"]


def test_the_dates_on_a_page_are_of_one_year_whatever_a_build_system_has_set(strangely_built):
    page = strangely_built.page("a")
    assert "1970" not in page
    assert re.search(r"©\s+Copyright 2026", page) and f"Built on {datetime.now(timezone.utc).day} " in page


@pytest.mark.fault("PYTHONPATH has another package than the book")
def test_a_package_that_python_path_has_put_before_the_book_s_is_named(book, tmp_path, shown):
    (tmp_path / "docutils").mkdir()
    import docutils

    (tmp_path / "docutils" / "__init__.py").write_text(
        f"__path__ = [{str(Path(docutils.__file__).parent)!r}]\n" + Path(docutils.__file__).read_text("utf8"), "utf8"
    )
    book.build(anew=True, PYTHONPATH=str(tmp_path))
    assert book.returncode != 0
    shown(book.output)


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_notebooks_are_tested_without_the_settings_of_a_reader(tmp_path):
    folder = tmp_path / "checkout"
    for name in ("conftest.py", "pyproject.toml", "book/_extensions/sealing.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "chapters").mkdir()
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=[nbformat.v4.new_code_cell(ASKED)])
    nbformat.write(notebook, folder / "chapters" / "a.ipynb")
    command = [Path(sys.executable).with_name("pytest"), "--nbmake", "chapters/a.ipynb"]
    settings = {**os.environ, **strange(tmp_path / "settings")}
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads((folder / "seen.json").read_text("utf8"))
    assert seen["python"] == sys.executable and seen["numpy"].startswith(sys.prefix)
    assert seen["asserts"] and not seen["startup"]
    assert seen["keras"] == ["tensorflow", "channels_last", None] and seen["weights"]


def repository(folder):
    """A repository with one commit, and what that is called."""
    folder.mkdir(parents=True)
    author = ["-c", "user.name=a test", "-c", "user.email="]
    for command in (["init", "--quiet"], [*author, "commit", "--quiet", "--allow-empty", "--message", "One"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return subprocess.check_output(["git", "-C", folder, "rev-parse", "--short", "HEAD"], text=True).strip()


def test_the_revision_of_a_checkout_is_its_commit(tmp_path, monkeypatch):
    commit = repository(tmp_path / "book")
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "book")
    assert provenance.revision.__wrapped__() == commit
    (tmp_path / "book" / "new").touch()
    assert provenance.revision.__wrapped__() == f"{commit} with changes"


def test_a_copy_that_was_unpacked_inside_another_repository_has_no_revision(tmp_path, monkeypatch):
    repository(tmp_path / "other")
    (tmp_path / "other" / "book").mkdir()
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "other" / "book")
    assert provenance.revision.__wrapped__() == "unknown"


def test_the_repository_that_git_was_told_to_use_is_not_the_book_s(tmp_path, monkeypatch):
    repository(tmp_path / "other")
    commit = repository(tmp_path / "book")
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "book")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert provenance.revision.__wrapped__() == commit


@pytest.fixture
def fingerprint(tmp_path, monkeypatch):
    """The function that decides, looking at an empty folder."""
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("CATS_DOGS_DIR", str(tmp_path / "photos"))
    (tmp_path / "requirements.txt").touch()
    return execution.fingerprint


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "mobilenet_lib/costs.py",
        "data/runs/one.json",
        "data/exports/one.json",
        "data/models/cats-dogs.keras",
        "photos/training_set/cats/cat.1.jpg",
        "keras/models/mobilenet_2_5_224_tf_no_top.h5",
    ],
)
def test_the_outputs_depend_on(fingerprint, tmp_path, name):
    seen = {fingerprint()}
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for text in ("new", "changed"):
        path.write_text(text, "utf8")
        seen.add(fingerprint())
    assert len(seen) == 3


def test_the_outputs_do_not_depend_on_prose(fingerprint, tmp_path):
    before = fingerprint()
    (tmp_path / "README.md").write_text("new", "utf8")
    assert fingerprint() == before

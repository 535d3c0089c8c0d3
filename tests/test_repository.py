"""What belongs to the repository and not to the book: its address, its lock, its workflows, its hooks."""

import difflib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import imports
import nbformat
import pytest
import repository
import sharing
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Code that makes addresses, and tests with addresses of nobody.
MADE_UP = (
    "book/_extensions/sharing.py",
    *(f"tests/{name}.py" for name in ("test_repository", "pages/test_building", "pages/test_site")),
)
NEW = "https://github.com/somebody/a-book.2"


@pytest.fixture
def copy(tmp_path):
    """The files that have the address, in a folder of their own."""
    for pattern in repository.PLACES:
        for path in ROOT.glob(pattern):
            (tmp_path / path.relative_to(ROOT)).parent.mkdir(exist_ok=True)
            shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_address_stands_where_the_command_looks_for_it_and_nowhere_else():
    folders = [path for path in ROOT.iterdir() if not path.name.startswith((".", "_build", "node_modules"))]
    files = [path for folder in (*folders, ROOT / ".github") for path in (folder, *folder.rglob("*"))]
    texts = [path for path in files if path.is_file() and path.suffix not in (".jpg", ".keras", ".tflite", ".pyc")]
    found = {path for path in texts if repository.address().encode() in path.read_bytes()}
    assert found == {path for pattern in repository.PLACES for path in ROOT.glob(pattern)}


def test_no_file_knows_another_address_of_the_book():
    address = repository.address()
    host, folder = sharing.site(address)
    ours = [
        address,
        address.replace("https://github.com", "https://colab.research.google.com/github"),
        host + folder.rstrip("/"),
    ]
    ours = re.compile("|".join(re.escape(start) + r"(?![\w-]|\.\w)" for start in ours))
    elsewhere = rf"git\+https://github\.com/|colab\.research\.google\.com/github/|{sharing.PLACEHOLDER}|\.github\.io"
    listed = subprocess.check_output(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z"], text=True)
    files = [ROOT / name for name in listed.split("\0")[:-1] if name not in MADE_UP and (ROOT / name).is_file()]
    assert [path for path in files if re.search(elsewhere, ours.sub("", path.read_text("utf8", "replace")))] == []


def test_the_address_is_the_one_that_the_book_is_built_with():
    assert repository.address() == yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"]


@pytest.mark.parametrize("given", [NEW, f"{NEW}/", f"{NEW}.git"])
def test_a_new_address_replaces_the_old_one_everywhere(copy, given):
    old, before = repository.address(copy), contents(copy)
    changed = repository.set_address(given, copy)
    assert set(changed) == {path for path, content in before.items() if old.encode() in content}
    assert len(changed) == 2 + len(list(copy.glob("chapters/*")))
    for path, content in contents(copy).items():
        assert content == before[path].replace(old.encode(), NEW.encode()), path


def test_it_can_be_changed_again(copy):
    repository.set_address(NEW, copy)
    repository.set_address("https://github.com/other/book", copy)
    assert not any(NEW.encode() in content for content in contents(copy).values())


def test_files_that_disagree_about_the_address_agree_afterwards(copy):
    old = repository.address(copy)
    repository.set_address(NEW, copy)
    wanted = contents(copy)
    others = [old, "https://github.com/other/book", "https://github.com/other/book.git", f"{NEW}.1"]
    for number, path in enumerate(wanted):
        path.write_bytes(wanted[path].replace(NEW.encode(), others[number % len(others)].encode()))
    repository.set_address(NEW, copy)
    assert contents(copy) == wanted


def test_the_other_files_follow_an_address_that_was_written_into_the_first_by_hand(copy):
    config = copy / "_config.yml"
    config.write_text(config.read_text("utf8").replace(repository.address(copy), NEW), "utf8")
    assert set(repository.set_address(NEW, copy)) == set(contents(copy)) - {config}


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "mobilenet",
        "git@github.com:somebody/book.git",
        "http://github.com/somebody/book",
        "https://gitlab.com/somebody/book",
        "https://github.com/somebody",
        "https://github.com/somebody/book/tree/main",
        "https://github.com/some_body/book",
        "https://github.com/-some/book",
        "https://github.com/some--body/book",
        "https://github.com/somebody/..",
        'https://github.com/somebody/book"',
        "https://github.com/somebody/book name",
    ],
)
def test_what_is_no_address_on_github_is_refused_and_changes_nothing(copy, bad):
    before = contents(copy)
    with pytest.raises(ValueError, match=r"URL must be https://github.com/OWNER/NAME, not "):
        repository.set_address(bad, copy)
    assert contents(copy) == before


def test_where_one_file_cannot_be_written_none_is(copy, monkeypatch):
    before, write = contents(copy), Path.write_text

    def full(path, *arguments):
        if "05-training.ipynb" in path.name:
            raise OSError("no space left")
        write(path, *arguments)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space"):
        repository.set_address(NEW, copy)
    assert contents(copy) == before


def test_the_command_says_what_is_wrong_in_one_line():
    ended = subprocess.run(
        [sys.executable, ROOT / "scripts" / "repository.py", "somewhere"], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == "Nothing changed: URL must be https://github.com/OWNER/NAME, not 'somewhere'\n"


# The lock.


LOCK = (ROOT / "requirements.txt").read_text("utf8")
# Each package of the lock: the line that pins it, its checksums and, as comments, what asks for it.
LOCKED = re.findall(r"^(\w.*?) \\\n((?:    --hash=.+\n)+)((?:    #.+\n)+)", LOCK, re.MULTILINE)


def locked():
    """The versions of each package in the lock; several where they depend on the Python."""
    found = {}
    for line, _, _ in LOCKED:
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        found.setdefault(requirement.name.lower(), set()).add(pin.version)
    return found


def asked():
    lines = (ROOT / "requirements.in").read_text("utf8").splitlines()
    return [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


@pytest.mark.parametrize("requirement", asked(), ids=str)
def test_the_lock_has_what_is_asked_for(requirement):
    versions = locked().get(requirement.name.lower())
    assert versions, "run `make lock`"
    assert all(requirement.specifier.contains(version) for version in versions), "run `make lock`"


def test_nothing_is_locked_that_nothing_needs():
    direct = {Requirement(line).name for line, _, by in LOCKED if "-r requirements.in" in by}
    assert direct == {requirement.name for requirement in asked()}, "run `make lock`"


def test_every_locked_package_has_checksums_so_that_pip_refuses_another_file():
    assert len(LOCKED) == len(re.findall(r"^\w", LOCK, re.MULTILINE)) > 100
    assert all(re.fullmatch(r"(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", hashes) for _, hashes, _ in LOCKED)


# Another Python's lock would be compiled in vain.


def test_the_lock_is_compiled_for_the_oldest_python_that_the_book_takes():
    oldest = re.search(r'requires-python = ">=(3\.\d+),', (ROOT / "pyproject.toml").read_text("utf8"))[1]
    assert re.findall(r"--python-version (\S+) ", (ROOT / "Makefile").read_text("utf8")) == [oldest]
    floors = (ROOT / "tests" / "elsewhere" / "floors.txt").read_text("utf8")
    assert floors.startswith(f"# python: {oldest}\n")


# The workflows: `make lint` holds them to GitHub's schema; here is what this book wants of them.


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
class TestWorkflow:
    def test_foreign_actions_are_pinned_by_commit_with_their_version_beside(self, path):
        uses = re.findall(r"uses: (.*)", path.read_text("utf8"))
        assert uses
        for action in uses:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*", action), action

    def test_it_may_do_little_and_not_forever_and_not_twice_at_once(self, path):
        workflow = yaml.safe_load(path.read_text("utf8"))
        assert workflow["permissions"] in ({}, {"contents": "read"})
        assert workflow["concurrency"]["group"]
        assert all(job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())

    def test_the_commands_that_it_runs_exist(self, path):
        makefile = (ROOT / "Makefile").read_text("utf8")
        for job in yaml.safe_load(path.read_text("utf8"))["jobs"].values():
            for command in (step["run"] for step in job["steps"] if "run" in step):
                for target in re.findall(r"^make (\w+)", command):
                    assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
                for name in re.findall(r"[\w/]+\.py\b", command):
                    assert (ROOT / name).is_file(), name


def workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf8"))


def commands(job):
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


def test_each_python_that_the_book_takes_builds_it_and_tests_its_pages_and_everything_else():
    takes = SpecifierSet(re.search('requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text("utf8"))[1])
    job = workflow("ci")["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(99) if f"3.{minor}.0" in takes]
    assert [line for line in commands(job) if line.startswith("make ")] == ["make book", "make pages", "make test"]


@pytest.mark.parametrize(("name", "job"), [("ci", "test"), ("publish", "build")])
def test_what_chapters_computed_is_kept_for_the_same_library_packages_and_data(name, job):
    caches = [step["with"] for step in workflow(name)["jobs"][job]["steps"] if "key" in step.get("with", {})]
    (key,) = (cache["key"] for cache in caches if cache["path"] == "_build/.jupyter_cache")
    files = re.findall(r"'(.*?)'", key)
    assert {"mobilenet_lib/**", "requirements.txt"} <= set(files)
    for folder in ("runs", "exports", "models"):
        assert {"data/**", f"data/{folder}/**"} & set(files), folder


@pytest.mark.parametrize(("name", "job"), [("ci", "test"), ("publish", "build")])
def test_what_another_python_would_compute_again_has_a_key_of_its_own_so_that_it_is_kept(name, job):
    steps = workflow(name)["jobs"][job]["steps"]
    (python,) = (step for step in steps if step.get("uses", "").startswith("actions/setup-python@"))
    (cache,) = (step["with"] for step in steps if step.get("with", {}).get("path") == "_build/.jupyter_cache")
    prefix, exact, _ = cache["key"].partition(f"${{{{ steps.{python.get('id')}.outputs.python-version }}}}")
    assert exact and cache["restore-keys"].startswith(prefix)


def test_what_takes_long_runs_every_week():
    weekly = workflow("weekly")
    assert re.fullmatch(r"\d+ \d+ \* \* \d", weekly[True]["schedule"][0]["cron"])
    job = weekly["jobs"]["long"]
    targets = job["strategy"]["matrix"]["target"]
    assert targets == ["floors", "repeat", "fuzz", "cluster"] and commands(job) == ["make ${{ matrix.target }}"]
    makefile = (ROOT / "Makefile").read_text("utf8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_tests_that_only_root_can_run_are_run_as_root_on_one_python():
    (step,) = (step for step in workflow("ci")["jobs"]["test"]["steps"] if "sudo" in step.get("run", ""))
    assert re.fullmatch(r"matrix\.python == '3\.\d+'", step["if"])
    needs_root = re.compile(r"as_(?:root|nobody)\b|geteuid\(\) != 0")
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if path != Path(__file__)]
    needing = [path.relative_to(ROOT).as_posix() for path in files if needs_root.search(path.read_text("utf8"))]
    assert re.findall(r"tests/[\w/]+\.py", step["run"]) == needing


def test_the_packages_in_the_cache_are_those_of_one_python_and_are_not_installed_again():
    steps = workflow("ci")["jobs"]["test"]["steps"]
    (python,) = (step for step in steps if step.get("uses", "").startswith("actions/setup-python@"))
    (number,) = (number for number, step in enumerate(steps) if ".venv" in step.get("with", {}).get("path", ""))
    packages, touched = steps[number : number + 2]
    assert f"${{{{ steps.{python['id']}.outputs.python-version }}}}" in packages["with"]["key"]
    assert touched["if"] == f"steps.{packages['id']}.outputs.cache-hit == 'true'"
    assert touched["run"] == "touch .venv/installed node_modules/.package-lock.json"


def test_the_packages_in_the_cache_are_those_of_one_folder_because_a_renamed_repository_lies_in_another():
    steps = workflow("ci")["jobs"]["test"]["steps"]
    (key,) = (step["with"]["key"] for step in steps if ".venv" in step.get("with", {}).get("path", ""))
    assert "${{ github.workspace }}" in key


def test_only_main_is_published():
    publish = workflow("publish")
    assert publish[True]["push"] == {"branches": ["main"]}  # YAML reads the key `on` as true
    assert publish["jobs"]["build"]["if"] == "github.ref == 'refs/heads/main'"
    assert publish["jobs"]["deploy"]["needs"] == "build"
    writing = {name for name, job in publish["jobs"].items() if "write" in job.get("permissions", {}).values()}
    assert writing == {"deploy"}


def test_an_installed_library_has_all_of_its_packages():
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["setuptools"]["packages"]
    packages = {path.parent.relative_to(ROOT) for path in ROOT.glob("mobilenet_lib/**/__init__.py")}
    assert {".".join(path.parts) for path in packages} == {*said} - {"mobilenet_lib.pictures", "mobilenet_lib.recorded"}


# The drawing of the imports.


def test_the_drawing_and_its_alternative_text_show_the_imports_that_the_code_has():
    files = imports.imports()
    assert imports.DRAWING.read_text("utf8") == imports.drawing(files, imports.meanings())
    assert imports.PAGE.read_text("utf8") == imports.page(files)


def test_the_arrows_that_are_left_out_follow_from_others():
    graph = imports.modules(imports.imports())
    for name in graph:
        assert imports.reachable(imports.reduced(graph), name) == imports.reachable(graph, name)


def test_no_module_and_no_file_of_a_package_imports_what_stands_above_it():
    files = imports.imports()
    for graph in (imports.modules(files), *(imports.inside(files, name) for name in imports.modules(files))):
        rows = imports.levels(graph)
        assert all(rows[other] < rows[name] for name in graph for other in graph[name])


# The hooks.


@pytest.fixture
def hooks():
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf8"))["repos"]
    return {hook["id"]: hook for hook in local["hooks"]}


def test_the_hooks_are_the_tools_of_the_lock(hooks):
    assert set(hooks) == {
        *("ruff", "ruff-format", "pairs", "folds", "outputs", "equal", "ruff-chapters", "ruff-format-chapters")
    }
    for hook in hooks.values():
        tool = Path(hook["entry"].split()[0])
        assert tool.parent == Path(".venv/bin") and hook["language"] == "system"
        assert tool.name in {"python", *locked()}


def test_the_hooks_pair_a_chapter_and_strip_its_outputs(hooks, tmp_path):
    for ending in ("md", "ipynb"):
        shutil.copy(ROOT / "chapters" / f"01-cost-derivation.{ending}", tmp_path / f"a.{ending}")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    text, path = tmp_path / "a.md", tmp_path / "a.ipynb"
    before = nbformat.read(path, 4)
    run = nbformat.read(path, 4)
    for cell in (cell for cell in run.cells if cell.cell_type == "code"):
        cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="said")], 1
    nbformat.write(run, path)
    text.write_text(text.read_text("utf8") + "\nOne more sentence.\n", "utf8")
    for name, file in (("pairs", text), ("outputs", path)):
        tool, *options = hooks[name]["entry"].split()
        subprocess.run([Path(sys.executable).with_name(Path(tool).name), *options, file], check=True, cwd=tmp_path)
    after = nbformat.read(path, 4)
    assert after.cells[-1].source.endswith("One more sentence.")
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert after.cells[:-1] == before.cells[:-1]


CHAPTER = "chapters/01-cost-derivation"


@pytest.fixture
def pair(tmp_path):
    """A chapter in a checkout of its own."""
    tests = (f"tests/{name}.py" for name in ("conftest", "trouble", "test_chapters"))
    scripts = ("scripts/folded.py", "scripts/open_code.py")
    names = ["pyproject.toml", "chapters/ruff.toml", *scripts, *tests]
    for name in (*names, f"{CHAPTER}.md", f"{CHAPTER}.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "mobilenet_lib").symlink_to(ROOT / "mobilenet_lib")  # so that ruff knows whose imports come last
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    return tmp_path


def commit(hooks, folder, *names):
    """The hooks that refuse a commit of `names`, as pre-commit runs them: each that fails or changes a file."""
    refused = []
    for hook in hooks.values():
        endings = {"python": ".py", "jupyter": ".ipynb"}
        types = tuple(endings[kind] for kind in (*hook.get("types", ()), *hook.get("types_or", ()))) or ""
        fitting = [name for name in names if re.search(hook.get("files", ""), name) and name.endswith(types)]
        before = [(folder / f"{CHAPTER}.{ending}").read_bytes() for ending in ("md", "ipynb")]
        if fitting:
            command = [*hook["entry"].split(), *(fitting if hook.get("pass_filenames", True) else ())]
            done = subprocess.run(command, cwd=folder, capture_output=True)
            after = [(folder / f"{CHAPTER}.{ending}").read_bytes() for ending in ("md", "ipynb")]
            if done.returncode or before != after:
                refused.append(hook["id"])
    return refused


def edit(path, old, new):
    text = path.read_text("utf8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf8")


def test_the_hooks_pair_a_chapter_and_the_next_commit_passes(hooks, pair):
    edit(pair / f"{CHAPTER}.md", "## Summary", "One more sentence.\n\n## Summary")
    assert commit(hooks, pair, f"{CHAPTER}.md") == ["pairs"]
    assert "One more sentence." in (pair / f"{CHAPTER}.ipynb").read_text("utf8")
    assert commit(hooks, pair, f"{CHAPTER}.md", f"{CHAPTER}.ipynb") == []


def test_the_hooks_fold_in_the_notebook_what_a_tag_in_the_text_folds_and_open_it_again(hooks, pair):
    def folded():
        return nbformat.read(pair / f"{CHAPTER}.ipynb", 4).cells[place].metadata.get("cellView") == "form"

    cell = "```{code-cell} ipython3\n:tags: [solution]\n"
    place = next(
        place
        for place, cell_ in enumerate(nbformat.read(pair / f"{CHAPTER}.ipynb", 4).cells)
        if "solution" in cell_.metadata.get("tags", ())
    )
    edit(pair / f"{CHAPTER}.md", cell, cell.replace("solution", "open"))
    commit(hooks, pair, f"{CHAPTER}.md")
    assert not folded()
    edit(pair / f"{CHAPTER}.md", cell.replace("solution", "open"), cell)
    commit(hooks, pair, f"{CHAPTER}.md")
    assert folded()


def test_the_hooks_refuse_a_notebook_that_was_edited_without_its_text(hooks, pair):
    edit(pair / f"{CHAPTER}.ipynb", "## Summary", "One more sentence. ## Summary")
    assert commit(hooks, pair, f"{CHAPTER}.ipynb") == ["equal"]


def test_the_hooks_report_code_without_format(hooks, pair):
    edit(pair / f"{CHAPTER}.md", "answer = ...", "answer=...")
    commit(hooks, pair, f"{CHAPTER}.md")
    assert commit(hooks, pair, f"{CHAPTER}.md", f"{CHAPTER}.ipynb") == ["ruff-format-chapters"]


# Other editors.


def test_a_notebook_that_vs_code_saved_comes_back_with_the_edit_and_the_name_of_its_kernel(pair):
    text, path = pair / f"{CHAPTER}.md", pair / f"{CHAPTER}.ipynb"
    before = text.read_text("utf8").splitlines()
    saved = json.loads(path.read_text("utf8"))
    saved["metadata"]["kernelspec"]["display_name"] = ".venv (3.11.9)"
    saved["metadata"]["language_info"] = {"name": "python", "version": "3.11.9", "file_extension": ".py"}
    code = [cell for cell in saved["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, 1):
        cell["execution_count"], cell["metadata"]["vscode"] = count, {"languageId": "python"}
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["said\n"]}]
    code[1]["source"].append("\n# an edit")
    path.write_text(json.dumps(saved, indent=1, ensure_ascii=False), "utf8")

    how = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    command = re.search(r"bring a notebook back with\s`(.*?)`", how)[1].replace("chapters/NN-slug", CHAPTER)
    subprocess.run(command.split(), cwd=pair, check=True, capture_output=True)
    changes = [line for line in difflib.ndiff(before, text.read_text("utf8").splitlines()) if line[0] in "+-"]
    assert changes == ["-   display_name: Python 3 (ipykernel)", "+   display_name: .venv (3.11.9)", "+ # an edit"]


def test_jupyterlab_starts_with_the_library_of_the_checkout_in_the_version_that_is_tested():
    how = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    (version,) = re.findall(r"^\.venv/bin/pip install '(.*)' && \.venv/bin/jupyter lab$", how, re.MULTILINE)
    assert version in (ROOT / "tests" / "elsewhere" / "editors.txt").read_text("utf8").splitlines()


# What the papers at the top say.


def test_each_folder_is_under_one_of_the_two_licenses():
    text = (ROOT / "LICENSE-TEXT.md").read_text("utf8")
    listed = subprocess.check_output(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files"], text=True).splitlines()
    folders = {name.split("/")[0] for name in listed if "/" in name and not name.startswith(".")}
    folders |= {"/".join(name.split("/")[:2]) for name in listed if name.startswith("book/_") and name.count("/") > 1}
    assert [folder for folder in sorted(folders) if f"`{folder}/`" not in text] == []


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "book/intro.md", "book/how-it-is-made.md"]
)
def test_the_targets_that_a_text_names_are_listed_by_make_help(name):
    listed = subprocess.check_output(["make", "-s", "help"], cwd=ROOT, text=True)
    named = set(re.findall(r"`make (\w+)|^make (\w+)", (ROOT / name).read_text("utf8"), re.MULTILINE))
    assert {a or b for a, b in named} <= {*re.findall(r"^  make (\w+)", listed, re.MULTILINE)}

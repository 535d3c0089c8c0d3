"""Chapters in JupyterLab: opened as text or as notebook, edited, saved, and the pair is the same again.

`EDITORS` names an interpreter that has JupyterLab and Jupytext.
"""

import difflib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import jupytext
import nbformat
import pytest
from browsers import OPTIONS, program
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = "chapters/01-cost-derivation"
EDIT = "# an edit"


@pytest.fixture
def checkout(tmp_path):
    """The first chapter and the settings of Jupytext, as in a checkout."""
    folder = tmp_path / "checkout"
    (folder / "chapters").mkdir(parents=True)
    for name in ("pyproject.toml", f"{CHAPTER}.md", f"{CHAPTER}.ipynb"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def lab(checkout, tmp_path):
    """The address of a JupyterLab that shows the checkout."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [
                *(os.environ["EDITORS"], "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--port={port}", f"--ServerApp.root_dir={checkout}", "--IdentityProvider.token="),
            ],
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api")
                break
            except OSError:
                assert server.poll() is None, (tmp_path / "lab.log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=OPTIONS)
        yield browser.new_page()
        browser.close()


def open_as_notebook(page, address, name):
    """A click on a notebook; a right click on a text, and Open With, Jupytext Notebook."""
    if name.endswith(".ipynb"):
        page.goto(f"{address}/lab/tree/{name}")
    else:
        page.goto(f"{address}/lab/tree/{Path(name).parent}")
        file = page.locator(".jp-DirListing-item", has_text=Path(name).name)
        file.click(button="right", timeout=120_000)
        page.locator(".lm-Menu-item", has_text="Open With").hover()
        page.locator(".lm-Menu-item", has_text="Jupytext Notebook").click()
    cell = page.locator(".jp-NotebookPanel .jp-CodeCell .cm-content", has_text="import mobilenet_lib").first
    cell.wait_for(timeout=120_000)
    # A kernel that has started says what language it speaks, and JupyterLab keeps that with the notebook.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(timeout=120_000)
    return cell


def edit_and_save(page, cell, checkout):
    """Add a line to a cell, as a person does."""
    cell.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(f"\n{EDIT}")
    page.keyboard.press("Control+s")
    for _ in range(120):
        if all(EDIT in (checkout / f"{CHAPTER}.{ending}").read_text("utf8") for ending in ("md", "ipynb")):
            return
        page.wait_for_timeout(500)
    raise AssertionError("the edit did not arrive in both files")


def comparable(notebook):
    return [(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in notebook.cells]


@pytest.mark.parametrize("newer", ["md", "ipynb"])
@pytest.mark.parametrize("opened", ["md", "ipynb"])
def test_saving_keeps_the_pair_and_changes_nothing_else(lab, page, checkout, opened, newer):
    text, notebook = checkout / f"{CHAPTER}.md", checkout / f"{CHAPTER}.ipynb"
    os.utime({"md": notebook, "ipynb": text}[newer], (1e9, 1e9))  # `make sync` and git leave either the newer one
    before = text.read_text("utf8").splitlines(), nbformat.read(notebook, 4)
    edit_and_save(page, open_as_notebook(page, lab, f"{CHAPTER}.{opened}"), checkout)
    assert comparable(jupytext.read(text)) == comparable(nbformat.read(notebook, 4))
    changes = [line for line in difflib.ndiff(before[0], text.read_text("utf8").splitlines()) if line[0] in "+-"]
    assert [line[2:].strip() for line in changes] == [EDIT]
    after = nbformat.read(notebook, 4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before[1].cells]
    assert [cell.metadata for cell in after.cells] == [cell.metadata for cell in before[1].cells]
    after.metadata.pop("language_info", None)  # JupyterLab notes what its kernel said
    assert after.metadata == before[1].metadata

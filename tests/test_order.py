"""Chapters run in another order, twice, in one process."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient
from processes import ROOT


def run_chapters(names: list[str], folder: Path) -> None:
    """The cells of several chapters, one after the other, in one kernel that runs in `folder`."""
    notebooks = [jupytext.read(next((ROOT / "chapters").glob(f"{name}-*.md"))) for name in names]
    together = nbformat.v4.new_notebook(metadata=notebooks[0].metadata)
    together.cells = [cell for notebook in notebooks for cell in notebook.cells]
    NotebookClient(together, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()


@pytest.mark.fault("Chapters run in another order, twice, from another folder")
def test_chapters_run_backward_and_twice_in_one_kernel_from_another_folder(tmp_path):
    run_chapters(["02", "01", "02"], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_all_chapters_run_backward_and_twice_in_one_kernel_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DOGS_DIR", "")
    names = sorted((path.name[:2] for path in (ROOT / "chapters").glob("*.md")), reverse=True)
    run_chapters(names * 2, tmp_path)
    assert list(tmp_path.iterdir()) == []

# SPDX-License-Identifier: BSD-3-Clause
"""Executes every notebook of example/ with nbclient: no cell may fail.

    python scripts/run_notebook.py [FOLDER]

The committed notebooks hold no outputs and stay as they are; FOLDER, where given, is
where the notebooks with their outputs are written.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    if any(cell.outputs or cell.execution_count for cell in code_cells(notebook)):
        sys.exit(f"example/{path.name}: to be committed without outputs")
    return notebook


def execute(notebook, name, folder):
    """Runs the cells from `folder`; there must be a picture among the outputs."""
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, resources=where).execute()
    cells = code_cells(notebook)
    outputs = [output for cell in cells for output in cell.outputs]
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    if not pictures:
        sys.exit(f"example/{name}: executed without a picture")
    where = f"example/{name} in {folder.name}/"
    print(f"{where}: {len(cells)} cells, {pictures} pictures", flush=True)


def main():
    paths = sorted((ROOT / "example").glob("*.ipynb"))
    if not paths:
        sys.exit("example/: no notebook")
    for path in paths:
        notebook = read(path)
        # From the two folders where a reader may have started Jupyter.
        for folder in (ROOT / "example", ROOT):
            execute(notebook, path.name, folder)
        if len(sys.argv) > 1:
            nbformat.write(notebook, Path(sys.argv[1]) / path.name)


if __name__ == "__main__":
    main()

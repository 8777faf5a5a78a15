# SPDX-License-Identifier: BSD-3-Clause
"""Executes example/edges.ipynb with nbclient: no cell may fail.

    python scripts/run_notebook.py [EXECUTED]

The committed notebook holds no outputs and stays as it is; EXECUTED, where given,
is where the notebook with its outputs is written.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


def main():
    notebook = nbformat.read(ROOT / "example" / "edges.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs or cell.execution_count for cell in code):
        sys.exit("example/edges.ipynb: to be committed without outputs")

    # From the two folders where a reader may have started Jupyter.
    for folder in (ROOT / "example", ROOT):
        where = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=300, resources=where).execute()
        pictures = sum(
            "image/png" in output.get("data", {})
            for cell in code
            for output in cell.outputs
        )
        if not pictures:
            sys.exit("example/edges.ipynb: executed without a picture")
        print(f"example/edges.ipynb in {folder.name}/: {len(code)} cells, ", end="")
        print(f"{pictures} pictures")
    if len(sys.argv) > 1:
        nbformat.write(notebook, sys.argv[1])


if __name__ == "__main__":
    main()

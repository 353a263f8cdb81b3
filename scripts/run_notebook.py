"""Executes a notebook on its kernel and writes the executed notebook and its HTML.

    python run_notebook.py NOTEBOOK EXECUTED.ipynb EXECUTED.html

Says what happens as JSON lines on stdout: start, progress, image, done, error, each with the cell's index, and page when the
cells are done. The newest image of each cell is cell-NN.png beside EXECUTED as soon as it is shown. What was executed is
written also when a cell fails; the exit code is then 1.
"""

import base64
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Client(NotebookClient):
    """Reports the messages of the running cell."""

    folder = "."

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        data = content.get("data", {})
        text = content.get("text") or data.get("text/plain")
        if msg["msg_type"] in ("stream", "display_data", "update_display_data") and text:
            say("progress", cell=cell_index, text=text)
        if "image/png" in data:
            file = Path(self.folder) / f"cell-{cell_index + 1:02}.png"
            file.write_bytes(base64.b64decode(data["image/png"]))
            say("image", cell=cell_index, tags=cell.metadata.get("tags", []), file=str(file))
        return super().process_message(msg, cell, cell_index)


def main(source, executed, html):
    notebook = nbformat.read(source, as_version=4)
    count = len(notebook.cells)

    def started(cell, cell_index):
        if cell.cell_type == "code" and cell.source.strip():
            say("start", cell=cell_index, of=count, source=cell.source)

    def ended(cell, cell_index, execute_reply):
        content = execute_reply["content"]
        meant = "raises-exception" in cell.metadata.get("tags", [])
        if content["status"] == "error" and not meant:
            say("error", cell=cell_index, ename=content["ename"], evalue=content["evalue"], traceback=content["traceback"])
        else:
            say("done", cell=cell_index)

    client = Client(
        notebook,
        timeout=None,
        # without it pages show the widgets' own HTML, which needs neither scripts from the network nor a kernel
        store_widget_state=False,
        resources={"metadata": {"path": str(Path(source).resolve().parent)}},
        on_cell_start=started,
        on_cell_executed=ended,
    )
    client.folder = Path(executed).resolve().parent
    code = 0
    try:
        client.execute()
    except CellExecutionError:
        code = 1
    except DeadKernelError as error:
        say("error", cell=-1, ename="DeadKernelError", evalue=str(error), traceback=[])
        code = 1
    say("page")
    nbformat.write(notebook, executed)
    body, _ = HTMLExporter().from_notebook_node(notebook)
    Path(html).write_text(body, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))

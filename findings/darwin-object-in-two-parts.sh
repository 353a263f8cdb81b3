#!/usr/bin/env bash
# darwin-py 3.6.3 (V7's own library; `darwin dataset convert ... coco` is its exporter), pycocotools 2.0.11
#
# An object that something in front cuts in two, annotated in V7 as one polygon of two paths. Expected: a COCO instance with iscrowd 0,
# two polygons and the area of both. What happens: with one path it is so; with two the exporter writes run lengths, `iscrowd: 1` and
# `area: 0`. Trainers that follow COCO leave the object out, evaluation ignores it, and whoever resets iscrowd finds it among the small
# objects. The box gets a pixel more in each direction. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check darwin-py==3.6.3 pycocotools==2.0.11
cat > parts.py <<'PYTHON'
import importlib.metadata
import json
import pathlib

from darwin.exporter.formats import coco as exporter
from darwin.utils import parse_darwin_json
from pycocotools.coco import COCO


def corners(x, y, width, height):
    return [{"x": a, "y": b} for a, b in ((x, y), (x + width, y), (x + width, y + height), (x, y + height))]


def dog(number, paths):
    return {"id": str(number), "name": "dog", "polygon": {"paths": paths}, "slot_names": ["0"], "properties": []}


image = {"type": "image", "slot_name": "0", "width": 200, "height": 100, "source_files": [{"file_name": "a.jpg", "url": ""}]}
whole, parts = [corners(10, 20, 40, 30)], [corners(60, 20, 20, 30), corners(100, 20, 40, 30)]
document = {
    "version": "2.0",
    "item": {"name": "a.jpg", "path": "/", "slots": [image]},
    "annotations": [dog(1, whole), dog(2, parts)],
}
file = pathlib.Path("a.json")
file.write_text(json.dumps(document))
exporter.export([parse_darwin_json(file, 0)], pathlib.Path("."))
coco = COCO("output.json")
one, two = coco.loadAnns(coco.getAnnIds())
print("darwin-py", importlib.metadata.version("darwin-py"))
for name, entry in (("one path", one), ("two paths", two)):
    print(f"{name}: iscrowd {entry['iscrowd']}, area {entry['area']}, box {entry['bbox']}")
print("objects to train on:", coco.getAnnIds(iscrowd=False))
assert (one["iscrowd"], one["area"], one["bbox"]) == (0, 1200, [10, 20, 40, 30])
assert (two["iscrowd"], two["area"], two["bbox"]) == (1, 0, [60, 20, 81, 31])
PYTHON
venv/bin/python parts.py

#!/usr/bin/env bash
# pylabel 0.1.55 with pandas 2.3.3, pycocotools 2.0.11
#
# A COCO file of three images, one of them without objects, as sets with pure background have. Expected: importing it and exporting it
# as COCO gives the same three annotations. What happens: the image without objects is a row of its own between the annotations, and
# the exporter writes the annotation before that row a second time, with the same id. No warning; pycocotools then counts two objects
# where there is one. The ids count from 0, with which pycocotools marks what has no match, so that the first object is always missed:
# a detector that finds every object exactly has an average recall of 0.667.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pylabel==0.1.55 pandas==2.3.3 pycocotools==2.0.11
cat > twice.py <<'PYTHON'
import contextlib
import importlib.metadata
import json
import warnings

warnings.simplefilter("ignore")
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pylabel import importer


def box(number, image, category, left):
    shape = {"bbox": [left, 10, 20, 20], "area": 400, "iscrowd": 0, "segmentation": []}
    return {"id": number, "image_id": image, "category_id": category, **shape}


given = {
    "images": [{"id": i, "file_name": f"{i}.jpg", "width": 200, "height": 100} for i in (1, 2, 3)],
    "annotations": [box(1, 1, 1, 10), box(2, 1, 2, 50), box(3, 2, 1, 10)],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}
with open("given.json", "w") as file:
    json.dump(given, file)
importer.ImportCoco("given.json").export.ExportToCoco("exported.json")

print("pylabel", importlib.metadata.version("pylabel"))
found = [{**{k: a[k] for k in ("image_id", "category_id", "bbox")}, "score": 0.9} for a in given["annotations"]]
ids, recalls = {}, {}
for name in ("given.json", "exported.json"):
    truth = COCO(name)
    ids[name] = [a["id"] for a in truth.dataset["annotations"]]
    evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    with contextlib.redirect_stdout(None):
        evaluation.summarize()
    recalls[name] = float(evaluation.stats[8])
for name in ids:
    print(f"{name}: annotations {ids[name]}, average recall of exact boxes {recalls[name]:.3f}")
assert ids == {"given.json": [1, 2, 3], "exported.json": [0, 1, 2, 2]}
assert recalls["given.json"] == 1 and round(recalls["exported.json"], 3) == 0.667
PYTHON
venv/bin/python twice.py 2>/dev/null

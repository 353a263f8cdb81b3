#!/usr/bin/env bash
# pycocotools 2.0.11
#
# The same masks evaluated as 'segm' from a results file whose entries have `bbox` besides `segmentation` (as Detectron2, Ultralytics
# and others write them) and from one whose entries have `segmentation` alone. Expected: the same numbers, since 'segm' compares
# masks; and the area of a detection, which says whether it counts as small, medium or large, is that of its mask. What happens:
# with a box `loadRes` takes width x height of the box for the area and does not look at the mask, so that APs, APm and APl of
# 'segm' differ. A thin diagonal object of 600 pixels counts as large. MMDetection removes the boxes before it evaluates masks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycocotools==2.0.11
cat > areas.py <<'PYTHON'
import contextlib
import importlib.metadata
import io

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def encoded(pixels):
    found = rle.encode(np.asfortranarray(pixels.astype(np.uint8)))
    return {"size": found["size"], "counts": found["counts"].decode()}


# a diagonal line of 200 steps, three pixels thick: few pixels in a large box; and beside it one that is found nowhere
steps = np.arange(200)
line = np.zeros((480, 640), bool)
for shift in range(3):
    line[100 + steps, 100 + steps + shift] = True
false = np.zeros((480, 640), bool)
for shift in range(3):
    false[100 + steps, 400 - steps + shift] = True
segmentation = encoded(line)
truth = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": int(line.sum()), "bbox": [100, 100, 202, 200]}
coco = COCO()
coco.dataset = {
    "images": [{"id": 1, "height": 480, "width": 640}],
    "categories": [{"id": 1, "name": "wire"}],
    "annotations": [{**truth, "segmentation": segmentation}],
}
with contextlib.redirect_stdout(io.StringIO()):
    coco.createIndex()
masks = [
    {"image_id": 1, "category_id": 1, "score": 0.9, "segmentation": encoded(false)},
    {"image_id": 1, "category_id": 1, "score": 0.8, "segmentation": segmentation},
]
boxes = [[201, 100, 202, 200], [100, 100, 202, 200]]
print("pycocotools", importlib.metadata.version("pycocotools"), "- pixels of the object:", int(line.sum()))
numbers = {}
for name, entries in {
    "masks": masks,
    "masks and boxes": [{**entry, "bbox": box} for entry, box in zip(masks, boxes)],
}.items():
    with contextlib.redirect_stdout(io.StringIO()):
        results = coco.loadRes([dict(entry) for entry in entries])
        evaluation = COCOeval(coco, results, "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    areas = [int(a["area"]) for a in results.dataset["annotations"]]
    numbers[name] = [round(float(v), 3) for v in evaluation.stats[[0, 3, 4, 5]]]
    print(f"{name}: areas {areas}, AP, APs, APm, APl of segm {numbers[name]}")
differ = numbers["masks"] != numbers["masks and boxes"]
print("APs of the same masks differs" if differ else "the same")
raise SystemExit(0 if differ and numbers["masks"][0] == numbers["masks and boxes"][0] else 1)
PYTHON
venv/bin/python areas.py

#!/bin/sh
# tidecv 1.0.1, AP and dAP when a class is detected that the ground truth of these images does not have.
# Expected: the AP50 of pycocotools, whose rules tidecv's AP follows otherwise: a class without objects is left out of the mean.
# Happens: such a class counts as AP 0 in the mean, so one stray detection halves the AP of a data set of one class; and its
# removal, as a background error, is credited with half an AP (dAP 50) that COCO's AP does not lose.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tidecv==1.0.1 numpy==2.2.6 pycocotools==2.0.11
cat > check.py <<'PY'
import contextlib
import io
import json
from importlib.metadata import version

import tidecv
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

box = [10, 10, 40, 40]
truth = {
    "images": [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 100}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": box, "area": 1600, "iscrowd": 0,
         "segmentation": [[10, 10, 50, 10, 50, 50, 10, 50]]},
    ],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}
found = [
    {"image_id": 1, "category_id": 1, "bbox": box, "score": 0.9},
    {"image_id": 1, "category_id": 2, "bbox": [70, 70, 20, 20], "score": 0.1},
]
for name, content in (("gt.json", truth), ("dt.json", found)):
    with open(name, "w") as file:
        json.dump(content, file)
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO("gt.json")
    evaluation = COCOeval(coco, coco.loadRes("dt.json"), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    tide = tidecv.TIDE()
    run = tide.evaluate(tidecv.datasets.COCO("gt.json"), tidecv.datasets.COCOResult("dt.json"), name="run")
    costs = tide.get_main_errors()["run"]
ap50 = 100 * evaluation.stats[1]
print(f"pycocotools {version('pycocotools')}: AP50 {ap50:.2f}")
print(f"tidecv {version('tidecv')}: AP50 {run.ap:.2f}, dAP {costs}")
if not (round(ap50, 2) == 100 and round(run.ap, 2) == 50 and round(costs["Bkg"], 2) == 50):
    raise SystemExit("the behaviour is not as stated")
PY
venv/bin/python check.py

#!/usr/bin/env bash
# datumaro 1.10.0 (also the exporter of CVAT's COCO format), pycocotools 2.0.11
#
# One object annotated by a pixel mask, with no attribute that says crowd. Expected: an instance with iscrowd 0; COCO allows
# run lengths for those. What happens: the COCO exporter writes `iscrowd: 1` for a mask unless its attribute `is_crowd` is
# False, so that every trainer that follows COCO ignores the object: no target, no truth in evaluation. A dataset annotated
# with a brush trains on nothing, and its AP is -1, without a warning. With `is_crowd: False` it becomes a polygon through the
# centres of the border pixels: a square of 100 x 100 pixels has area 9801, 99 x 99.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check datumaro==1.10.0 pycocotools==2.0.11
cat > masks.py <<'PYTHON'
import importlib.metadata

import datumaro
import numpy as np
from datumaro.components.annotation import Mask, Polygon
from pycocotools.coco import COCO

pixels = np.zeros((480, 640), bool)
pixels[100:200, 100:200] = True
annotations = {
    "mask": Mask(pixels, label=0, id=1, group=1),
    "mask, is_crowd: False": Mask(pixels, label=0, id=1, group=1, attributes={"is_crowd": False}),
    "polygon": Polygon([100, 100, 200, 100, 200, 200, 100, 200], label=0, id=1, group=1),
}
print("datumaro", importlib.metadata.version("datumaro"))
crowds, areas = {}, {}
for number, (name, annotation) in enumerate(annotations.items()):
    image = datumaro.Image.from_numpy(np.zeros((480, 640, 3), np.uint8))
    item = datumaro.DatasetItem(id="a", subset="train", media=image, annotations=[annotation])
    datumaro.Dataset.from_iterable([item], categories=["cell"]).export(f"out{number}", "coco_instances")
    coco = COCO(f"out{number}/annotations/instances_train.json")
    objects = coco.getAnnIds(iscrowd=False)
    (exported,) = coco.loadAnns(coco.getAnnIds())
    crowds[name], areas[name] = exported["iscrowd"], exported["area"]
    print(f"{name}: iscrowd {exported['iscrowd']}, area {exported['area']}, objects to train on: {objects}")
assert crowds == {"mask": 1, "mask, is_crowd: False": 0, "polygon": 0}, "not as stated"
assert areas["mask, is_crowd: False"] == 9801 and areas["mask"] == 10000, "not as stated"
PYTHON
venv/bin/python masks.py

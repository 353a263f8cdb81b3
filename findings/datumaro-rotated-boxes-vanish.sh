#!/usr/bin/env bash
# datumaro 1.10.0
#
# One upright box and one turned box (its RotatedBbox) in an image. Expected: an
# exporter of a format without angles writes the polygon or the upright box around it, or says that it leaves the object out; CVAT's
# format, which has a `rotation`, keeps it. What happens: COCO, VOC, YOLO, Open Images, KITTI, LabelMe and CVAT files hold the upright
# box alone, without a warning; the library's own format raises NotImplementedError without a text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check datumaro==1.10.0
cat > boxes.py <<'PYTHON'
import importlib.metadata
import logging

import datumaro
import numpy as np
from datumaro.components.annotation import Bbox, RotatedBbox

messages = []
handler = logging.Handler()
handler.emit = lambda record: messages.append(record.getMessage())
logging.getLogger().addHandler(handler)

print("datumaro", importlib.metadata.version("datumaro"))
boxes = [Bbox(10, 10, 20, 30, label=0), RotatedBbox(100, 50, 60, 20, 30, label=0)]
image = datumaro.Image.from_numpy(np.zeros((100, 200, 3), np.uint8))
item = datumaro.DatasetItem(id="a", subset="train", media=image, annotations=boxes)
ships = datumaro.Dataset.from_iterable([item], categories=["ship"])
FORMATS = {
    "coco_instances": "coco", "voc_detection": "voc", "yolo": "yolo", "open_images": "open_images",
    "kitti_detection": "kitti_detection", "label_me": "label_me", "cvat": "cvat",
}
for written, read in FORMATS.items():
    messages.clear()
    ships.export(written, written, save_media=True)
    said = list(messages)
    back = [annotation.type.name for item in datumaro.Dataset.import_from(written, read) for annotation in item.annotations]
    print(f"{written}: {back}, warnings {said}")
    assert (back, said) == (["bbox"], [])
try:
    ships.export("own", "datumaro")
    raise SystemExit("datumaro: written")
except NotImplementedError as error:
    print(f"datumaro: NotImplementedError {str(error)!r}")
PYTHON
venv/bin/python boxes.py

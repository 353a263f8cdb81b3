#!/usr/bin/env bash
# label-studio-sdk 2.0.6 (its converter writes Label Studio's COCO, VOC and YOLO exports)
#
# A rectangle turned by 30 degrees in an image that is not square. Expected: `bbox` of the COCO export is the upright box
# around the turned rectangle, as the annotator sees it. What happens: the converter turns the rectangle in percent of the
# image, where a unit of x is not as long as one of y: in a 500 x 375 image the exported box is 10 pixels too wide to the
# left and 12 pixels too low (IoU with the right one 0.82), in a square image it is right. No warning; the export keeps no
# angle, so nobody who reads it can tell.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check label-studio-sdk==2.0.6
cat > rotated.py <<'PYTHON'
import importlib.metadata
import json
import math
import os

from label_studio_sdk.converter import Converter

CONFIG = (
    '<View><Image name="image" value="$image"/>'
    '<RectangleLabels name="label" toName="image"><Label value="cell"/></RectangleLabels></View>'
)
VALUE = {"x": 58.34, "y": 50.405, "width": 20, "height": 16, "rotation": 30, "rectanglelabels": ["cell"]}


def exported(width, height):
    result = {
        "id": "r", "type": "rectanglelabels", "from_name": "label", "to_name": "image",
        "original_width": width, "original_height": height, "image_rotation": 0, "value": VALUE,
    }
    annotations = [{"id": 1, "result": [result], "was_cancelled": False}]
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": annotations, "predictions": []}
    with open("tasks.json", "w") as file:
        json.dump([task], file)
    os.makedirs("out", exist_ok=True)
    converter = Converter(config=CONFIG, project_dir=".", upload_dir=".", download_resources=False)
    converter.convert_to_coco("tasks.json", "out", output_image_dir="out/images", is_dir=False)
    with open("out/result.json") as file:
        return json.load(file)["annotations"][0]["bbox"]


def drawn(width, height):
    """The box around the rectangle in pixels: turned about its top left corner, as Label Studio draws it."""
    x, y = VALUE["x"] / 100 * width, VALUE["y"] / 100 * height
    w, h = VALUE["width"] / 100 * width, VALUE["height"] / 100 * height
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    xs = [x, x + w * cos, x - h * sin, x + w * cos - h * sin]
    ys = [y, y + w * sin, y + h * cos, y + w * sin + h * cos]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def error(width, height):
    a, b = exported(width, height), drawn(width, height)
    show = lambda box: [round(v, 1) for v in box]
    print(f"{width} x {height}: exported bbox {show(a)}, the rectangle's {show(b)}")
    return max(abs(p - q) for p, q in zip(a, b))


print("label-studio-sdk", importlib.metadata.version("label-studio-sdk"))
square, oblong = error(500, 500), error(500, 375)
print(f"largest error: {square:.1f} pixels in the square image, {oblong:.1f} in the oblong one")
assert square < 0.1 and oblong > 9, "not as stated"
PYTHON
venv/bin/python rotated.py

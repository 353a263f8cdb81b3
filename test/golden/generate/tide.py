# Writes test/golden/tide.json: what tidecv makes of COCO files, kinds of error with their counts and costs in AP, false positives
# and negatives, at several thresholds, of boxes and masks. Cases: the two golden COCO files (with crowds), and a small one with
# tied scores, crowds, a class without objects and one without detections.
# Needs tidecv 1.0.1, numpy 2.2.6, pycocotools 2.0.11.
# Run: python test/golden/generate/tide.py
import json
import math
import pathlib
import random
import tempfile

import tidecv
from pycocotools import mask as coco_mask
from tidecv.errors.qualifiers import AREA

golden = pathlib.Path(__file__).parents[1]
random.seed(5)


def octagon(box):
    x, y, w, h = box
    return [
        round(v, 2)
        for k in range(8)
        for v in (
            x + w / 2 + 0.4 * w * math.cos(k * math.pi / 4),
            y + h / 2 + 0.4 * h * math.sin(k * math.pi / 4),
        )
    ]


def ties():
    """Scores of one decimal; classes 4 and 6 have no objects, class 5 no detections; crowds of two classes; an empty image."""
    truths, found, images = [], [], []
    for i in (3, 1, 2, 9, 7):
        images.append({"id": i, "file_name": f"{i}.jpg", "width": 200, "height": 160})
        for _ in range(0 if i == 9 else random.randint(2, 7)):
            box = [random.randint(0, 120), random.randint(0, 90), random.randint(16, 80), random.randint(16, 70)]
            crowd = int(random.random() < 0.15)
            category = random.choice([1, 2, 3, 3, 5])
            truths.append(
                {
                    "id": len(truths) + 1,
                    "image_id": i,
                    "category_id": category,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": crowd,
                    "segmentation": [octagon(box)]
                    if not crowd
                    else coco_mask.frPyObjects([octagon(box)], 160, 200)[0],
                }
            )
            if crowd:
                rle = truths[-1]["segmentation"]
                truths[-1]["segmentation"] = {"size": rle["size"], "counts": rle["counts"].decode()}
            for _ in range(random.randint(0, 3)):
                spread = random.choice([2, 10, 25])
                moved = [v + random.randint(-spread, spread) for v in box]
                moved[2:] = [max(4, v) for v in moved[2:]]
                label = category if random.random() < 0.6 else random.choice([1, 2, 3, 4])
                found.append(
                    {
                        "image_id": i,
                        "category_id": 1 if label == 5 else label,
                        "bbox": moved,
                        "score": random.randint(1, 9) / 10,
                    }
                )
        for category in (4, 6):
            found.append({"image_id": i, "category_id": category, "bbox": [178, 140, 20, 20], "score": 0.5})
    categories = [{"id": c, "name": name} for c, name in enumerate("abcdef", 1)]
    return {"images": images, "annotations": truths, "categories": categories}, found


def measure(gt, dt, mode):
    sizes = {image["id"]: image for image in gt["images"]}
    for annotation in gt["annotations"]:
        annotation.setdefault("segmentation", [octagon(annotation["bbox"])])
    if mode == "mask":
        for d in dt:
            image = sizes[d["image_id"]]
            rle = coco_mask.frPyObjects([octagon(d["bbox"])], image["height"], image["width"])[0]
            d["segmentation"] = {"size": rle["size"], "counts": rle["counts"].decode()}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("gt", gt), ("dt", dt)):
            (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(content))
        truths = tidecv.datasets.COCO(f"{folder}/gt.json")
        found = tidecv.datasets.COCOResult(f"{folder}/dt.json")
    out = {}
    for threshold in (0.5, 0.55, 0.75, 0.9):
        tide = tidecv.TIDE(pos_threshold=threshold, background_threshold=0.1, mode=mode)
        run = tide.evaluate(truths, found, name="run")
        errors = tide.get_all_errors()
        small = run.fix_main_errors(qual=AREA[0])
        out[str(threshold)] = {
            "ap": run.ap,
            "counts": {kind.short_name: count for kind, count in run.count_errors().items()},
            "main": errors["main"]["run"],
            "special": errors["special"]["run"],
            "small": {kind.short_name: value for kind, value in small.items()},
        }
    return out


def read(name):
    return json.loads((golden / name).read_text())


gt, dt = ties()
worked = {
    "images": [{"id": 1, "file_name": "1.jpg", "width": 240, "height": 240}],
    "annotations": [
        {"id": i + 1, "image_id": 1, "category_id": c, "bbox": [x, y, 40, 40], "area": 1600, "iscrowd": 0}
        for i, (c, x, y) in enumerate([(1, 10, 10), (1, 100, 10), (2, 10, 100), (2, 100, 100)])
    ],
    "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
}
detected = [
    {"image_id": 1, "category_id": c, "bbox": [x, y, s, s], "score": score}
    for c, x, y, s, score in [
        (1, 10, 10, 40, 0.9),
        (1, 12, 10, 40, 0.8),
        (2, 100, 10, 40, 0.7),
        (2, 22, 110, 40, 0.6),
        (1, 200, 200, 20, 0.5),
        (2, 100, 100, 40, 0.4),
        (1, 100, 10, 40, 0.2),
    ]
]
result = {
    "versions": {"tidecv": "1.0.1"},
    "files": {"ties": {"gt": gt, "dt": dt}, "worked": {"gt": worked, "dt": detected}},
    "cases": {},
}
plain = json.loads(json.dumps(result["files"]))
for size in ("tiny", "small"):
    plain[size] = {"gt": read(f"coco_gt_{size}.json"), "dt": read(f"coco_dt_{size}.json")}
for name, files in plain.items():
    for mode in ("bbox", "mask"):
        given = json.loads(json.dumps(files))
        result["cases"][f"{name}/{mode}"] = measure(given["gt"], given["dt"], mode)
text = json.dumps(result, separators=(",", ":"))
(golden / "tide.json").write_text(f"{text}\n")
print(len(text), {name: case["0.5"]["main"] for name, case in result["cases"].items()})

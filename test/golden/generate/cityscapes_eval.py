# Writes test/golden/cityscapes_eval.json: cityscapesScripts' evaluation of instances on small made images, with its cases at the
# edge: equal scores, duplicates, empty masks, groups, void, small instances, classes without truths or without detections.
# Needs cityscapesScripts 2.2.4, numpy below 2.3, pillow.
# Run: python test/golden/generate/cityscapes_eval.py
import base64
import io
import json
import math
import pathlib
import tempfile

import numpy as np
from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as cs
from PIL import Image

HEIGHT, WIDTH = 64, 96
PERSON, RIDER, CAR, TRUCK, BUS, CARAVAN, TRAIN, BICYCLE = 24, 25, 26, 27, 28, 29, 31, 33
ROAD, VOID, DYNAMIC = 7, 0, 5


def rect(x, y, w, h):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def ellipse(x, y, w, h):
    yy, xx = np.mgrid[:HEIGHT, :WIDTH]
    return ((xx - x) / w) ** 2 + ((yy - y) / h) ** 2 <= 1


def scene(rng):
    gt = np.full((HEIGHT, WIDTH), ROAD, np.uint16)
    gt[rect(0, 0, WIDTH, 4)] = VOID
    detections = []
    for n in range(rng.integers(3, 8)):
        label = int(rng.choice([PERSON, CAR, CAR, TRUCK, BICYCLE, CARAVAN]))
        x, y, w, h = rng.uniform([10, 10, 5, 5], [86, 54, 20, 16])
        gt[ellipse(x, y, w, h)] = label if rng.random() < 0.15 else 1000 * label + n
        for _ in range(rng.integers(0, 3)):
            dx, dy = rng.normal(0, 2, 2)
            scale = rng.uniform(0.75, 1.25, 2)
            other = label if rng.random() < 0.85 else int(rng.choice([PERSON, CAR]))
            detections.append((other, round(float(rng.random()), 1), ellipse(x + dx, y + dy, w * scale[0], h * scale[1])))
    for _ in range(rng.integers(0, 3)):
        x, y, w, h = rng.uniform([5, 5, 4, 4], [90, 60, 15, 15])
        detections.append((int(rng.choice([PERSON, CAR, TRUCK, TRAIN])), round(float(rng.random()), 2), ellipse(x, y, w, h)))
    return gt, detections


def ground(*parts):
    gt = np.full((HEIGHT, WIDTH), ROAD, np.uint16)
    for value, mask in parts:
        gt[mask] = value
    return gt


CAR0 = rect(10, 10, 20, 20)
EDGES = {
    "half": [(ground((26000, CAR0)), [(CAR, 0.9, rect(10, 10, 20, 10))])],  # an IoU of exactly 0.5 is none
    "ties": [
        (
            ground((26000, CAR0), (26001, rect(50, 10, 20, 20))),
            [(CAR, 0.5, CAR0), (CAR, 0.5, rect(50, 10, 20, 18)), (CAR, 0.5, rect(70, 40, 20, 20)), (CAR, 0.5, CAR0)],
        )
    ],
    "duplicates": [
        (
            ground((26000, CAR0)),
            [(CAR, 0.3, CAR0), (CAR, 0.9, rect(10, 10, 20, 17)), (CAR, 0.6, rect(10, 10, 20, 19)), (CAR, 0.9, CAR0)],
        )
    ],
    "empty mask": [(ground((26000, CAR0)), [(CAR, 0.9, rect(0, 0, 0, 0))])],
    "no detections": [(ground((26000, CAR0)), [])],
    "no truths": [(ground(), [(CAR, 0.9, CAR0)])],
    "nothing": [(ground(), [])],
    "group": [
        (
            ground((26000, CAR0), (26, rect(50, 10, 30, 30))),
            [(CAR, 0.9, rect(52, 12, 20, 20)), (CAR, 0.5, CAR0), (PERSON, 0.8, rect(52, 12, 20, 20))],
        )
    ],
    "group alone": [(ground((26, rect(50, 10, 30, 30))), [(CAR, 0.9, rect(50, 10, 30, 30))])],
    "void": [
        (
            ground((26000, CAR0), (DYNAMIC, rect(50, 10, 30, 30))),
            [(CAR, 0.9, rect(40, 10, 20, 20)), (CAR, 0.8, rect(46, 10, 20, 20)), (CAR, 0.4, CAR0)],
        )
    ],
    "caravans are void where they are groups": [
        (
            ground((26000, CAR0), (CARAVAN, rect(40, 0, 25, 25)), (29001, rect(70, 0, 25, 25))),
            [(CAR, 0.9, rect(40, 0, 20, 20)), (CAR, 0.8, rect(70, 0, 20, 20)), (CAR, 0.4, CAR0)],
        )
    ],
    "small": [
        (
            ground((26000, CAR0), (26001, rect(60, 40, 9, 9)), (26, rect(80, 40, 5, 5))),
            [(CAR, 0.9, rect(60, 40, 9, 9)), (CAR, 0.8, rect(58, 38, 12, 12)), (CAR, 0.85, rect(80, 40, 5, 7)), (CAR, 0.4, CAR0)],
        )
    ],
    "a label that is not evaluated": [(ground((26000, CAR0)), [(ROAD, 0.9, CAR0), (CAR, 0.7, CAR0), (CARAVAN, 0.95, CAR0)])],
    "scores of 0 and below": [(ground((26000, CAR0)), [(CAR, 0.0, CAR0), (CAR, -1.0, rect(60, 10, 20, 20))])],
    "several images": [
        (ground((26000, CAR0)), [(CAR, 0.9, CAR0), (BUS, 0.7, CAR0)]),
        (ground((28000, CAR0), (24000, rect(50, 10, 20, 20))), [(BUS, 0.7, CAR0), (CAR, 0.95, CAR0)]),
        (ground(), []),
    ],
}


def counts_of(mask):
    flat = mask.T.reshape(-1).astype(np.int8)
    ends = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], ends, [flat.size]])).tolist()
    return runs if flat[0] == 0 else [0, *runs]


def number(value):
    return None if math.isnan(value) else float(value)


def plain(value):
    """Of matches: without file names and distances."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in ("imgName", "medDist", "distConf")}
    return [plain(v) for v in value] if isinstance(value, list) else value


def evaluate(images, keep_matches):
    folder = pathlib.Path(tempfile.mkdtemp())
    predictions, truths, stored = [], [], []
    for i, (gt, detections) in enumerate(images):
        file = io.BytesIO()
        Image.fromarray(gt).save(file, "PNG")
        truth = folder / f"a_{i:06}_000000_gtFine_instanceIds.png"
        truth.write_bytes(file.getvalue())
        lines = []
        for k, (label, score, mask) in enumerate(detections):
            Image.fromarray(mask.astype(np.uint8)).save(folder / f"{i}_{k}.png")
            lines.append(f"{i}_{k}.png {label} {score}\n")
        prediction = folder / f"{i}_pred.txt"
        prediction.write_text("".join(lines))
        predictions.append(str(prediction))
        truths.append(str(truth))
        stored.append(
            {
                "png": base64.b64encode(file.getvalue()).decode(),
                "detections": [{"label": l, "score": s, "counts": counts_of(m)} for l, s, m in detections],
            }
        )
    args = cs.args
    args.predictionPath, args.quiet, args.JSONOutput = str(folder), True, False
    args.gtInstancesFile = str(folder / "gtInstances.json")
    cs.setInstanceLabels(args)
    matches = cs.matchGtWithPreds(predictions, truths, cs.getGtInstances(truths, args), args)
    try:
        ap = cs.evaluateMatches(matches, args)
    except IndexError as error:  # every detection of a class is ignored and no truth is found
        return {"images": stored, "error": str(error)}
    averages = cs.computeAverages(ap, args)
    return {
        "images": stored,
        "ap": [[number(v) for v in row] for row in ap[0]],
        "allAp": number(averages["allAp"]),
        "allAp50": number(averages["allAp50%"]),
        **({"matches": [plain(matches[t]) for t in truths]} if keep_matches else {}),
    }


rng = np.random.default_rng(7)
cases = {f"scenes {k}": evaluate([scene(rng) for _ in range(6)], k == 0) for k in range(3)}
cases |= {name: evaluate(images, False) for name, images in EDGES.items()}
cases["all ignored"] = evaluate(
    [(ground((26000, CAR0), (VOID, rect(50, 10, 30, 30))), [(CAR, 0.9, rect(52, 12, 20, 20))])], False
)
out = pathlib.Path(__file__).parents[1] / "cityscapes_eval.json"
out.write_text(json.dumps({"height": HEIGHT, "width": WIDTH, "thresholds": cs.args.overlaps.tolist(), "cases": cases}))
print(out.stat().st_size, {k: (v.get("allAp"), v.get("error")) for k, v in cases.items()})

#!/usr/bin/env bash
# sahi 0.11.36 (its postprocess with torch 2.13.0)
#
# Two boxes of one class with IoU 0.82 and equal scores, as two tiles give them of one object in bfloat16 or from a quantised
# model. Expected: NMS keeps one of them, whichever comes first. What happens: where the box with the smaller coordinates comes
# first, NMS returns both, and GREEDYNMM and NMM return that box and also the union that contains it; in the other order each
# returns one. The rule that decides between equal scores spares the later box from the first one, and what the later box then
# suppresses is in the result already. So the count of objects depends on the order of the tiles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sahi==0.11.36 torch==2.13.0
cat > scores.py <<'PYTHON'
import importlib.metadata

from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess, NMSPostprocess
from sahi.prediction import ObjectPrediction

left, right = [0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0]


def detection(box, score):
    return ObjectPrediction(bbox=box, category_id=0, category_name="cell", score=score, full_shape=[200, 200])


print("sahi", importlib.metadata.version("sahi"))
counts = {}
for method in (NMSPostprocess, GreedyNMMPostprocess, NMMPostprocess):
    for name, boxes, scores in (
        ("equal, left first", [left, right], [0.5, 0.5]),
        ("equal, right first", [right, left], [0.5, 0.5]),
        ("unequal, left first", [left, right], [0.51, 0.5]),
    ):
        kept = method(match_threshold=0.5, match_metric="IOU")([detection(*one) for one in zip(boxes, scores)])
        counts[method.__name__, name] = len(kept)
        print(method.__name__, name, [[float(v) for v in one.bbox.to_xyxy()] for one in kept])
for (method, name), count in counts.items():
    assert count == (2 if name == "equal, left first" else 1), f"not as stated: {method}, {name}: {count}"
PYTHON
venv/bin/python scores.py

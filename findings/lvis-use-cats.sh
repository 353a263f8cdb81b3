#!/usr/bin/env bash
# lvis 0.5.3: LVISEval with params.use_cats = 0 (recall of proposals regardless of class), on one object and one detection with
# the same box and the same class. A user expects an average recall of 1, as with use_cats = 1. It is -1, "no ground truth":
# evaluation without categories reads the annotations of a category -1, of which there are none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lvis==0.5.3 pycocotools==2.0.11 numpy==2.4.6
cat > "$folder/run.py" <<'PY'
import copy, logging
import numpy as np
np.float = float  # lvis 0.5.3 uses the alias that NumPy removed
logging.disable(logging.WARNING)
from lvis import LVIS, LVISEval, LVISResults
import json, sys
image = dict(id=1, width=100, height=100, neg_category_ids=[], not_exhaustive_category_ids=[])
truth = dict(id=1, image_id=1, category_id=1, bbox=[10, 10, 50, 50], area=2500, segmentation=[[10, 10, 60, 10, 60, 60, 10, 60]])
data = dict(images=[image], annotations=[truth], categories=[dict(id=1, name='cat', frequency='f')])
with open(sys.argv[1] + '/gt.json', 'w') as file:
    json.dump(data, file)
recalls = []
for use_cats in (1, 0):
    gt = LVIS(sys.argv[1] + '/gt.json')
    dt = LVISResults(gt, [dict(image_id=1, category_id=1, bbox=[10, 10, 50, 50], score=0.9)])
    evaluation = LVISEval(gt, dt, 'bbox')
    evaluation.params.use_cats = use_cats
    evaluation.evaluate()
    evaluation.accumulate()
    recall = evaluation.eval['recall'][:, :, 0]
    recalls.append(float(recall.mean()))
    print('use_cats', use_cats, 'average recall', recalls[-1])
sys.exit(0 if recalls == [1.0, -1.0] else 1)
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder"

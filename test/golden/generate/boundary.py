"""COCOeval of boundary-iou-api 37d2558 on the sets of masks in metrics.json: python boundary.py PATH_OF_BOUNDARY_IOU SETS.json OUT.json"""
import contextlib
import copy
import io
import json
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
np.float = float
from boundary_iou.coco_instance_api.coco import COCO
from boundary_iou.coco_instance_api.cocoeval import COCOeval

found = []
for index, one in enumerate(json.load(open(sys.argv[2]))):
    if one['kind'] != 'masks' or not one['detections']:
        continue
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(get_boundary=True)
        gt.dataset = dict(images=one['images'], categories=one['categories'], annotations=copy.deepcopy(one['annotations']))
        gt.createIndex()
        results = copy.deepcopy(one['detections'])
        for result in results:
            result.pop('bbox')
        evaluation = COCOeval(gt, gt.loadRes(results), 'boundary')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    found.append(dict(index=index, stats=[round(float(v), 9) for v in evaluation.stats]))
with open(sys.argv[3], 'w') as file:
    json.dump(found, file)
    file.write('\n')

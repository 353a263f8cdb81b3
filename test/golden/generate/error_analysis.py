"""Curves of MMDetection's tools/analysis_tools/coco_error_analysis.py on sets of metrics.json.

    python error_analysis.py PATH_OF_mmdet/.mim SETS.json OUT.json

For every set: for C75 .. FN and areas, the mean of the precisions of each class (101 recalls), by its own functions.
"""
import copy
import contextlib
import io
import json
import sys
import types

import numpy as np

for name in ('matplotlib', 'matplotlib.pyplot'):
    sys.modules[name] = types.ModuleType(name)
sys.path.insert(0, sys.argv[1] + '/tools/analysis_tools')
import coco_error_analysis as tool
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

AREAS = [1024, 9216, 10000000000]
found = []
for index, one in enumerate(json.load(open(sys.argv[2]))):
    if one['kind'] not in ('plain', 'ties', 'crowds', 'borders', 'duplicates') or not one['detections'] or len(found) == 12:
        continue
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = dict(images=one['images'], categories=one['categories'], annotations=one['annotations'])
        gt.createIndex()
        dt = gt.loadRes(copy.deepcopy(one['detections']))
        evaluation = COCOeval(copy.deepcopy(gt), copy.deepcopy(dt), 'bbox')
        evaluation.params.iouThrs = [0.75, 0.5, 0.1]
        evaluation.params.maxDets = [100]
        evaluation.params.areaRng = [[0, AREAS[2]], [0, AREAS[0]], AREAS[:2], AREAS[1:]]
        evaluation.evaluate()
        evaluation.accumulate()
        ps = np.vstack([evaluation.eval['precision'], np.zeros((4, *evaluation.eval['precision'].shape[1:]))])
        for k, cat in enumerate(gt.getCatIds()):
            _, curves = tool.analyze_individual_category(k, dt, gt, cat, 'bbox', AREAS)
            ps[3, :, k], ps[4, :, k] = curves['ps_supercategory'], curves['ps_allcategory']
            ps[ps == -1] = 0
            ps[5, :, k] = ps[4, :, k] > 0
            ps[6, :, k] = 1
    means = ps[..., 0].mean(axis=1)  # [stages, classes, areas]
    weights = (ps[..., 0] * np.linspace(0, 1, 101)[None, :, None, None]).mean(axis=1)
    found.append(dict(index=index, means=np.round(means, 9).tolist(), weighted=np.round(weights, 9).tolist()))
with open(sys.argv[3], 'w') as file:
    json.dump(found, file, separators=(',', ':'))
    file.write('\n')

# Writes test/golden/atss_cost.json: assignments of MMDetection's ATSSAssigner with `alpha`, the cost of DDOD, on grids of
# three levels (strides 8, 16, 32) of a 96 x 128 image. Inputs by the formulas of golden/README.md; anchors are square,
# `size` strides wide; boxes(name, n, w=128, h=96). The reference takes logits and applies the sigmoid itself.
# Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7 and torch. Run: python test/golden/generate/atss_cost.py
import json
import pathlib

import torch
from mmdet.registry import TASK_UTILS
from mmdet.utils import register_all_modules
from mmengine.structures import InstanceData

from heads_single import boxes, sgn

register_all_modules()
GOLDEN = pathlib.Path(__file__).parent.parent / 'atss_cost.json'
STRIDES = (8, 16, 32)
H, W = 96, 128


def anchors(size):
    rows = [(x * s, y * s, s, s) for s in STRIDES for y in range(H // s) for x in range(W // s)]
    points = torch.tensor(rows, dtype=torch.float32)
    half = points[:, 2:] * size / 2
    return torch.cat([points[:, :2] - half, points[:, :2] + half], 1)


def truths(name, n, classes=3):
    return InstanceData(bboxes=torch.from_numpy(boxes(name, n)), labels=torch.arange(n) % classes)


result = []
for options, size, gts, ignored in (
        (dict(topk=9, alpha=0.8), 8, 6, 0),
        (dict(topk=9, alpha=0.5), 4, 12, 0),
        (dict(topk=4, alpha=0.8, ignore_iof_thr=0.3), 3, 9, 3),
        (dict(topk=9, alpha=1.0), 8, 6, 0),
        (dict(topk=9, alpha=0.8), 8, 0, 0)):
    assigner = TASK_UTILS.build(dict(type='ATSSAssigner', **options))
    priors = anchors(size)
    n = len(priors)
    predictions = InstanceData(
        priors=priors,
        bboxes=priors + torch.from_numpy(sgn('ddod.shift', (n, 4), 6.0)),
        scores=torch.from_numpy(sgn('ddod.logits', (n, 3), 4.0)))
    levels = [(H // s) * (W // s) for s in STRIDES]
    found = assigner.assign(predictions, levels, truths('ddod.gt', gts), truths('ddod.ignored', ignored))
    result.append(
        dict(options=options, size=size, truths=gts, ignored=ignored, assigned=found.gt_inds.tolist(),
             labels=found.labels.tolist(), overlaps=[round(float(v), 7) for v in found.max_overlaps]))

GOLDEN.write_text(json.dumps(result, separators=(',', ':')) + '\n')

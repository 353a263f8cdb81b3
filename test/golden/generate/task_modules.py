# Writes test/golden/task_modules.json: assignments of MMDetection's CenterRegionAssigner, TaskAlignedAssigner and
# PointAssigner, and TBLRBBoxCoder's codes, on grids of three levels (strides 8, 16, 32) of a 96 x 128 image.
# Inputs by the formulas of golden/README.md; anchors are square, `size` strides wide; boxes(name, n, w=128, h=96).
# Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7 and torch. Run: python test/golden/generate/task_modules.py
import json
import pathlib

import numpy as np
import torch
from mmdet.registry import TASK_UTILS
from mmdet.utils import register_all_modules
from mmengine.structures import InstanceData

from heads_single import boxes, sgn, u01

register_all_modules()
GOLDEN = pathlib.Path(__file__).parent.parent / 'task_modules.json'
STRIDES = (8, 16, 32)
H, W = 96, 128


def points(offset):
    rows = [((x + offset) * s, (y + offset) * s, s, s) for s in STRIDES for y in range(H // s) for x in range(W // s)]
    return torch.tensor(rows, dtype=torch.float32)


def anchors(size):
    p = points(0.0)
    half = p[:, 2:] * size / 2
    return torch.cat([p[:, :2] - half, p[:, :2] + half], 1)


def numbers(tensor):
    return [round(float(v), 7) for v in tensor.flatten()]


def truths(name, n, classes=3):
    return InstanceData(bboxes=torch.from_numpy(boxes(name, n)), labels=torch.arange(n) % classes)


result = dict(center_region=[], task_aligned=[], point=[], tblr=[])
for options, size, gts, ignored in (
        (dict(pos_scale=0.2, neg_scale=0.2, min_pos_iof=0.01), 1, 8, 0),
        (dict(pos_scale=0.2, neg_scale=0.5), 1, 8, 2),
        (dict(pos_scale=0.5, neg_scale=1.2, min_pos_iof=0.3, ignore_gt_scale=0.8), 2, 12, 3),
        (dict(pos_scale=0.5, neg_scale=0.8, foreground_dominate=True), 2, 12, 1),
        (dict(pos_scale=0.2, neg_scale=0.2), 1, 0, 2)):
    assigner = TASK_UTILS.build(dict(type='CenterRegionAssigner', **options))
    found = assigner.assign(InstanceData(priors=anchors(size)), truths('cr.gt', gts), truths('cr.ignored', ignored))
    shadows = found.get_extra_property('shadowed_labels')
    result['center_region'].append(
        dict(options=options, size=size, truths=gts, ignored=ignored, assigned=found.gt_inds.tolist(),
             labels=found.labels.tolist(), shadows=sorted(shadows.tolist())))

for topk, call, gts in ((13, {}, 7), (4, dict(alpha=0.5, beta=2), 12), (300, dict(alpha=1, beta=1), 5), (3, {}, 0)):
    assigner = TASK_UTILS.build(dict(type='TaskAlignedAssigner', topk=topk))
    priors = anchors(3)
    n = len(priors)
    decoded = priors + torch.from_numpy(sgn('tal.shift', (n, 4), 6.0))
    scores = torch.from_numpy(u01('tal.scores', 3 * n).astype(np.float32).reshape(n, 3))
    found = assigner.assign(InstanceData(priors=priors, bboxes=decoded, scores=scores), truths('tal.gt', gts), **call)
    result['task_aligned'].append(
        dict(topk=topk, call=call, size=3, truths=gts, assigned=found.gt_inds.tolist(), labels=found.labels.tolist(),
             overlaps=numbers(found.max_overlaps), metrics=numbers(found.assign_metrics)))

for options, gts in ((dict(scale=4, pos_num=1), 9), (dict(scale=2, pos_num=3), 12), (dict(), 0)):
    assigner = TASK_UTILS.build(dict(type='PointAssigner', **options))
    found = assigner.assign(InstanceData(priors=points(0.5)), truths('point.gt', gts))
    result['point'].append(dict(options=options, truths=gts, assigned=found.gt_inds.tolist(), labels=found.labels.tolist()))

for options in (dict(), dict(normalizer=[4.0, 3.0, 2.0, 5.0]), dict(normalizer=0.5, clip_border=False)):
    coder = TASK_UTILS.build(dict(type='TBLRBBoxCoder', **options))
    priors, gts = torch.from_numpy(boxes('tblr.priors', 9)), torch.from_numpy(boxes('tblr.gts', 9))
    codes = torch.from_numpy(u01('tblr.codes', 36).astype(np.float32).reshape(9, 4))
    result['tblr'].append(dict(options=options, encoded=numbers(coder.encode(priors, gts)),
                               decoded=numbers(coder.decode(priors, codes, max_shape=(H, W)))))
GOLDEN.write_text(json.dumps(result) + '\n')

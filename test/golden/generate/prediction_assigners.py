# Writes test/golden/prediction_assigners.json: assignments of MMDetection's DynamicSoftLabelAssigner and SimOTAAssigner and
# of MMYOLO's BatchTaskAlignedAssigner, on points of three levels (strides 8, 16, 32) of a 96 x 128 image. Inputs by the
# formulas of golden/README.md; predicted boxes are 3 strides wide, shifted; boxes(name, n, w=128, h=96).
# Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7, mmyolo 0.6.0 and torch.
# Run: python test/golden/generate/prediction_assigners.py
import json
import pathlib

import torch
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from mmyolo.models.task_modules import BatchTaskAlignedAssigner

from heads_single import boxes, sgn

GOLDEN = pathlib.Path(__file__).parent.parent / 'prediction_assigners.json'
STRIDES = (8, 16, 32)
H, W = 96, 128


def points(offset):
    rows = [((x + offset) * s, (y + offset) * s, s, s) for s in STRIDES for y in range(H // s) for x in range(W // s)]
    return torch.tensor(rows, dtype=torch.float32)


def truths(n, classes=3):
    return torch.from_numpy(boxes('pred.gt', n)), torch.arange(n) % classes


def numbers(tensor):
    return [round(float(v), 7) for v in tensor.flatten()]


PRIORS = points(0.5)
N = len(PRIORS)
HALF = PRIORS[:, 2:] * 1.5
BOXES = torch.cat([PRIORS[:, :2] - HALF, PRIORS[:, :2] + HALF], 1) + torch.from_numpy(sgn('pred.shift', (N, 4), 6.0))
LOGITS = torch.from_numpy(sgn('pred.logits', (N, 3), 4.0))

result = dict(dynamic_soft_label=[], sim_ota=[], batch_task_aligned=[])
for kind, type_, scores, cases in (
        ('dynamic_soft_label', 'DynamicSoftLabelAssigner', LOGITS, (
            (dict(topk=13), 8), (dict(topk=5, soft_center_radius=2.0, iou_weight=1.5), 12), (dict(), 0))),
        ('sim_ota', 'SimOTAAssigner', LOGITS.sigmoid(), (
            (dict(), 8), (dict(center_radius=1.5, candidate_topk=5, iou_weight=2.0, cls_weight=0.5), 12), (dict(), 0)))):
    for options, n in cases:
        bboxes, labels = truths(n)
        found = TASK_UTILS.build(dict(type=type_, **options)).assign(
            InstanceData(priors=PRIORS, bboxes=BOXES, scores=scores), InstanceData(bboxes=bboxes, labels=labels))
        result[kind].append(dict(options=options, truths=n, assigned=found.gt_inds.tolist(), labels=found.labels.tolist(),
                                 overlaps=numbers(found.max_overlaps)))

# where fewer than topk points in a box have an alignment above 0, which others torch.topk takes is not defined
for options, n in ((dict(topk=5, alpha=0.5, beta=6.0, use_ciou=True), 8), (dict(topk=13, alpha=1.0, beta=3.0), 12)):
    bboxes, labels = truths(n)
    found = BatchTaskAlignedAssigner(num_classes=3, **options)(
        BOXES[None], LOGITS.sigmoid()[None], PRIORS, labels[None, :, None].float(), bboxes[None], torch.ones(1, n, 1))
    positive = found['fg_mask_pre_prior'][0]
    result['batch_task_aligned'].append(
        dict(options=options, truths=n, positive=positive.nonzero().flatten().tolist(),
             labels=found['assigned_labels'][0][positive].tolist(),
             boxes=numbers(found['assigned_bboxes'][0][positive]),
             scores=numbers(found['assigned_scores'][0][positive].sum(-1))))

GOLDEN.write_text(json.dumps(result, separators=(',', ':')) + '\n')

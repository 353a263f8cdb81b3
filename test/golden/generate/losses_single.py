"""Losses that losses.json does not hold: MMYOLO's IoULoss, GHMR, GHMC with momentum, and rarer options.

Needs mmdet 3.3.0, mmyolo 0.6.0 and torch from PyPI. Run: python losses_single.py > ../losses_single.json
"""
import json

import numpy as np
import torch
from mmdet.models.losses import (DiceLoss, FocalLoss, GaussianFocalLoss, GHMC, GHMR, QualityFocalLoss, SIoULoss,
                                 VarifocalLoss)
from mmyolo.models.losses import IoULoss

N = 6
rng = np.random.RandomState(3)
boxes = rng.uniform(0, 30, (N, 2))
a = np.concatenate([boxes, boxes + rng.uniform(5, 30, (N, 2))], 1).astype(np.float32)
b = (a + rng.uniform(-4, 4, (N, 4))).astype(np.float32)
b[-1] += 60
logits = rng.uniform(-3, 3, (N, 4)).astype(np.float32)
soft = (rng.uniform(0, 1, (N, 4)) * (rng.uniform(0, 1, (N, 4)) > 0.5)).astype(np.float32)
labels = np.array([0, 3, 4, 1, 4, 2])
weight = np.array([1, 0.5, 0, 2, 1, 1], np.float32)
masks = (rng.uniform(0, 1, (N, 4)) > 0.5).astype(np.float32)
T = torch.from_numpy
cases = []


def case(loss, cfg, pred, *args, steps=1, **kwargs):
    for _ in range(steps):
        x = T(pred).clone().requires_grad_()
        value = loss(x, *args, **kwargs)
    value.sum().backward()
    cases.append(dict(cfg=cfg, steps=steps, weighted='weight' in kwargs, value=value.tolist(), grad=x.grad.tolist(),
                      input=case.name))


for mode in ('ciou', 'siou', 'giou'):
    for fmt in ('xyxy', 'xywh'):
        cfg = dict(iou_mode=mode, bbox_format=fmt, reduction='sum', loss_weight=2.5, return_iou=False)
        case.name = 'boxes'
        case(IoULoss(**cfg), dict(type='IoULoss', **cfg), a, T(b), weight=T(weight))
case.name = 'boxes'
case(SIoULoss(neg_gamma=True), dict(type='SIoULoss', neg_gamma=True), a, T(b))
case.name = 'regression'
for momentum, steps in ((0, 1), (0.7, 3)):
    cfg = dict(mu=0.5, bins=8, momentum=momentum, loss_weight=2.0)
    case(GHMR(**cfg), dict(type='GHMR', **cfg), logits, T(soft), torch.ones(N, 4), steps=steps)
case.name = 'labels'
cfg = dict(bins=5, momentum=0.75)
case(GHMC(**cfg), dict(type='GHMC', **cfg), logits, T(labels), T(weight), steps=3)
case.name = 'soft'
p = torch.sigmoid(T(logits)).numpy()
case(QualityFocalLoss(beta=1.5), dict(type='QualityFocalLoss', beta=1.5), logits, T(soft), weight=T(weight))
case(VarifocalLoss(iou_weighted=False), dict(type='VarifocalLoss', iou_weighted=False), logits, T(soft))
case.name = 'masks'
case(FocalLoss(), dict(type='FocalLoss'), logits, T(masks), weight=T(weight))
case(DiceLoss(naive_dice=True), dict(type='DiceLoss', naive_dice=True), logits, T(masks), weight=T(weight))
case.name = 'probabilities'
case(FocalLoss(activated=True), dict(type='FocalLoss', activated=True), p, T(labels))
case.name = 'probabilities, soft'
case(QualityFocalLoss(activated=True), dict(type='QualityFocalLoss', activated=True), p, (T(labels), T(soft[:, 0])))
case.name = 'centres'
cfg = dict(pos_weight=0.25, neg_weight=0.75)
case(GaussianFocalLoss(**cfg), dict(type='GaussianFocalLoss', **cfg), p, T(soft),
     pos_inds=torch.tensor([0, 4]), pos_labels=torch.tensor([1, 2]), avg_factor=2)
inputs = dict(a=a, b=b, logits=logits, soft=soft, labels=labels, weight=weight, masks=masks, p=p)
print(json.dumps(dict(inputs={k: v.tolist() for k, v in inputs.items()}, cases=cases)))

"""Rotated boxes as mmcv's operators, OpenCV and MMRotate compute with them; writes ../rotated_boxes.json.

Run: MMROTATE=<folder> python rotated_boxes.py, see mmrotate_reference.py.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch

import mmrotate_reference  # noqa: F401
from mmcv.ops import batched_nms, box_iou_rotated, nms_rotated
from mmrotate.models.losses import RotatedIoULoss
from mmrotate.structures.bbox import QuadriBoxes, RotatedBoxes, rbbox_overlaps

OUT = Path(__file__).parent.parent / 'rotated_boxes.json'
rng = np.random.default_rng(7)
PI = math.pi


def digits(x):
    return [float(f'{v:.8g}') for v in np.asarray(x, dtype=np.float64).ravel()]


def random_boxes(n, side=60, low=2, high=40):
    return np.concatenate([rng.uniform(0, side, (n, 2)), rng.uniform(low, high, (n, 2)), rng.uniform(-PI, PI, (n, 1))], 1)


# identical, inside one another, crossing, touching, turned by quarters, thin, without area, far away, sides below 0
HOSTILE = np.array([
    [30, 30, 20, 10, 0], [30, 30, 20, 10, PI], [30, 30, 10, 20, PI / 2], [30, 30, 20, 10, 0.3], [30, 30, 20, 10, 0.3 - PI],
    [30, 30, 20, 10, 0.3000001], [30, 30, 4, 2, 0.3], [50, 30, 20, 10, 0], [30, 40, 20, 10, 0], [50, 40, 20, 10, 0],
    [30, 30, 60, 0.5, 0.7], [30, 30, 0.5, 60, 0.7], [30, 30, 0, 10, 0.2], [30, 30, 1e-4, 10, 0.2], [500, 500, 20, 10, 1],
    [30, 30, 20, 20, PI / 4], [30, 30, 20, 20, 0], [30, 30, 20, 20, -PI / 4], [40, 35, 20, 10, PI / 2], [35, 35, 14.142136, 14.142136, PI / 4],
])
a, b = [torch.tensor(np.concatenate([random_boxes(24), HOSTILE])).float() for _ in range(2)]
overlaps = {mode: digits(rbbox_overlaps(a, b, mode=mode)) for mode in ('iou', 'iof')}

nms = []
for count, threshold, labels in ((40, 0.1, 1), (40, 0.5, 3), (60, 0.1, 2)):
    # without the two of which mmcv loses corners
    boxes = torch.tensor(np.concatenate([random_boxes(count), np.delete(HOSTILE, [4, 5], 0)])).float()
    scores = torch.tensor(rng.permutation(len(boxes)) / len(boxes)).float()
    ids = torch.tensor(rng.integers(0, labels, len(boxes)))
    _, keep = nms_rotated(boxes, scores, threshold)
    found, batched = batched_nms(boxes, scores, ids, dict(type='nms_rotated', iou_threshold=threshold))
    _, split = batched_nms(boxes, scores, ids, dict(type='nms_rotated', iou_threshold=threshold, split_thr=10))
    nms.append(dict(boxes=digits(boxes), scores=digits(scores), ids=ids.tolist(), threshold=threshold, keep=keep.tolist(),
                    batched=batched.tolist(), split=split.tolist()))

# gradients jump where sides coincide, so the pairs of the loss are random
pred = torch.tensor(random_boxes(16, 40, 6)).float().requires_grad_()
target = torch.tensor(random_boxes(16, 40, 6)).float()
target[:6] = pred[:6].detach() + torch.tensor(rng.normal(0, 1, (6, 5)) * [2, 2, 2, 2, 0.1]).float()
losses = []
for options in (dict(mode='linear', loss_weight=2.0), dict(mode='square'), dict(mode='log', eps=1e-4), dict(linear=True, reduction='sum')):
    weight = torch.linspace(0.2, 1.6, 16)
    pred.grad = None
    mean = {} if options.get('reduction') == 'sum' else dict(avg_factor=7.0)
    value = RotatedIoULoss(**options)(pred, target, weight, **mean)
    value.backward()
    losses.append(dict(options=options, avg_factor=mean.get('avg_factor'), value=float(value), gradient=digits(pred.grad)))
plain = RotatedIoULoss(mode='linear', reduction='none')(pred.detach(), target)

quads = []
for box in np.concatenate([random_boxes(12), HOSTILE[:6]]):
    quads.append(RotatedBoxes(torch.tensor(box[None]).float()).convert_to('qbox').tensor.numpy().ravel())
for box in random_boxes(12):  # quadrilaterals that are no rectangles
    points = RotatedBoxes(torch.tensor(box[None]).float()).convert_to('qbox').tensor.numpy().ravel()
    quads.append(points + rng.uniform(-2, 2, 8))
quads += [np.round(q) for q in quads[:12]] + [np.array([5, 5, 9, 5, 9, 9, 5, 9]), np.array([3, 3, 3, 3, 3, 3, 3, 3]), np.array([3, 3, 9, 9, 3, 3, 9, 9])]
quads = np.stack(quads).astype(np.float32)

rbox = torch.tensor(random_boxes(6)).float()
rbox[0, 2:4] = 10.0


def operated(apply, cls=RotatedBoxes, boxes=rbox):
    moved = cls(boxes.clone())
    apply(moved)
    return digits(moved.tensor)


operations = dict(
    boxes=digits(rbox),
    around=digits(RotatedBoxes(rbox).convert_to('hbox').tensor),
    corners=digits(RotatedBoxes(rbox).convert_to('qbox').tensor),
    **{d: operated(lambda x: x.flip_((50, 70), d)) for d in ('horizontal', 'vertical', 'diagonal')},
    scaled=operated(lambda x: x.rescale_((0.5, 1.7))),
    shifted=operated(lambda x: x.translate_((-3, 8))),
    turned=operated(lambda x: x.rotate_((35.0, 25.0), 33.0)),
    inside=RotatedBoxes(rbox).is_inside((30, 40)).tolist(),
    **{v: digits(RotatedBoxes(rbox.clone()).regularize_boxes(v)) for v in ('oc', 'le90', 'le135')},
)
OUT.write_text(json.dumps(dict(
    overlaps=dict(a=digits(a), b=digits(b), **overlaps), nms=nms,
    loss=dict(pred=digits(pred.detach()), target=digits(target), none=digits(plain), cases=losses),
    rectangles=dict(quads=digits(quads), boxes=digits(QuadriBoxes(torch.tensor(quads)).convert_to('rbox').tensor),
                    around=digits(QuadriBoxes(torch.tensor(quads)).convert_to('hbox').tensor)),
    operations=operations), separators=(',', ':')) + '\n')
print(OUT.stat().st_size)

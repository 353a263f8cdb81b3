"""Parts of single-stage mask heads on hostile input: the targets of SOLO and SOLOv2 (no objects, objects without pixels, on borders, two in
one cell), matrix NMS and fast NMS (ties, one class, none left). Writes ../mask_heads.json.
Needs mmdet 3.3.0, mmengine 0.10.7, mmcv 2.1.0. Run: python mask_heads.py
"""
import json
from pathlib import Path

import numpy as np
import torch
from mmdet.models.dense_heads import SOLOHead, SOLOV2Head
from mmdet.models.layers import fast_nms, mask_matrix_nms
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData

OUT = Path(__file__).parent.parent
H, W = 64, 96
shape = dict(num_classes=3, in_channels=4, feat_channels=4, stacked_convs=1, strides=[8, 8, 16], num_grids=[9, 6, 4], pos_scale=0.5,
             scale_ranges=((1, 24), (16, 48), (32, 200)), norm_cfg=None)
v1 = SOLOHead(**shape)
v2 = SOLOV2Head(**shape, mask_feature_head=dict(feat_channels=4, start_level=0, end_level=2, out_channels=4))
# x1, y1, x2, y2 of boxes; the mask of each is the pixels in it, without a corner
CASES = [
    [],
    [[10, 10, 40, 50]],
    [[0, 0, 96, 64], [0, 0, 12, 12], [84, 52, 96, 64]],
    [[20, 20, 44, 44], [22, 20, 46, 46], [18, 22, 42, 45]],
    [[30, 30, 30, 30], [50.5, 10.25, 71.75, 33.5]],
    [[0, 0, 24, 24], [47, 31, 49, 33], [3, 60, 90, 64], [95, 0, 96, 64]],
]


def masks(boxes):
    out = np.zeros((len(boxes), H, W), np.uint8)
    for m, (a, b, c, d) in zip(out, boxes):
        m[int(b):int(np.ceil(d)), int(a):int(np.ceil(c))] = 1
        m[int(b):int((b + d) / 2), int((a + c) / 2):int(np.ceil(c))] = 0
    return out


def targets(boxes):
    labels = torch.arange(len(boxes)) % 3
    given = InstanceData(bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), labels=labels, masks=BitmapMasks(masks(boxes), H, W))
    sizes = [(H // 4, W // 4), (H // 4, W // 4), (H // 8, W // 8)]
    one, labels1, cells1 = v1._get_targets_single(given, featmap_sizes=sizes)
    two, labels2, _, cells2 = v2._get_targets_single(given, featmap_sizes=sizes[0])
    assert all((a == b).all() for a, b in zip(labels1, labels2))
    return dict(boxes=boxes, labels=[x.flatten().tolist() for x in labels1],
                cells=[x.nonzero().flatten().tolist() for x in cells1], areas=[x.sum((1, 2)).tolist() for x in one],
                cells2=[list(x) for x in cells2], areas2=[x.sum((1, 2)).tolist() for x in two])


def matrix(seed, n, classes, kernel):
    r = np.random.default_rng(seed)
    m = torch.from_numpy(r.random((n, 6, 8)) < r.random((n, 1, 1)))
    m[:, 0, 0] = True
    labels = torch.from_numpy(r.integers(0, classes, n))
    scores = torch.from_numpy(np.sort(r.random(n).astype(np.float32))[::-1].copy())
    s, l, _, keep = mask_matrix_nms(m, labels, scores, kernel=kernel, sigma=2.0)
    decayed = torch.zeros(n)
    decayed[keep] = s
    return dict(kernel=kernel, masks=m.int().reshape(n, -1).tolist(), labels=labels.tolist(), scores=scores.tolist(),
                decayed=decayed.tolist())


def fast(seed, n, classes, ties=False):
    r = np.random.default_rng(seed)
    corner = r.integers(0, 60, (n, 2))
    boxes = np.concatenate([corner, corner + r.integers(4, 30, (n, 2))], 1).astype(np.float32)
    scores = r.random((n, classes)).astype(np.float32)
    if ties:
        boxes[1::2] = boxes[::2][:len(boxes[1::2])]
    full = torch.cat([torch.from_numpy(scores), torch.zeros(n, 1)], 1)
    dets, labels, rows = fast_nms(torch.from_numpy(boxes), full, torch.arange(n).float()[:, None], 0.3, 0.4, 15, -1)
    return dict(boxes=boxes.tolist(), scores=scores.tolist(), kept=[[int(i), int(c)] for i, c in zip(rows.flatten(), labels)])


rounded = json.loads(json.dumps(dict(
    targets=[targets(boxes) for boxes in CASES],
    matrix=[matrix(0, 12, 2, 'gaussian'), matrix(1, 12, 1, 'linear'), matrix(2, 1, 1, 'gaussian')],
    fast=[fast(0, 40, 3), fast(1, 20, 1), fast(2, 20, 2, ties=True)])), parse_float=lambda v: float(f'{float(v):.8g}'))
(OUT / 'mask_heads.json').write_text(json.dumps(rounded, separators=(',', ':')) + '\n')

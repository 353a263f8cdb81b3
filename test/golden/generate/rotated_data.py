"""MMRotate's transforms of rotated boxes, and its DOTAMetric; writes ../rotated_data.json.

Run: MMROTATE=<folder> python rotated_data.py, see mmrotate_reference.py.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch

import mmrotate_reference  # noqa: F401
from mmdet.datasets.transforms import RandomCrop, RandomFlip, Resize
from mmdet.structures.bbox import get_box_type
from mmengine.registry import DefaultScope
from mmrotate.datasets.transforms import ConvertBoxType, Rotate
from mmrotate.evaluation.functional import mean_ap
from mmyolo.datasets.transforms import RegularizeRotatedBox

OUT = Path(__file__).parent.parent / 'rotated_data.json'
rng = np.random.default_rng(3)
H, W = 40, 60
corners = get_box_type('rbox')[1](torch.tensor(np.concatenate([
    rng.uniform(5, 35, (5, 2)), rng.uniform(4, 20, (5, 2)), rng.uniform(-1.5, 1.5, (5, 1))], 1)).float()).convert_to('qbox').tensor.numpy()


def image():
    y, x = np.mgrid[:H, :W]
    return np.stack([(3 * x + 5 * y) % 256, (x * y) % 256, (7 * x + y * y) % 256], -1).astype(np.uint8)


def digits(x):
    return [float(f'{v:.8g}') for v in np.asarray(x, dtype=np.float64).ravel()]


def sample():
    boxes = get_box_type('qbox')[1](torch.tensor(corners))
    return dict(img=image(), img_shape=(H, W), ori_shape=(H, W), gt_bboxes=boxes, gt_bboxes_labels=np.arange(5),
                gt_ignore_flags=np.zeros(5, bool))


def flip(direction):
    return RandomFlip(prob=1.0, direction=direction)


class Crop(RandomCrop):
    """The window at (13, 7)."""
    def _rand_offset(self, margin):
        return 7, 13


to_rbox = ConvertBoxType(dict(gt_bboxes='rbox'))
steps = dict(
    convert=[to_rbox], regular=[to_rbox, RegularizeRotatedBox('le90')], resize=[to_rbox, Resize(scale=(90, 80), keep_ratio=False)],
    corners_resize=[Resize(scale=(30, 20), keep_ratio=True), to_rbox], crop=[to_rbox, Crop(crop_size=(24, 24))],
    **{d: [to_rbox, flip(d)] for d in ('horizontal', 'vertical', 'diagonal')},
    rotate=[to_rbox, Rotate(33.0, img_border_value=(10, 20, 30))], rotate_back=[to_rbox, Rotate(-90)], corners_rotate=[flip('vertical'), Rotate(20.0), to_rbox],
)
results = {}
with DefaultScope.overwrite_default_scope('mmrotate'):
    for name, transforms in steps.items():
        s = sample()
        for t in transforms:
            s = t(s)
        results[name] = dict(rboxes=digits(s['gt_bboxes'].tensor), labels=s['gt_bboxes_labels'].tolist(), shape=list(s['img'].shape[:2]),
                             pixels=int(s['img'].astype(np.int64).sum()))

# three images of two classes; the last one without objects
images = []
for i in range(4):
    n, m = (0, 4) if i == 3 else (6, 14)
    truths = np.concatenate([rng.uniform(10, 90, (n, 2)), rng.uniform(8, 40, (n, 2)), rng.uniform(-1.5, 1.5, (n, 1))], 1)
    found = np.concatenate([rng.uniform(10, 90, (m, 2)), rng.uniform(8, 40, (m, 2)), rng.uniform(-1.5, 1.5, (m, 1))], 1)
    for k in range(n):
        found[k] = truths[k] + rng.normal(0, 1, 5) * [1.5, 1.5, 2, 2, 0.1]
    quads = get_box_type('rbox')[1](torch.tensor(truths).float().reshape(-1, 5)).convert_to('qbox').tensor
    truths = get_box_type('qbox')[1](quads).convert_to('rbox').tensor.numpy().reshape(-1, 5) if n else truths
    images.append(dict(quads=quads.numpy(), truths=truths, labels=rng.integers(0, 2, n), difficult=rng.random(n) < 0.2, found=found.astype(np.float32),
                       scores=rng.random(m).astype(np.float32), found_labels=rng.integers(0, 2, m)))


class Serial:
    def starmap(self, f, rows):
        return [f(*r) for r in rows]

    def close(self):
        pass


mean_ap.get_context = lambda *_: type('C', (), dict(Pool=staticmethod(lambda *_: Serial())))
maps = {}
for thr in (0.5, 0.75):
    for mode in ('11points', 'area'):
        dets = [[np.hstack([x['found'][x['found_labels'] == c], x['scores'][x['found_labels'] == c][:, None]]) for c in range(2)] for x in images]
        anns = [dict(bboxes=x['truths'][~x['difficult']], labels=x['labels'][~x['difficult']], bboxes_ignore=x['truths'][x['difficult']],
                     labels_ignore=x['labels'][x['difficult']]) for x in images]
        value, each = mean_ap.eval_rbbox_map(dets, anns, iou_thr=thr, use_07_metric=mode == '11points', logger='silent')
        maps[f'{mode} {thr}'] = dict(map=float(value), aps=[float(e['ap']) for e in each])
OUT.write_text(json.dumps(dict(
    corners=digits(corners), size=[H, W], steps=results,
    images=[dict(quads=digits(x['quads']), labels=x['labels'].tolist(), difficult=x['difficult'].astype(int).tolist(), found=digits(x['found']),
                 scores=digits(x['scores']), found_labels=x['found_labels'].tolist()) for x in images], maps=maps), separators=(',', ':')) + '\n')
print(OUT.stat().st_size, maps)

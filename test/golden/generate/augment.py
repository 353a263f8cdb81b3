"""Transforms of MMDetection 3.3 and MMYOLO 0.6 with what they drew, images and bitmaps as hashes: augment.json.

Needs (PyPI): mmdet==3.3.0 mmcv==2.1.0 (or mmcv-lite) mmengine==0.10.7 mmyolo==0.6.0 opencv-python-headless==4.11.0.86 torch
numpy==1.26.4 albumentations==1.3.1 (--no-deps, with qudida).

    python augment.py OUTPUT_FOLDER

Draws are recorded as DetLab makes them: integers from 0, positions in what is chosen from.
"""
import copy
import hashlib
import json
import random
import sys

import cv2
import numpy as np
from mmdet.datasets.transforms import *  # noqa: F401,F403
from mmengine.registry import init_default_scope
from mmdet.registry import TRANSFORMS
from mmdet.structures.mask import PolygonMasks
from mmyolo.registry import TRANSFORMS as YOLO_TRANSFORMS
import mmyolo.datasets.transforms  # noqa: F401
from transform_samples import SIZES, results

cv2.setNumThreads(0)
init_default_scope('mmdet')
draws = []


def recorded(name, note):
    original = getattr(np.random, name)

    def call(*args, **kwargs):
        return note(original, *args, **kwargs)
    setattr(np.random, name, call)


def keep(value, offset=0):
    draws.append(np.asarray(value - offset if offset else value).tolist())
    return value


for name in ('uniform', 'rand', 'random', 'beta', 'normal'):
    recorded(name, lambda original, *a, **k: keep(original(*a, **k)))
recorded('randint', lambda original, low, high=None, size=None: keep(original(low, high, size), low if high is not None else 0))


def positions(original, x, size=None, replace=True, p=None):
    chosen = keep(original(len(x) if np.ndim(x) else x, size, replace, p))
    return np.asarray(x)[chosen] if np.ndim(x) else chosen


recorded('choice', positions)


def permuted(original, x):
    order = keep(original(len(x) if np.ndim(x) or isinstance(x, list) else x))
    return [x[i] for i in order] if isinstance(x, list) else order


recorded('permutation', permuted)
permutation = np.random.permutation


def shuffled(original, x):
    x[:] = permutation(list(x))


recorded('shuffle', shuffled)

# ---- corners of outlines are recorded unclipped (see transform_samples.py); rotation gets the centre that MMDetection leaves out


def unclipped(original):
    def call(self, *args, **kwargs):
        clip, np.clip = np.clip, lambda a, *_: a
        if original.__name__ == 'rotate' and kwargs.get('center') is None:
            kwargs['center'] = ((self.width - 1) * 0.5, (self.height - 1) * 0.5)
        try:
            return original(self, *args, **kwargs)
        finally:
            np.clip = clip
    return call


PolygonMasks.rotate = unclipped(PolygonMasks.rotate)
PolygonMasks.shear = unclipped(PolygonMasks.shear)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array, np.uint8).tobytes()).hexdigest()[:16]


cases = {}
scale_tuples = ('scale', 'img_scale', 'crop_size', 'ratio', 'n_patches', 'img_border_value', 'pad_val', 'center_ratio_range',
                'ratios', 'size')


def arguments(cfg):
    """The options with the tuples that the classes insist on."""
    def plain(v):
        return {k: tuple(x) for k, x in v.items()} if isinstance(v, dict) and all(isinstance(x, list) for x in v.values()) else v
    return {k: tuple(v) if k in scale_tuples and isinstance(v, list) else plain(v) for k, v in cfg.items()}


def case(name, cfg, inputs=(0,), seed=0, masks=None, registry=TRANSFORMS, run=None, outlines='corners', skip=0, sampled=False):
    """`outlines`: polygons by their corners, or as they are drawn. `skip`: draws that DetLab does not make. `sampled`: pixels by
    some of their values, where they may differ by one level."""
    args = arguments(cfg)
    transform = registry.get(args.pop('type'))(**args)
    np.random.seed(seed)
    random.seed(seed)
    draws.clear()
    given = [results(i, masks) for i in inputs]
    r = given[0]
    if len(given) > 1:
        r['mix_results'] = given[1:]
    r = run(transform, r) if run else transform(r)
    entry = dict(cfg=cfg, inputs=list(inputs), draws=copy.deepcopy(draws[skip:]), masks=masks)
    cases[name] = entry
    if r is None:
        entry['none'] = True
        return
    img = r['img']
    if sampled:
        entry['levels'] = img.reshape(-1)[::41].tolist()
    elif img.dtype == np.uint8 or np.all(img == np.round(img)):
        entry['image'] = digest(img)
    else:
        entry['values'] = [round(float(v), 4) for v in img.reshape(-1)[::97]]
    entry['size'] = [int(v) for v in img.shape[:2]]
    entry['boxes'] = [round(float(v), 5) for v in np.asarray(r['gt_bboxes'].tensor).reshape(-1)]
    entry['labels'] = np.asarray(r['gt_bboxes_labels']).tolist()
    entry['ignored'] = np.asarray(r['gt_ignore_flags']).astype(int).tolist()
    if 'scale_factor' in r:
        entry['scale_factor'] = [float(v) for v in r['scale_factor']]
    found = r.get('gt_masks')
    if isinstance(found, PolygonMasks) and outlines == 'corners':
        entry['polygons'] = [[[round(float(v), 4) for v in p] for p in parts] for parts in found.masks]
    elif found is not None and len(found):
        entry['bitmaps'] = [digest(m) for m in found.to_ndarray()]


exec(open(__file__.replace('augment.py', 'augment_cases.py')).read())

with open(f'{sys.argv[1]}/augment.json', 'w') as file:
    json.dump(cases, file, separators=(',', ':'))
    file.write('\n')

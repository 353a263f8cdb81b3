"""Transforms of MMDetection 3.3 and MMYOLO 0.6 with the random numbers they drew: mixing_*.safetensors, mixing.json.

Needs (PyPI): mmdet==3.3.0 mmcv-lite==2.1.0 (or mmcv) mmengine==0.10.7 mmyolo==0.6.0 opencv-python-headless==4.10.0.84
torch numpy==1.26.

    python mixing.py OUTPUT_FOLDER
"""
import copy
import json
import sys

import cv2
import numpy as np
from mmdet.datasets.transforms import (CachedMixUp, CachedMosaic, Expand, FilterAnnotations, MinIoURandomCrop, MixUp,
                                       Mosaic, PhotoMetricDistortion, RandomAffine, RandomShift, YOLOXHSVRandomAug)
from mmyolo.datasets.transforms import (LetterResize, YOLOv5HSVRandomAug, YOLOv5KeepRatioResize, YOLOv5MixUp,
                                        YOLOv5RandomAffine)
from mmyolo.datasets.transforms import Mosaic as YoloMosaic
from transform_samples import images, results

out = sys.argv[1]


def save_file(arrays, path):
    header, blobs, at = {}, [], 0
    for name, a in arrays.items():
        blob = np.ascontiguousarray(a).tobytes()
        dtype = {'uint8': 'U8', 'float32': 'F32'}[str(a.dtype)]
        header[name] = dict(dtype=dtype, shape=list(a.shape), data_offsets=[at, at + len(blob)])
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(len(text).to_bytes(8, 'little') + text + b''.join(blobs))


tensors, cases = {}, {}

# ---- every draw from numpy's global generator, in order
draws = []


def plain(v):
    return v.tolist() if hasattr(v, 'tolist') else v


for name in ('uniform', 'randint', 'choice', 'permutation', 'beta'):
    def wrap(original):
        def recorded(*args, **kwargs):
            value = original(*args, **kwargs)
            draws.append(plain(value))
            return value
        return recorded
    setattr(np.random, name, wrap(getattr(np.random, name)))


for i, img in enumerate(images):
    tensors[f'image{i}'] = img


def record(name, cfg, transform, inputs, seed, run=None, masks=None, extra=None):
    np.random.seed(seed)
    draws.clear()
    given = [results(i, masks) for i in inputs]
    r = given[0]
    if len(given) > 1:
        r['mix_results'] = given[1:]
    r = (run or transform)(r)
    case = dict(cfg=cfg, inputs=inputs, draws=copy.deepcopy(draws), masks=masks, **(extra() if extra else {}))
    if r is None:
        case['none'] = True
    else:
        tensors[f'{name}.img'] = np.ascontiguousarray(
            r['img'].astype(np.float32) if r['img'].dtype != np.uint8 else r['img'])
        case['img_shape'] = [int(v) for v in r['img_shape'][:2]]
        case['boxes'] = r['gt_bboxes'].tensor.reshape(-1).tolist()
        case['labels'] = r['gt_bboxes_labels'].tolist()
        case['ignored'] = r['gt_ignore_flags'].astype(int).tolist()
        for key in ('scale_factor', 'pad_param'):
            if key in r:
                case[key] = [float(v) for v in r[key]]
        if masks == 'polygon':
            case['polygons'] = [[p.tolist()[:40] for p in parts] for parts in r['gt_masks'].masks]
        if masks == 'bitmap' and len(r['gt_masks']):
            tensors[f'{name}.masks'] = r['gt_masks'].masks.astype(np.uint8)
    cases[name] = case


def simple(name, cls, cfg, inputs=(0,), seed=0, masks=None):
    record(name, dict(type=cls.__name__, **cfg), cls(**{k: tuple(v) if isinstance(v, list) else v
                                                       for k, v in cfg.items()}), list(inputs), seed, masks=masks)


# ---- SSD's
simple('expand', Expand, dict(mean=[123.675, 116.28, 103.53], ratio_range=[1, 4], prob=1), seed=1)
simple('expand_bgr', Expand, dict(mean=[10, 20.9, 30], to_rgb=False, ratio_range=[1, 2], prob=1), seed=2, masks='bitmap')
for seed in range(8):
    simple(f'min_iou_{seed}', MinIoURandomCrop, dict(min_ious=[0.1, 0.3, 0.5], min_crop_size=0.3), (seed % 4,), seed,
           masks='bitmap' if seed % 2 else None)
for seed in range(6):
    simple(f'photo_{seed}', PhotoMetricDistortion, {}, (seed % 4,), seed + 30)
for seed in range(3):
    simple(f'hsv_yolox_{seed}', YOLOXHSVRandomAug, {}, (seed,), seed)
    simple(f'hsv_yolov5_{seed}', YOLOv5HSVRandomAug, {}, (seed,), seed)
for seed in (0, 3):
    simple(f'shift_{seed}', RandomShift, dict(prob=1.0, max_shift_px=12), (0,), seed)


# ---- affine maps
def affine(name, cls, cfg, i, seed, masks=None):
    args = {k: tuple(v) if isinstance(v, list) else v for k, v in cfg.items()}
    t = cls(**args)
    seen = {}
    original = t._get_random_homography_matrix

    def spy(*a):
        value = original(*a)
        seen['homography'] = np.asarray(value[0] if isinstance(value, tuple) else value, dtype=np.float64).tolist()
        return value
    t._get_random_homography_matrix = spy
    warp = cv2.warpPerspective

    def spy_warp(img, m, **k):
        seen['matrix'] = np.asarray(m, dtype=np.float64).reshape(-1).tolist()
        return warp(img, m, **k)
    cv2.warpPerspective = spy_warp
    record(name, dict(type=cls.__name__, **cfg), t, [i], seed, masks=masks, extra=lambda: seen)
    cv2.warpPerspective = warp


for seed in range(3):
    affine(f'affine_{seed}', RandomAffine, dict(scaling_ratio_range=[0.5, 1.5], border=[-8, -6]), seed, seed)
affine('affine_free', RandomAffine, dict(max_rotate_degree=40., bbox_clip_border=False, border_val=[1, 2, 250]), 3, 7)
for seed in range(3):
    affine(f'affine_yolov5_{seed}', YOLOv5RandomAffine, dict(max_aspect_ratio=100., border=[-8, -6]), seed, seed)
affine('affine_yolov5_masks', YOLOv5RandomAffine, dict(resample_num=24, min_area_ratio=0.01), 0, 5, masks='polygon')

# ---- several images
quad = [0, 1, 2, 3]
for seed in range(3):
    simple(f'mosaic_{seed}', Mosaic, dict(img_scale=[48, 40], pad_val=114.0), quad, seed)
simple('mosaic_free', Mosaic, dict(img_scale=[32, 32], bbox_clip_border=False), quad, 4)
for seed in range(2):
    for masks in (None, 'polygon'):
        t = YoloMosaic(img_scale=(40, 40))
        record(f'mosaic_mmyolo_{seed}_{masks or "boxes"}', dict(type='Mosaic', img_scale=[40, 40]), t, quad, seed,
               run=t.mix_img_transform, masks=masks)
t = YoloMosaic(img_scale=(40, 40), bbox_clip_border=False)
record('mosaic_mmyolo_free', dict(type='Mosaic', img_scale=[40, 40], bbox_clip_border=False), t, quad, 9,
       run=t.mix_img_transform)


def cached_mosaic(masks):
    t = CachedMosaic(img_scale=(40, 40), max_cached_images=8)

    def run(r):
        t.results_cache = [copy.deepcopy(x) for x in r.pop('mix_results')] + [results(0, masks)]
        t.get_indexes = lambda cache: [0, 1, 2]
        return t(r)
    return t, run


for masks in (None, 'bitmap', 'polygon'):
    t, run = cached_mosaic(masks)
    record(f'mosaic_cached_{masks or "boxes"}', dict(type='CachedMosaic', img_scale=[40, 40], max_cached_images=8), t,
           quad, 3, run=run, masks=masks)

for seed in range(3):
    simple(f'mixup_{seed}', MixUp, dict(img_scale=[48, 40], ratio_range=[0.5, 1.8], pad_val=114.0), (seed, seed + 1),
           seed)
simple('mixup_free', MixUp, dict(img_scale=[48, 40], bbox_clip_border=False), (2, 0), 11)


def cached_mixup(masks, cfg):
    t = CachedMixUp(**cfg)

    def run(r):
        t.results_cache = [copy.deepcopy(x) for x in r.pop('mix_results')]
        t.get_indexes = lambda cache: 0
        return t(r)
    return t, run


for masks in (None, 'bitmap', 'polygon'):
    cfg = dict(img_scale=(50, 50), ratio_range=(1.0, 1.0), pad_val=(114, 114, 114), max_cached_images=10)
    t, run = cached_mixup(masks, cfg)
    record(f'mixup_cached_{masks or "boxes"}',
           dict(type='CachedMixUp', img_scale=[50, 50], ratio_range=[1, 1], pad_val=[114, 114, 114]), t, [1, 3], 5,
           run=run, masks=masks)
t = YOLOv5MixUp()
record('mixup_yolov5', dict(type='YOLOv5MixUp'), t, [0, 0], 2, run=t.mix_img_transform)

# ---- sizes
for name, scale, i in (('down', [32, 32], 0), ('half', [30, 22], 0), ('up', [96, 96], 1), ('odd', [50, 33], 2),
                       ('same', [60, 44], 0)):
    simple(f'keep_ratio_{name}', YOLOv5KeepRatioResize, dict(scale=scale), (i,))
for name, cfg, i in (('plain', dict(scale=[64, 64], pad_val=dict(img=114)), 0),
                     ('no_up', dict(scale=[90, 70], allow_scale_up=False, pad_val=dict(img=114)), 1),
                     ('mini', dict(scale=[100, 80], use_mini_pad=True, pad_val=dict(img=114)), 0),
                     ('stretch', dict(scale=[70, 50], stretch_only=True), 2),
                     ('half', dict(scale=[64, 51], half_pad_param=True, pad_val=dict(img=114)), 0)):
    simple(f'letter_{name}', LetterResize, cfg, (i,), masks='polygon' if name == 'plain' else None)
t1, t2 = YOLOv5KeepRatioResize(scale=(40, 40)), LetterResize(scale=(64, 64), allow_scale_up=False, pad_val=dict(img=114))
record('letter_chain', [dict(type='YOLOv5KeepRatioResize', scale=[40, 40]),
                        dict(type='LetterResize', scale=[64, 64], allow_scale_up=False, pad_val=dict(img=114))],
       None, [0], 0, run=lambda r: t2(t1(r)))
for keep in (True, False):
    simple(f'filter_{keep}', FilterAnnotations, dict(min_gt_bbox_wh=[12, 14], keep_empty=keep))
    simple(f'filter_all_{keep}', FilterAnnotations, dict(min_gt_bbox_wh=[100, 14], keep_empty=keep))

# ---- what albumentations' four do, by OpenCV itself (they take b, g, r for r, g, b)
img = images[3]
for size in (3, 5, 7):
    tensors[f'blur_{size}'] = cv2.blur(img, (size, size))
    tensors[f'median_{size}'] = cv2.medianBlur(img, size)
tensors['gray'] = cv2.cvtColor(cv2.cvtColor(img, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
for i, clip in ((3, 2.5), (0, 4.0)):
    lab = cv2.cvtColor(images[i], cv2.COLOR_RGB2LAB)
    tensors[f'lightness_{i}'] = np.ascontiguousarray(lab[..., 0])
    lab[..., 0] = cv2.createCLAHE(clipLimit=clip, tileGridSize=(8, 8)).apply(lab[..., 0])
    tensors[f'lightness_{i}_clahe'] = np.ascontiguousarray(lab[..., 0])
    tensors[f'clahe_{i}'] = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
# float images through the geometry
tensors['float_resize'] = cv2.resize(images[0].astype(np.float32) * 1.25 - 20, (47, 61))

families = {
    'images': ('image', 'blur', 'median', 'gray', 'lightness', 'clahe', 'float'),
    'ssd': ('expand', 'min_iou', 'hsv', 'shift', 'filter'),
    'photo': ('photo',),
    'affine': ('affine', 'keep_ratio', 'letter'),
    'mosaic': ('mosaic_0', 'mosaic_1', 'mosaic_2', 'mosaic_free', 'mosaic_mmyolo'),
    'mixup': ('mixup', 'mosaic_cached'),
}
for family, names in families.items():
    save_file({k: v for k, v in tensors.items() if k.startswith(names)}, f'{out}/mixing_{family}.safetensors')
json.dump(cases, open(f'{out}/mixing.json', 'w'), separators=(',', ':'))

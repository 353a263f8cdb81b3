"""Images a second of MMDetection's own data pipeline of YOLOX on a folder in VOC's layout, on one thread.

Prints one JSON line { images, seconds, cpuSeconds, peakMB, version }. Needs mmdet, an mmcv (mmcv-lite is enough) and cv2.
    python bench/python/pipeline.py --data data/bccd --classes Platelets,RBC,WBC --images 200
"""
import argparse
import json
import resource
import sys
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument('--data', required=True)
parser.add_argument('--classes', required=True)
parser.add_argument('--images', type=int, default=200)
parser.add_argument('--seed', type=int, default=0)
args = parser.parse_args()

try:
    import cv2
    import mmdet
    import torch
    from mmdet.datasets import MultiImageMixDataset, XMLDataset  # noqa: F401
    from mmdet.registry import DATASETS
    from mmdet.utils import register_all_modules
except ImportError as error:
    sys.exit(f'skipped: {error}')

register_all_modules()
cv2.setNumThreads(0)
torch.set_num_threads(1)

SCALE = (640, 640)  # configs/yolox/yolox_s_8xb8-300e_coco.py
pipeline = [
    dict(type='Mosaic', img_scale=SCALE, pad_val=114.0),
    dict(type='RandomAffine', scaling_ratio_range=(0.1, 2), border=(-SCALE[0] // 2, -SCALE[1] // 2)),
    dict(type='MixUp', img_scale=SCALE, ratio_range=(0.8, 1.6), pad_val=114.0),
    dict(type='YOLOXHSVRandomAug'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='Resize', scale=SCALE, keep_ratio=True),
    dict(type='Pad', pad_to_square=True, pad_val=dict(img=(114.0, 114.0, 114.0))),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='PackDetInputs'),
]
dataset = DATASETS.build(
    dict(
        type='MultiImageMixDataset',
        dataset=dict(
            type='XMLDataset',
            data_root=args.data,
            ann_file='ImageSets/Main/train.txt',
            data_prefix=dict(sub_data_root=''),
            metainfo=dict(classes=tuple(args.classes.split(','))),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)],
            filter_cfg=dict(filter_empty_gt=False, min_size=32)),
        pipeline=pipeline))

np.random.seed(args.seed)
order = np.random.permutation(len(dataset))
for index in order[:20]:
    dataset[int(index)]  # warm-up: files in the page cache
start, cpu = time.perf_counter(), time.process_time()
for i in range(args.images):
    dataset[int(order[i % len(order)])]
print(json.dumps(dict(
    images=args.images,
    seconds=[(time.perf_counter() - start) / args.images],
    cpuSeconds=[(time.process_time() - cpu) / args.images],
    peakMB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    version=f'mmdet {mmdet.__version__}, cv2 {cv2.__version__}')))

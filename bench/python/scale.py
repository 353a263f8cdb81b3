"""Time and memory of MMDetection's CocoDataset on a large annotation file: listing, then a batch of eight images.

    python bench/python/scale.py DIR     annotations.json and images/ of bench/scale-input.ts

Prints one JSON line { seconds, first, cpu, peakMB, heldMB, records, objects }.
"""
import contextlib
import gc
import io
import json
import sys
import time

from mmdet.registry import DATASETS
from mmdet.utils import register_all_modules

folder = sys.argv[1]
with open(f'{folder}/classes.json') as file:
    classes = tuple(json.load(file))


def memory(key):
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


register_all_modules()
before, cpu = memory('VmRSS'), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    started = time.perf_counter()
    dataset = DATASETS.build(
        dict(
            type='CocoDataset',
            ann_file=f'{folder}/annotations.json',
            data_prefix=dict(img=f'{folder}/images/'),
            metainfo=dict(classes=classes),
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
                      dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]))
    listed = time.perf_counter() - started
    cpu = time.process_time() - cpu
    started = time.perf_counter()
    for index in range(8):
        dataset[index * 7919 % len(dataset)]
    first = time.perf_counter() - started
gc.collect()
print(json.dumps(dict(
    seconds=[listed], first=first, cpu=cpu, peakMB=memory('VmHWM'), heldMB=memory('VmRSS'), baseMB=before,
    records=len(dataset))))

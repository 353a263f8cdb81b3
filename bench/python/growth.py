"""Time and memory of the peers at one point of an axis of growth. Prints one JSON line { seconds, peakMB, ... }.

    python bench/python/growth.py nms 10000              greedy suppression in torch (torchvision has no CPU-only wheel here)
    python bench/python/growth.py evaluation 10000 DIR   pycocotools on gt.json and dt.json of the folder
    python bench/python/growth.py records 10000 DIR      MMDetection's CocoDataset on COUNT.json and images/ of the folder
"""
import contextlib
import io
import json
import sys
import time

axis, count = sys.argv[1], int(sys.argv[2])
folder = sys.argv[3] if len(sys.argv) > 3 else ''


def peak_mb():
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM'))


def clustered_boxes():
    """As clusteredBoxes in growth-input.ts."""
    torch.manual_seed(3)
    side, objects = (640 * 480 * count / 1000) ** 0.5, max(1, round(count / 20))
    centres = torch.rand(objects, 2) * side
    centre = centres[torch.randint(objects, (count,))] + torch.rand(count, 2) * 16 - 8
    half = (30 + 30 * torch.rand(count, 2)) / 2
    return torch.cat([centre - half, centre + half], 1), torch.rand(count)


def suppress(boxes, scores, threshold=0.6):
    """The best box is kept, those that overlap it are dropped, and so on with the rest."""
    order = scores.argsort(descending=True)
    boxes, kept = boxes[order], []
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    while len(order) > 0:
        kept.append(int(order[0]))
        low = torch.maximum(boxes[0, :2], boxes[1:, :2])
        high = torch.minimum(boxes[0, 2:], boxes[1:, 2:])
        inner = (high - low).clamp_(min=0).prod(1)
        rest = inner / (areas[0] + areas[1:] - inner) <= threshold
        order, boxes, areas = order[1:][rest], boxes[1:][rest], areas[1:][rest]
    return kept


result = {}
seconds = []
if axis == 'nms':
    import torch

    torch.set_num_threads(1)
    given = clustered_boxes()
    for _ in range(3 if count <= 10_000 else 1):
        started = time.perf_counter()
        result['kept'] = len(suppress(*given))
        seconds.append(time.perf_counter() - started)
elif axis == 'evaluation':
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truths = COCO(f'{folder}/gt.json')
        found = truths.loadRes(f'{folder}/dt.json')
        started = time.perf_counter()
        evaluation = COCOeval(truths, found, 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        seconds.append(time.perf_counter() - started)
        result['AP'] = float(evaluation.stats[0])
elif axis == 'records':
    from mmdet.registry import DATASETS
    from mmdet.utils import register_all_modules

    register_all_modules()
    with contextlib.redirect_stdout(io.StringIO()):
        started = time.perf_counter()
        dataset = DATASETS.build(
            dict(
                type='CocoDataset',
                ann_file=f'{folder}/{count}.json',
                data_prefix=dict(img=f'{folder}/images/'),
                metainfo=dict(classes=('red', 'green', 'blue')),
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
                          dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]))
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        for index in range(8):
            dataset[index * 7 % count]
        result['first'] = time.perf_counter() - started
        result['records'] = len(dataset)
print(json.dumps(dict(seconds=seconds, peakMB=peak_mb(), **result)))

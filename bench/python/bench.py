"""Times detectors written in plain Python torch: what this project's engine is compared with.

    python bench/python/bench.py --case faster_rcnn_r50_fpn --mode train --batch 2 --precision bf16

Prints one JSON line: seconds of every repetition after one warm-up, the share of them spent in RoIAlign (torch alone has
no compiled one), and the peak resident memory of the whole process (`peakMB`) beside that before the first
repetition (`loadedMB`).
"""

import argparse
import contextlib
import json
import os
import time

import torch

from detr import DETR
from faster_rcnn import FasterRCNN
from mask2former import Mask2Former
from mask_rcnn import MaskRCNN
from resnet import ResNetFPN
from retinanet import RetinaNet
from solov2 import SOLOv2
from sparse_rcnn import SparseRCNN
from tood import TOOD
from yolov5 import YOLOv5
from yolov8 import YOLOv8

# height, width of the image, padded to multiples of 32 as DetDataPreprocessor does
CASES = {
    'resnet50_fpn': dict(size=(800, 1344), modes=('fwd', 'fwdbwd')),
    'faster_rcnn_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'retinanet_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'mask_rcnn_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'solov2_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'tood_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'sparse_rcnn_r50_fpn': dict(size=(800, 1344), modes=('train', 'infer'), classes=80),
    'mask2former_r50': dict(size=(1024, 1024), modes=('train', 'infer'), classes=80),
    'detr_r50': dict(size=(800, 1333), modes=('train', 'infer'), classes=80),
    'yolov5_s': dict(size=(640, 640), modes=('train', 'infer'), classes=80),
    'yolov8_s': dict(size=(640, 640), modes=('train', 'infer'), classes=80),
    'faster_rcnn_r18_fpn': dict(size=(256, 320), modes=('train', 'infer'), classes=3),
}


def build(case):
    if case == 'resnet50_fpn':
        return ResNetFPN(50)
    whole = {'retinanet_r50_fpn': RetinaNet, 'mask_rcnn_r50_fpn': MaskRCNN, 'detr_r50': DETR, 'yolov8_s': YOLOv8, 'yolov5_s': YOLOv5,
             'solov2_r50_fpn': SOLOv2, 'tood_r50_fpn': TOOD, 'sparse_rcnn_r50_fpn': SparseRCNN,
             'mask2former_r50': Mask2Former}
    if case in whole:
        return whole[case](CASES[case]['classes']) if case.startswith('yolo') else whole[case]()
    if case == 'faster_rcnn_r50_fpn':
        return FasterRCNN(50, 80, frozen_stages=1, norm_eval=True)
    # the tour's detector: random weights, so nothing frozen and batch statistics trained
    return FasterRCNN(18, 3, frozen_stages=-1, norm_eval=False, nms_pre=(1000, 1000), max_per_img=(500, 1000), samples=128)


def peak_mb():
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM'))


def random_truths(batch, size, classes, count=8):
    boxes, labels = [], []
    for _ in range(batch):
        centre = torch.rand(count, 2) * torch.tensor([size[1], size[0]])
        half = (0.03 + 0.15 * torch.rand(count, 2)) * torch.tensor([size[1], size[0]])
        limit = torch.tensor([size[1], size[0]])
        low, high = (centre - half).clamp(min=0), torch.minimum(centre + half, limit)
        boxes.append(torch.cat([low, high], 1))
        labels.append(torch.randint(classes, (count,)))
    return boxes, labels


def ellipses(boxes, size):
    """A bitmap [H, W] for each box: the ellipse inside it."""
    y, x = torch.arange(size[0])[:, None] + 0.5, torch.arange(size[1])[None] + 0.5
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).clamp(min=1) / 2
    return torch.stack([((x - c[0]) / h[0]) ** 2 + ((y - c[1]) / h[1]) ** 2 <= 1 for c, h in zip(centre, half)])


def step_of(model, arguments, images):
    """The function that is timed."""

    def precision():
        return torch.autocast('cpu', torch.bfloat16) if arguments.precision == 'bf16' else contextlib.nullcontext()

    if arguments.mode == 'infer':
        model.eval()

        def infer():
            with torch.inference_mode(), precision():
                return model.predict(images)

        return infer
    if arguments.mode == 'fwd':

        def forward():
            with torch.inference_mode(), precision():
                return model(images)

        return forward
    parameters = [p for p in model.parameters() if p.requires_grad]
    if arguments.mode == 'fwdbwd':

        def forward_backward():
            with precision():
                outputs = model(images)
                loss = sum(x.float().square().mean() for x in outputs)
            return torch.autograd.grad(loss, parameters, allow_unused=True)

        return forward_backward

    model.train()
    optimizer = torch.optim.SGD(parameters, lr=1e-4, momentum=0.9, weight_decay=1e-4)
    case = CASES[arguments.case]
    targets = random_truths(arguments.batch, case['size'], case['classes'])
    if arguments.case in ('mask_rcnn_r50_fpn', 'solov2_r50_fpn', 'mask2former_r50'):
        targets = (*targets, [ellipses(boxes, case['size']) for boxes in targets[0]])

    def train():
        with precision():
            losses = model.loss(images, *targets)
        optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        optimizer.step()
        return {name: loss.item() for name, loss in losses.items()}

    return train


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--case', choices=CASES, required=True)
    parser.add_argument('--mode', choices=['fwd', 'fwdbwd', 'train', 'infer'], required=True)
    parser.add_argument('--batch', type=int, default=1)
    parser.add_argument('--precision', choices=['f32', 'bf16'], default='f32')
    parser.add_argument('--layout', choices=['channels_last', 'contiguous'], default='channels_last')
    parser.add_argument('--reps', type=int, default=3)
    parser.add_argument('--size', type=int, help='height and width of a square image')
    parser.add_argument('--classes', type=int, help='classes of yolov8_s')
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.mode not in CASES[arguments.case]['modes']:
        parser.error(f"{arguments.case} runs in {' or '.join(CASES[arguments.case]['modes'])}, not in {arguments.mode}")

    case = CASES[arguments.case]
    if arguments.size:
        case['size'] = (arguments.size, arguments.size)
    if arguments.classes:
        case['classes'] = arguments.classes
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = build(arguments.case).eval()
    layout = torch.channels_last if arguments.layout == 'channels_last' else torch.contiguous_format
    model = model.to(memory_format=layout)
    images = torch.randn(arguments.batch, 3, *CASES[arguments.case]['size']).contiguous(memory_format=layout)
    step = step_of(model, arguments, images)
    loaded = peak_mb()
    extractor = getattr(getattr(model, 'roi_head', None), 'bbox_roi_extractor', None)
    seconds, roi_seconds = [], []
    for repetition in range(arguments.reps + 1):
        if extractor:
            extractor.seconds = 0.0
        started = time.perf_counter()
        result = step()
        elapsed = time.perf_counter() - started
        if repetition > 0:  # the first one warms up
            seconds.append(round(elapsed, 4))
            roi_seconds.append(round(extractor.seconds, 4) if extractor else 0.0)
    report = {
        'name': f'{arguments.case} {arguments.mode} batch {arguments.batch} {arguments.precision} {arguments.layout}',
        'seconds': seconds,
        'roiSeconds': roi_seconds,
        'peakMB': round(peak_mb()),
        'loadedMB': round(loaded),
        'threads': arguments.threads,
        'torch': torch.__version__,
    }
    if arguments.mode == 'train':
        report['losses'] = result
    print(json.dumps(report))


if __name__ == '__main__':
    main()

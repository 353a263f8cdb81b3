"""Keypoints: MMYOLO's transforms, OksLoss and PoseSimOTAAssigner, and MMPose's CocoMetric. Writes ../pose.json.

Needs mmyolo 0.6.0 and mmpose 1.3.2 (with xtcocotools, json_tricks, munkres). Run beside mmyolo's folder `configs` (mmyolo/.mim).
"""
import json
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import CocoMetric

import mmyolo.datasets.transforms.mix_img_transforms as mixing
from mmyolo.datasets.transforms import Mosaic, YOLOXMixUp
from mmyolo.datasets.transforms.keypoint_structure import Keypoints
from mmyolo.datasets.transforms.transforms import RandomAffine, RandomFlip, Resize
from mmyolo.models.losses.oks_loss import OksLoss
from mmyolo.models.task_modules.assigners import PoseSimOTAAssigner

OUT = Path(__file__).parent.parent / 'pose.json'
META = parse_pose_metainfo(dict(from_file='configs/_base_/pose/coco.py'))
rng = np.random.default_rng(7)
K = 17


def eighths(values):
    """Short in JSON, and exact."""
    return (np.round(np.asarray(values) * 8) / 8).astype(np.float32)


def objects(n, w, h):
    xy = rng.uniform([0, 0], [w * 0.6, h * 0.6], (n, 2))
    boxes = eighths(np.concatenate([xy, xy + rng.uniform(4, [w * 0.4, h * 0.4], (n, 2))], 1))
    u = rng.uniform(-0.2, 1.2, (n, K, 2))
    points = eighths(boxes[:, None, :2] + u * (boxes[:, None, 2:] - boxes[:, None, :2]))
    return boxes, points, (rng.uniform(size=(n, K)) > 0.3).astype(np.float32)


def sample(n, w, h):
    boxes, points, visible = objects(n, w, h)
    given = dict(width=w, height=h, boxes=boxes.ravel().tolist(), points=np.concatenate([points, visible[..., None]], 2).ravel().tolist())
    results = dict(img=np.zeros((h, w, 3), np.uint8), img_shape=(h, w), gt_bboxes=HorizontalBoxes(boxes),
                   gt_bboxes_labels=np.zeros(n, np.int64), gt_ignore_flags=np.zeros(n, bool),
                   gt_keypoints=Keypoints(points, visible, flip_indices=META['flip_indices']))
    return given, results


def kept(results):
    k = results['gt_keypoints']
    return dict(boxes=results['gt_bboxes'].tensor.ravel().tolist(),
                points=torch.cat([k.keypoints, k.keypoints_visible[..., None]], -1).ravel().tolist())


def transforms():
    cases = {}
    given, results = sample(3, 37, 29)
    cases['resize'] = dict(given=[given], out=kept(Resize(scale=(53, 41), keep_ratio=True).transform(results)))
    given, results = sample(2, 37, 29)
    cases['flip'] = dict(given=[given], out=kept(RandomFlip(prob=1.0).transform(results)))
    given, results = sample(4, 60, 50)
    affine = RandomAffine(border=(-10, -8))
    matrix = np.array([[0.8, -0.1, 5.25], [0.12, 0.9, -3.5], [0, 0, 1]], np.float32)
    affine._get_random_homography_matrix = lambda *_: matrix
    cases['affine'] = dict(given=[given], matrix=matrix.ravel().tolist(), out=kept(affine.transform(results)))
    pairs = [sample(n, w, h) for n, w, h in ((2, 30, 20), (1, 25, 40), (0, 32, 32), (3, 50, 23))]
    first = pairs[0][1]
    first['mix_results'] = [p[1] for p in pairs[1:]]
    mosaic = Mosaic(img_scale=(32, 32), pre_transform=[])
    centers = iter([0.9, 1.1])
    mixing.random = type('R', (), dict(uniform=lambda *_: next(centers)))
    cases['mosaic'] = dict(given=[p[0] for p in pairs], center=[int(0.9 * 32), int(1.1 * 32)], out=kept(mosaic.mix_img_transform(first)))
    (a, first), (b, second) = sample(2, 64, 64), sample(2, 30, 45)
    first['mix_results'] = [second]
    draws = iter([1.3, 0.7, ])
    mixing.random = type('R', (), dict(uniform=lambda *_: next(draws), randint=lambda low, high: high))
    mixup = YOLOXMixUp(img_scale=(64, 64), pre_transform=[])
    offsets = iter([5, 3])
    old = np.random.randint
    np.random.randint = lambda *_: next(offsets)
    old_uniform = np.random.uniform
    np.random.uniform = lambda *_: next(draws)
    cases['mixup'] = dict(given=[a, b], jitter=1.3, flip=True, out=kept(mixup.mix_img_transform(first)))
    np.random.randint, np.random.uniform = old, old_uniform
    mixing.random = random
    return cases


def t(values):
    return torch.tensor(np.asarray(values, np.float32))


def losses():
    cases = []
    for name, meta, boxed in (('plain', None, False), ('boxes', None, True), ('sigmas', 'configs/_base_/pose/coco.py', True)):
        boxes, points, visible = objects(4, 90, 70)
        predicted = eighths(points + rng.normal(0, 3, points.shape))
        predicted[1] = points[1]  # the same
        visible[2] = 0  # nothing is visible
        if boxed:
            boxes[3, 2:] = boxes[3, :2]  # a box without extent
        x = t(predicted).requires_grad_()
        loss = OksLoss(metainfo=meta, loss_weight=30.0)(x, t(points), t(visible), t(boxes) if boxed else None)
        keep = [0, 2] if boxed else [0, 2, 3]  # at 0 distance torch's gradient is 0, without extent infinite
        loss[keep].sum().backward()
        cases.append(dict(name=name, predicted=predicted.ravel().tolist(), points=points.ravel().tolist(), visible=visible.ravel().tolist(),
                          boxes=boxes.ravel().tolist() if boxed else None, loss=loss.tolist(), keep=keep, grad=x.grad[keep].ravel().tolist()))
    return cases


def assigner():
    cases = []
    grid = np.array([[x, y, 8, 8] for y in range(4, 48, 8) for x in range(4, 48, 8)], np.float32)
    for name, n, oks, vis in (('usual', 3, 3.0, 0.5), ('none', 0, 3.0, 0.0), ('twins', 2, 3.0, 0.0), ('hidden', 2, 3.0, 1.0), ('plain', 3, 0.0, 0.0)):
        boxes, points, visible = objects(n, 48, 48)
        if name == 'twins':
            boxes[1], points[1], visible[1] = boxes[0], points[0], visible[0]
        if name == 'hidden':
            visible[:] = 0
        scores = rng.uniform(0.05, 0.95, (len(grid), 1)).astype(np.float32)
        sides = rng.uniform(4, 30, (len(grid), 2))
        found = eighths(np.concatenate([grid[:, :2] - sides / 2, grid[:, :2] + sides / 2], 1))
        keypoints = eighths(np.concatenate([grid[:, None, :2] + rng.normal(0, 8, (len(grid), K, 2)), rng.normal(0, 1, (len(grid), K, 1))], 2))
        part = PoseSimOTAAssigner(oks_weight=oks, vis_weight=vis, iou_calculator=dict(type='mmdet.BboxOverlaps2D'),
                                  oks_calculator=dict(type='OksLoss', metainfo='configs/_base_/pose/coco.py'))
        result = part.assign(
            InstanceData(priors=t(grid), bboxes=torch.cat([t(found), t(keypoints).flatten(1)], 1), scores=t(scores)),
            InstanceData(bboxes=t(boxes), labels=torch.zeros(n).long(), keypoints=t(points), keypoints_visible=t(visible)))
        cases.append(dict(name=name, oks_weight=oks, vis_weight=vis, priors=grid.ravel().tolist(), scores=scores.ravel().tolist(), found=found.ravel().tolist(),
                          keypoints=keypoints.ravel().tolist(), boxes=boxes.ravel().tolist(),
                          points=np.concatenate([points, visible[..., None]], 2).ravel().tolist(),
                          assigned=result.gt_inds.tolist(), overlaps=[float(v) for v in result.max_overlaps]))
    return cases


def metric():
    images, annotations, found = [], [], []
    for i in range(6):
        images.append(dict(id=i + 1, width=400, height=300, file_name=f'{i}.jpg'))
        boxes, points, _ = objects(4, 400, 300)
        boxes, points = boxes.astype(int), points.astype(int)
        poses = []
        for j in range(4):
            visible = rng.integers(0, 3, K)
            crowd = j == 3 and i < 3
            if crowd or (j == 2 and i % 2):
                visible[:] = 0
            x1, y1, x2, y2 = (int(v) for v in boxes[j])
            annotations.append(dict(id=len(annotations) + 1, image_id=i + 1, category_id=1, iscrowd=int(crowd), bbox=[x1, y1, x2 - x1, y2 - y1],
                                    area=float((x2 - x1) * (y2 - y1) * 0.6), num_keypoints=int((visible > 0).sum()),
                                    keypoints=np.concatenate([points[j], visible[:, None]], 1).ravel().tolist()))
            for copy in range(2):
                noise = rng.normal(0, (2, 9)[copy] * max(1, (x2 - x1) / 60), (K, 2))
                poses.append((eighths(points[j] + noise), eighths(boxes[j] + rng.normal(0, 3, 4)), eighths(rng.uniform(size=K)), rng.uniform()))
        poses += [poses[0]] if i == 0 else []  # the same twice
        if i == 5:
            poses = []
        found.append(dict(id=i + 1, keypoints=np.array([p[0] for p in poses], np.float32).reshape(-1, K, 2), bboxes=np.array([p[1] for p in poses], np.float32).reshape(-1, 4),
                          scores=np.array([p[2] for p in poses], np.float32).reshape(-1, K), bbox_scores=np.array([p[3] for p in poses], np.float32)))
    coco = dict(images=images, annotations=annotations, categories=[dict(id=1, name='person', keypoints=list(META['keypoint_id2name'].values()), skeleton=[])])
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'gt.json'
        file.write_text(json.dumps(coco))
        for options in (dict(score_mode='bbox'), dict(score_mode='bbox_keypoint', nms_mode='soft_oks_nms', nms_thr=0.5), dict(score_mode='keypoint', nms_mode='none'),
                        dict(score_mode='bbox_rle', nms_thr=0.4), dict(score_mode='bbox', use_area=False)):
            part = CocoMetric(ann_file=str(file), **options)
            part.dataset_meta = dict(META)
            part.process([], [dict(id=[f['id']], img_id=f['id'], gt_instances={}, pred_instances=dict(
                keypoints=f['keypoints'], keypoint_scores=f['scores'], bboxes=f['bboxes'], bbox_scores=f['bbox_scores'])) for f in found])
            cases.append(dict(options=options, metrics={k: float(v) for k, v in part.evaluate(len(found)).items()}))
    plain = [dict(id=f['id'], scores=f['bbox_scores'].tolist(), bboxes=f['bboxes'].ravel().tolist(),
                  keypoints=np.concatenate([f['keypoints'], f['scores'][..., None]], 2).ravel().tolist()) for f in found]
    return dict(coco=coco, found=plain, cases=cases)


def rounded(v):
    if isinstance(v, float):
        return float(f'{v:.9g}')
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    return [rounded(x) for x in v] if isinstance(v, (list, tuple)) else v


with DefaultScope.overwrite_default_scope('mmyolo'):
    OUT.write_text(json.dumps(rounded(dict(transforms=transforms(), losses=losses(), assigner=assigner(), metric=metric())), separators=(',', ':')) + '\n')
print(OUT.stat().st_size)

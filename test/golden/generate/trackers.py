"""Trackers of MMDetection over the detections of byte_tracker.json's videos, frame by frame -> ocsort_tracker.json.

Needs lap, and motmetrics only by name.
"""
import json
import random
import sys
import types
from pathlib import Path

import torch

for name in ('motmetrics', 'motmetrics.lap'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['motmetrics.lap'].linear_sum_assignment = None
from mmengine.structures import InstanceData  # noqa: E402

from mmdet.models.trackers import OCSORTTracker  # noqa: E402
from mmdet.registry import TASK_UTILS  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402

GOLDEN = Path(__file__).parent.parent


def video(seed, objects, frames, miss, classes=1):
    """Boxes that move on straight or bent lines, cross, are missed for some frames and come back."""
    rng = random.Random(seed)
    paths = []
    for _ in range(objects):
        paths.append([rng.uniform(-30, 250), rng.uniform(-30, 200), rng.uniform(15, 50), rng.uniform(20, 60),
                      rng.uniform(-9, 9), rng.uniform(-6, 6), rng.randrange(classes), 0])
    out = []
    for _ in range(frames):
        found = []
        for p in paths:
            p[0] += p[4]
            p[1] += p[5]
            p[4] += rng.uniform(-1.5, 1.5)
            if p[7] > 0:
                p[7] -= 1
                continue
            if rng.random() < miss:
                p[7] = rng.randrange(1, 6)
                continue
            j = [rng.uniform(-2, 2) for _ in range(4)]
            box = [p[0] + j[0], p[1] + j[1], p[0] + p[2] + j[2], p[1] + p[3] + j[3]]
            found.append(([round(v, 1) for v in box], round(rng.uniform(0.2, 1), 4), p[6]))
        if rng.random() < 0.06:
            found = []
        found.sort(key=lambda one: -one[1])
        out.append(found)
    return out


CASES = [
    ({}, video(0, 4, 25, 0.05)),
    ({}, video(1, 8, 30, 0.15)),
    ({'num_frames_retain': 4, 'num_tentatives': 2, 'vel_delta_t': 1}, video(2, 7, 30, 0.15, classes=2)),
    ({'weight_iou_with_det_scores': False, 'match_iou_thr': 0.1, 'obj_score_thr': 0.5}, video(3, 10, 25, 0.1)),
    ({'vel_consist_weight': 0.8, 'init_track_thr': 0.4, 'num_frames_retain': 30}, video(4, 9, 30, 0.2)),
]

cases = []
for options, frames in CASES:
    tracker = OCSORTTracker(motion=dict(type='KalmanFilter'), **options)
    rows = []
    for f, found in enumerate(frames):
        sample = DetDataSample(metainfo=dict(frame_id=f))
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([b for b, _, _ in found], dtype=torch.float32).reshape(-1, 4),
            scores=torch.tensor([s for _, s, _ in found], dtype=torch.float32),
            labels=torch.tensor([c for _, _, c in found], dtype=torch.long))
        out = tracker.track(sample)
        rows.append(dict(
            bboxes=[v for b, _, _ in found for v in b], scores=[s for _, s, _ in found],
            labels=[c for _, _, c in found],
            tracked=dict(bboxes=[round(v, 1) for v in out.bboxes.flatten().tolist()],
                         labels=out.labels.tolist(), ids=out.instances_id.tolist())))
    cases.append(dict(options=options, frames=rows))
(GOLDEN / 'ocsort_tracker.json').write_text(json.dumps(cases) + '\n')
print([len(set(i for r in c['frames'] for i in r['tracked']['ids'])) for c in cases])

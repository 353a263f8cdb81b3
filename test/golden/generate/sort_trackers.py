"""SORT's, DeepSORT's and StrongSORT's trackers of MMDetection over seeded videos -> sort_tracker.json, strongsort_tracker.json;
how OpenCV aligns frames of a moving camera -> camera_motion.json.

Needs motmetrics' lap.py (the file alone), scipy and opencv-python.
"""
import importlib.util
import json
import random
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import torch

for name in ('motmetrics', 'motmetrics.lap'):
    sys.modules[name] = types.ModuleType(name)
place = next(p for p in (Path(d) / 'motmetrics/lap.py' for d in sys.path) if p.exists())
spec = importlib.util.spec_from_file_location('motmetrics.lap', place)
spec.loader.exec_module(sys.modules['motmetrics.lap'])
sys.modules['motmetrics.lap'].default_solver = 'scipy'
from mmengine.structures import InstanceData  # noqa: E402

from mmdet.models.task_modules.tracking import CameraMotionCompensation  # noqa: E402
from mmdet.models.trackers import SORTTracker, StrongSORTTracker  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402

GOLDEN = Path(__file__).parent.parent
CHANNELS = 4


def video(seed, objects, frames, miss, classes=1, camera=0.0, twins=False):
    """Boxes that move, cross, are hidden and come back, are born and leave; embeddings near those of their object; a camera that
    turns and shifts. With twins, whole coordinates, equal boxes and equal embeddings: ties."""
    rng = random.Random(seed)
    looks = [[rng.gauss(0, 1) for _ in range(CHANNELS)] for _ in range(objects)]
    paths = [[rng.uniform(0, 250), rng.uniform(0, 200), rng.uniform(15, 50), rng.uniform(20, 60), rng.uniform(-6, 6),
              rng.uniform(-4, 4), rng.randrange(classes), 0, rng.randrange(0, max(frames // 3, 1)) * (k % 3 == 2)]
             for k in range(objects)]
    out, at = [], [0.0, 0.0, 0.0]
    for f in range(frames):
        found = []
        warp = [rng.uniform(-camera, camera) * s for s in (0.002, 1, 1)] if f else [0.0, 0.0, 0.0]
        at = [a + w for a, w in zip(at, warp)]
        for k, p in enumerate(paths):
            p[0] += p[4]
            p[1] += p[5]
            if f < p[8]:
                continue
            if p[7] > 0:
                p[7] -= 1
                continue
            if rng.random() < miss:
                p[7] = rng.randrange(1, 7)
                continue
            j = [rng.uniform(-2, 2) for _ in range(4)]
            x, y = p[0] + at[1], p[1] + at[2]
            box = [round(v, 0 if twins else 1) for v in (x + j[0], y + j[1], x + p[2] + j[2], y + p[3] + j[3])]
            look = [round(v + rng.gauss(0, 0.15), 3) for v in looks[k]]
            found.append((box, round(rng.uniform(0.2, 1), 4), p[6], look))
            if twins and k % 2 == 0:
                found.append((box, round(rng.uniform(0.2, 1), 4), p[6], look))
        if rng.random() < 0.06:
            found = []
        found.sort(key=lambda one: -one[1])
        out.append(([round(w, 5) for w in warp], found))
    return out


class Model:
    """Gives the tracker the embeddings and the motion of the camera of the video."""

    def __init__(self, with_cmc):
        self.with_cmc = with_cmc
        self.head = types.SimpleNamespace(out_channels=CHANNELS)
        self.reid = self.cmc = self
        self.compensation = CameraMotionCompensation()
        self.compensation.get_warp_matrix = self.warp_matrix

    def warp_matrix(self, *_):
        angle, x, y = self.warp
        c, s = np.cos(angle), np.sin(angle)
        return torch.tensor([[c, -s, x], [s, c, y]], dtype=torch.float32)

    def track(self, *args):
        return self.compensation.track(*args)

    def __call__(self, crops, mode):
        return crops


def tracked(Tracker, options, frames, camera=False):
    tracker = Tracker(**{'motion': dict(type='KalmanFilter'), **options})
    model, rows = Model(camera), []
    tracker.crop_imgs = lambda *_: model.looks
    for f, (warp, found) in enumerate(frames):
        sample = DetDataSample(metainfo=dict(frame_id=f, scale_factor=(1.0, 1.0)))
        tensor = lambda values, width: torch.tensor(values, dtype=torch.float32).reshape(-1, width)
        scores = tensor([s for _, s, _, _ in found], 1)[:, 0]
        sample.pred_instances = InstanceData(bboxes=tensor([b for b, _, _, _ in found], 4), scores=scores,
                                             labels=torch.tensor([c for _, _, c, _ in found], dtype=torch.long))
        model.looks = tensor([e for _, _, _, e in found], CHANNELS)[scores > tracker.obj_score_thr]
        model.warp = warp
        out = tracker.track(model, torch.zeros(1, 3, 4, 4), sample)
        row = dict(bboxes=[v for b, _, _, _ in found for v in b], scores=[s for _, s, _, _ in found],
                   labels=[c for _, _, c, _ in found],
                   tracked=dict(bboxes=[round(v, 1) for v in out.bboxes.flatten().tolist()],
                                labels=out.labels.tolist(), ids=out.instances_id.tolist()))
        if options.get('reid'):
            row['embeddings'] = [v for _, _, _, e in found for v in e]
        rows.append({**row, **({'warp': warp} if camera else {})})
    return dict(options=options, frames=rows)


SORT = [
    (dict(reid=None), video(0, 6, 25, 0.08)),
    (dict(reid=None, obj_score_thr=0.5, match_iou_thr=0.4, num_frames_retain=3), video(1, 8, 25, 0.15, classes=2)),
    (dict(reid=dict(num_samples=10, match_score_thr=2.0), num_tentatives=2, num_frames_retain=20, match_iou_thr=0.5),
     video(2, 9, 30, 0.15)),
    (dict(reid=dict(num_samples=3, match_score_thr=0.8), obj_score_thr=0.4), video(3, 8, 25, 0.12, classes=2)),
    (dict(motion=dict(type='KalmanFilter', center_only=True), reid=dict(match_score_thr=1.0), momentums=dict(embeds=0.3)),
     video(4, 7, 25, 0.15)),
    (dict(reid=dict(num_samples=5, match_score_thr=1.5), num_tentatives=1, obj_score_thr=0.2), video(5, 6, 20, 0.1, twins=True)),
]
STRONG = [
    (dict(reid=dict(match_score_thr=0.3, motion_weight=0.02), momentums=dict(embeds=0.1), obj_score_thr=0.3,
          motion=dict(type='KalmanFilter', use_nsa=True), num_frames_retain=30), video(10, 9, 30, 0.15), False),
    (dict(reid=dict(match_score_thr=0.5, motion_weight=0.2, num_samples=4), obj_score_thr=0.4, num_tentatives=3),
     video(11, 7, 25, 0.12, classes=2), False),
    (dict(reid=dict(match_score_thr=0.3, motion_weight=0.02), momentums=dict(embeds=0.1), obj_score_thr=0.3,
          motion=dict(type='KalmanFilter', use_nsa=True)), video(12, 9, 30, 0.12, camera=12), True),
    (dict(reid=None, obj_score_thr=0.25, match_iou_thr=0.4), video(13, 8, 25, 0.1, camera=15), True),
]


def texture(x, y):
    return 127 + 40 * np.sin(0.11 * x + 0.05 * y) + 30 * np.sin(0.07 * x - 0.13 * y + 1) + 25 * np.cos(0.31 * x) * np.sin(0.23 * y)


def aligned():
    """A texture before and after the camera turned and shifted, and what OpenCV makes of the two frames."""
    width, height, cases = 160, 110, []
    y, x = np.mgrid[:height, :width].astype(float)
    for angle, dx, dy, iterations, epsilon in ((0.0, 0.0, 0.0, 50, 1e-3), (0.01, 2.5, -1.2, 50, 1e-3),
                                               (-0.02, -3.1, 4.4, 100, 1e-5), (0.03, 1.0, 6.0, 100, 1e-5),
                                               (0.0, 0.4, 0.3, 5, 1e-3), (0.004, 0.0, 3.0, 2, 1e-3)):
        c, s = np.cos(angle), np.sin(angle)
        frames = texture(x, y), texture(c * (x - dx) + s * (y - dy), c * (y - dy) - s * (x - dx))
        color = [np.repeat(np.round(one)[:, :, None], 3, 2).astype(np.float32) for one in frames]
        warp = CameraMotionCompensation(num_iters=iterations, stop_eps=epsilon).get_warp_matrix(*color).numpy()
        cases.append(dict(width=width, height=height, moved=dict(angle=angle, x=dx, y=dy), num_iters=iterations, stop_eps=epsilon,
                          warp=dict(angle=float(np.arcsin(warp[1, 0])), x=float(warp[0, 2]), y=float(warp[1, 2]))))
    return cases


if __name__ == '__main__':
    (GOLDEN / 'camera_motion.json').write_text(json.dumps(aligned()) + '\n')
    for file, cases in (('sort_tracker.json', [tracked(SORTTracker, o, v) for o, v in SORT]),
                        ('strongsort_tracker.json', [tracked(StrongSORTTracker, o, v, c) for o, v, c in STRONG])):
        (GOLDEN / file).write_text(json.dumps(cases) + '\n')
        print(file, [len(set(i for r in c['frames'] for i in r['tracked']['ids'])) for c in cases])

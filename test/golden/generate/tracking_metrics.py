"""MOTChallengeMetric of MMDetection (TrackEval 1.3.0) on videos of moving boxes -> tracking_metrics.json, and InterpolateTracklets.

Needs trackeval and lap.
"""
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData

from mmdet.evaluation.metrics import MOTChallengeMetric
from mmdet.structures import DetDataSample, TrackDataSample

GOLDEN = Path(__file__).parent.parent


def video(seed, objects, frames, noise, miss, switch, classes=(1,)):
    rng = random.Random(seed)
    things = [dict(id=10 + i, c=rng.choice(classes), x=rng.uniform(0, 300), y=rng.uniform(0, 200),
                   w=rng.uniform(20, 60), h=rng.uniform(30, 90), vx=rng.uniform(-8, 8), vy=rng.uniform(-5, 5),
                   t=i, conf=0 if rng.random() < 0.1 else 1) for i in range(objects)]
    out = []
    fresh = objects
    for f in range(frames):
        gt, found = [], []
        for o in things:
            o['x'] += o['vx']
            o['y'] += o['vy']
            if rng.random() < 0.08:
                continue
            gt.append([o['id'], o['c'], o['conf'], round(o['x'], 1), round(o['y'], 1), round(o['w'], 1), round(o['h'], 1)])
            if rng.random() < switch:
                o['t'], fresh = fresh, fresh + 1
            if rng.random() < miss:
                continue
            x, y = o['x'] + rng.gauss(0, noise), o['y'] + rng.gauss(0, noise)
            w, h = o['w'] * rng.uniform(0.8, 1.2), o['h'] * rng.uniform(0.8, 1.2)
            found.append([o['t'], *[round(v * 16) / 16 for v in (x, y, x + w, y + h)], round(rng.uniform(0.3, 1), 4)])
        if rng.random() < 0.25:
            found.append([fresh, 10., 10., 40.5, 60.25, 0.5])
            fresh += rng.random() < 0.5
        if rng.random() < 0.04:
            gt = []
        if rng.random() < 0.04:
            found = []
        out.append(dict(gt=gt, found=found))
    return out


fill = [dict(type='InterpolateTracklets', min_num_frames=5, max_num_frames=20)]
gsi = [dict(type='InterpolateTracklets', min_num_frames=3, max_num_frames=6, use_gsi=True, smooth_tau=10)]
EVERY = (1, 1, 1, 2, 3, 6, 7, 8, 12)
CASES = [
    ({}, dict(A=video(0, 6, 20, 4, 0.1, 0.03))),
    ({}, dict(A=video(1, 8, 18, 8, 0.2, 0.08, EVERY), B=video(2, 5, 12, 3, 0.1, 0.05, EVERY))),
    (dict(benchmark='MOT20'), dict(A=video(3, 10, 12, 5, 0.1, 0.05, EVERY))),
    (dict(benchmark='MOT15'), dict(A=video(4, 6, 12, 5, 0.1, 0.05, EVERY))),
    (dict(postprocess_tracklet_cfg=fill), dict(A=video(5, 6, 20, 3, 0.3, 0.03), B=video(6, 4, 15, 3, 0.3, 0.03))),
    (dict(postprocess_tracklet_cfg=gsi), dict(A=video(7, 5, 20, 3, 0.3, 0.02))),
    (dict(metric=['CLEAR']), dict(A=video(8, 3, 8, 60, 0.9, 0.5), B=[dict(gt=[[1, 1, 1, 5.5, 5.5, 20., 30.]], found=[])] * 3)),
]

cases = []
for options, videos in CASES:
    with tempfile.TemporaryDirectory() as folder:
        metric = MOTChallengeMetric(outfile_prefix=folder + '/out', **options)
        for name, frames in videos.items():
            for f, frame in enumerate(frames):
                sample = DetDataSample(metainfo=dict(
                    img_path=f'data/train/{name}/img1/{f:06d}.jpg', frame_id=f, ori_video_length=len(frames),
                    instances=[dict(instance_id=i, bbox=[x, y, x + w, y + h], mot_conf=conf, category_id=c, visibility=1.)
                               for i, c, conf, x, y, w, h in frame['gt']]))
                rows = frame['found']
                sample.pred_track_instances = InstanceData(
                    bboxes=torch.tensor([r[1:5] for r in rows], dtype=torch.float32).reshape(-1, 4),
                    scores=torch.tensor([r[5] for r in rows], dtype=torch.float32),
                    instances_id=torch.tensor([r[0] for r in rows], dtype=torch.long))
                track = TrackDataSample()
                track.video_data_samples = [sample]
                metric.process({}, [dict(video_data_samples=track.video_data_samples)])
        files = {name: (Path(folder) / 'out' / 'default-tracker' / f'{name}.txt').read_text() for name in videos}
        values = {k: float(v) for k, v in metric.evaluate(1).items()}
    keep = 'postprocess_tracklet_cfg' in options
    cases.append(dict(options=options, videos=videos, values=values,
                      **(dict(files=files) if keep else {})))
(GOLDEN / 'tracking_metrics.json').write_text(json.dumps(cases) + '\n')
for c in cases:
    print(c['values'], file=sys.stderr)

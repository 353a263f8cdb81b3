"""Trackers of MMDetection that recognise objects by vectors, frame by frame over seeded videos -> appearance_trackers.json."""
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

from mmdet.models.tracking_heads import RoIEmbedHead  # noqa: E402
from mmdet.models.trackers import MaskTrackRCNNTracker, QuasiDenseTracker  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402

GOLDEN = Path(__file__).parent.parent
C = 4


def video(seed, objects, frames, miss, classes=1, doubles=0.15, spread=1.5, low=0.2, equal=False):
    """Objects with looks of their own, seen with noise; some twice, some not at all, some like one another."""
    rng = random.Random(seed)
    things = [dict(x=rng.uniform(0, 200), y=rng.uniform(0, 150), w=rng.uniform(15, 60), h=rng.uniform(15, 60),
                   vx=rng.uniform(-6, 6), vy=rng.uniform(-4, 4), c=rng.randrange(classes),
                   look=[rng.gauss(0, spread) for _ in range(C)]) for _ in range(objects)]
    if equal:
        for o in things:
            o['look'] = things[0]['look']
    out = []
    for _ in range(frames):
        found = []
        for o in things:
            o['x'] += o['vx']
            o['y'] += o['vy']
            if rng.random() < miss:
                continue
            for _ in range(2 if rng.random() < doubles else 1):
                j = [0.] * 4 if equal else [rng.uniform(-3, 3) for _ in range(4)]
                found.append(dict(box=[round(v, 1) for v in (o['x'] + j[0], o['y'] + j[1], o['x'] + o['w'] + j[2], o['y'] + o['h'] + j[3])],
                                  score=0.75 if equal else round(rng.uniform(low, 1), 3),
                                  label=o['c'] if rng.random() > 0.1 else rng.randrange(classes),
                                  look=[round(v + (0 if equal else rng.gauss(0, 0.4)), 2) for v in o['look']]))
        if rng.random() < 0.08:
            found = []
        if not equal:
            found.sort(key=lambda one: -one['score'])
        out.append(found)
    return out


MASK, DENSE = 'MaskTrackRCNNTracker', 'QuasiDenseTracker'
CASES = [
    (MASK, {}, video(0, 4, 14, 0.1, classes=2)),
    (MASK, dict(num_frames_retain=2, match_weights=dict(det_score=0.5, iou=1.0, det_label=0.0)), video(1, 7, 16, 0.3, classes=3)),
    (MASK, {}, video(2, 5, 10, 0.2, spread=0.1, doubles=0.5)),
    (MASK, {}, video(3, 3, 6, 0.2, equal=True)),
    (DENSE, dict(init_score_thr=0.5), video(4, 6, 16, 0.1, classes=2, spread=3)),
    (DENSE, dict(init_score_thr=0.4, obj_score_thr=0.3, match_metric='softmax', memo_tracklet_frames=3, with_cats=False),
     video(5, 8, 16, 0.3, classes=3, spread=3)),
    (DENSE, dict(init_score_thr=0.6, match_metric='cosine', match_score_thr=0.8, memo_backdrop_frames=3), video(6, 8, 16, 0.2)),
    (DENSE, dict(init_score_thr=0.3, memo_momentum=0.2, memo_backdrop_frames=0, nms_conf_thr=0.1), video(7, 7, 14, 0.2, low=0.0, spread=3)),
    (DENSE, dict(init_score_thr=0.3), video(8, 4, 8, 0.2, equal=True)),
]

cases = []
for kind, options, frames in CASES:
    tracker = {MASK: MaskTrackRCNNTracker, DENSE: QuasiDenseTracker}[kind](**options)
    head = RoIEmbedHead(num_convs=0, num_fcs=0)
    rows = []
    for f, found in enumerate(frames):
        looks = torch.tensor([d['look'] for d in found], dtype=torch.float32).reshape(-1, C)
        track_head = types.SimpleNamespace(
            extract_roi_feats=lambda feats, boxes: (looks[:, :, None, None], None),
            predict=(lambda a, b: head.predict(a, b)[0]) if kind == MASK else (lambda feats, boxes: looks))
        n = len(found)
        sample = DetDataSample(metainfo=dict(frame_id=f, scale_factor=(1., 1.)))
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([d['box'] for d in found], dtype=torch.float32).reshape(-1, 4),
            scores=torch.tensor([d['score'] for d in found], dtype=torch.float32),
            labels=torch.tensor([d['label'] for d in found], dtype=torch.long), masks=torch.zeros(n, 2, 2).bool())
        out = tracker.track(model=types.SimpleNamespace(track_head=track_head), img=None, feats=None, data_sample=sample)
        rows.append(dict(found=found, boxes=[[round(v, 1) for v in b] for b in out.bboxes.tolist()], labels=out.labels.tolist(),
                         ids=out.instances_id.tolist()))
    cases.append(dict(type=kind, options=options, frames=rows))
    twice = sum(len(r['ids']) - len(set(r['ids'])) for r in rows)
    print(kind, sum(len(r['found']) for r in rows), len(set(i for r in rows for i in r['ids'])), 'ids', sum(len(r['ids']) for r in rows), 'twice', twice)
text = json.dumps(cases, separators=(',', ':'))
(GOLDEN / 'appearance_trackers.json').write_text(text + '\n')
print(len(text))

"""YouTubeVISMetric of MMDetection on videos of moving ellipses and hostile ones -> youtube_vis_metric.json."""
import json
import random
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData
from pycocotools import mask as coco

np.float = float  # of an older numpy

from mmdet.evaluation.functional import YTVISeval  # noqa: E402
from mmdet.evaluation.metrics import YouTubeVISMetric  # noqa: E402
from mmdet.structures import DetDataSample, TrackDataSample  # noqa: E402

GOLDEN = Path(__file__).parent.parent
H, W = 320, 360
y, x = np.mgrid[:H, :W]
CLASSES = ('a', 'b', 'c')


def ellipse(cx, cy, rx, ry):
    return (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1).astype(np.uint8)


def rle(mask):
    r = coco.encode(np.asfortranarray(mask))
    return dict(size=r['size'], counts=r['counts'].decode())


def box(mask):
    a, b, w, h = coco.toBbox(coco.encode(np.asfortranarray(mask))).tolist()
    return [a, b, a + w, b + h]


def video(seed, objects, frames, noise, first_id, miss=0.06, radius=(15, 150), crowds=False, quantum=None):
    rng = random.Random(seed)
    things = [dict(id=first_id + i, c=rng.randrange(3), x=rng.uniform(40, W - 40), y=rng.uniform(40, H - 40),
                   r=rng.uniform(*radius), q=rng.uniform(*radius), vx=rng.uniform(-9, 9), vy=rng.uniform(-9, 9), t=i,
                   crowd=int(crowds and rng.random() < 0.4)) for i in range(objects)]
    out, fresh = [], objects
    for _ in range(frames):
        gt, found = [], []
        for o in things:
            o['x'] += o['vx']
            o['y'] += o['vy']
            mask = ellipse(o['x'], o['y'], o['r'], o['q'])
            if mask.sum() < 4:
                continue
            if rng.random() > 0.1:
                gt.append(dict(instance_id=o['id'], bbox_label=o['c'], bbox=box(mask), mask=rle(mask), ignore_flag=o['crowd']))
            if rng.random() < 0.03:
                o['t'], fresh = fresh, fresh + 1
            if rng.random() < miss:
                continue
            guess = ellipse(*(v + rng.gauss(0, noise) for v in (o['x'], o['y'])), *(v * rng.uniform(0.92, 1.1) for v in (o['r'], o['q'])))
            score = rng.uniform(0.05, 1)
            found.append(dict(id=o['t'], label=o['c'] if rng.random() > 0.1 else rng.randrange(3), mask=rle(guess),
                              score=float(np.float32(round(score * quantum) / quantum if quantum else score))))
        if rng.random() < 0.3:  # of no object
            found.append(dict(id=900, label=0, mask=rle(ellipse(rng.uniform(0, W), 50, 20, 30)), score=0.5))
        if rng.random() < 0.2:  # empty
            found.append(dict(id=901, label=1, mask=rle(np.zeros((H, W), np.uint8)), score=0.75))
        if rng.random() < 0.15:
            gt = []
        if rng.random() < 0.1:
            found = []
        out.append(dict(gt=gt, found=found))
    return out


CASES = [
    ({}, {1: video(0, 4, 4, 4, 1)}),
    ({}, {1: video(1, 6, 4, 5, 1), 2: video(2, 5, 5, 3, 100)}),
    # ties, of videos in another order than their numbers
    (dict(metric_items=['mAP', 'AR@1', 'AR@10', 'AR@100', 'AR_s@100', 'AR_m@100', 'AR_l@100', 'mAP_50']),
     {7: video(3, 6, 4, 6, 1, quantum=2), 3: video(4, 6, 4, 6, 50, quantum=2)}),
    ({}, {1: video(5, 6, 5, 5, 1, crowds=True), 2: video(6, 6, 4, 10, 60, crowds=True, miss=0.5)}),
    # objects are never found
    ({}, {1: [dict(gt=f['gt'], found=[]) for f in video(7, 3, 3, 3, 1)], 2: video(8, 1, 3, 40, 20)}),
    # nothing is there
    ({}, {1: [dict(gt=[], found=f['found']) for f in video(9, 3, 3, 3, 1)], 2: video(10, 2, 3, 2, 20)}),
    ({}, {1: video(11, 4, 5, 2, 1, radius=(3, 40)), 2: video(12, 3, 4, 2, 40, radius=(90, 240))}),
]

STATS = []
summarize = YTVISeval.summarize


def kept(self):
    summarize(self)
    STATS.append(self.stats.tolist())


YTVISeval.summarize = kept
cases = []
for options, videos in CASES:
    metric = YouTubeVISMetric(**options)
    metric.dataset_meta = dict(classes=CLASSES)
    img = 0
    for video_id, frames in videos.items():
        samples = []
        for f, frame in enumerate(frames):
            s = DetDataSample(metainfo=dict(img_id=img, video_id=video_id, ori_shape=(H, W), frame_id=f, video_length=len(frames),
                                            ori_video_length=len(frames), instances=json.loads(json.dumps(frame['gt']))))
            img += 1
            found = frame['found']
            masks = np.stack([coco.decode(d['mask']) for d in found]) if found else np.zeros((0, H, W))
            s.pred_track_instances = InstanceData(
                bboxes=torch.zeros(len(found), 4), scores=torch.tensor([d['score'] for d in found]).float(),
                labels=torch.tensor([d['label'] for d in found]).long(), masks=torch.from_numpy(masks).bool(),
                instances_id=torch.tensor([d['id'] for d in found]).long())
            samples.append(s)
        track = TrackDataSample()
        track.video_data_samples = samples
        metric.process({}, [dict(video_data_samples=samples)])
    results = [r for pred, _ in metric.results for r in pred]
    written = [dict(video_id=r['video_id'], score=r['score'], category_id=r['category_id'],
                    segmentations=[s and dict(size=s['size'], counts=s['counts']) for s in r['segmentations']]) for r in results]
    written = json.loads(json.dumps(written))
    values = metric.evaluate(1)
    cases.append(dict(options=options, videos=[[k, v] for k, v in videos.items()], values=values, stats=STATS[-1], **(dict(results=written) if not cases else {})))
    print(options, values)
text = json.dumps(dict(size=[H, W], classes=CLASSES, cases=cases), separators=(',', ':'))
(GOLDEN / 'youtube_vis_metric.json').write_text(text + '\n')
print(len(text))

"""Writes ../sem_seg_metric.json: maps of classes, random and hostile, and what MMDetection's SemSegMetric computes of them.
Needs mmdet 3.3.0. Run: python sem_seg_metric.py"""
import json
import pathlib

import numpy as np
import torch
from mmdet.evaluation.metrics import semseg_metric

semseg_metric.print_semantic_table = lambda *_: None  # its table needs another package
random = np.random.default_rng(3)
KINDS = ['mIoU', 'mDice', 'mFscore']


def maps(classes, n=2, noise=0.3, values=None, ignore=0.1):
    pairs = []
    for i in range(n):
        h, w = 5 + i, 7
        truth = random.integers(0, classes, (h, w)) if values is None else random.choice(values, (h, w))
        found = np.where(random.random((h, w)) < noise, random.integers(0, classes, (h, w)), truth)
        truth = np.where(random.random((h, w)) < ignore, 255, truth)
        pairs.append([truth.tolist(), found.tolist()])
    return pairs


def case(pairs, classes, kinds=KINDS, beta=1):
    metric = semseg_metric.SemSegMetric(iou_metrics=kinds, beta=beta)
    metric.dataset_meta = dict(classes=[f'c{i}' for i in range(classes)])
    for truth, found in pairs:
        metric.process({}, [dict(pred_sem_seg=dict(sem_seg=torch.tensor([found])), gt_sem_seg=dict(sem_seg=torch.tensor([truth])))])
    values = metric.get_return_metrics(metric.results)
    summary = metric.compute_metrics(metric.results)

    def plain(v):
        return None if np.isnan(v) else float(v)
    return dict(pairs=pairs, classes=classes, kinds=kinds, beta=beta, summary={k: plain(v) for k, v in summary.items()},
                values={k: [float(f'{x:.7g}') if x == x else None for x in map(float, v)] for k, v in values.items()})


everywhere = np.full((4, 4), 255).tolist()
CASES = dict(
    random=case(maps(4, 3), 4), perfect=case(maps(3, noise=0), 3), wrong=case([[[[0, 0], [1, 1]], [[1, 1], [0, 0]]]], 3),
    absent=case(maps(5, values=[1, 3]), 5), ignored=case([[everywhere, np.zeros((4, 4), int).tolist()]], 3),
    beyond=case([[[[0, 7, 1], [2, 2, 9]], [[0, 7, 3], [8, 2, 1]]]], 3), beta=case(maps(6), 6, ['mFscore'], 2),
    iou=case(maps(4), 4, ['mIoU']), dice=case(maps(4), 4, ['mDice']), many=case(maps(150, 4), 150, ['mIoU']),
)
path = pathlib.Path(__file__).parent.parent / 'sem_seg_metric.json'
path.write_text(json.dumps(CASES, separators=(',', ':')) + '\n')
print(path.stat().st_size)

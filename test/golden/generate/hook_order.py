"""The order in which mmengine calls hooks, trains, evaluates and saves, by both of its training loops: hook_order.json.

Needs (PyPI): mmengine==0.10.7 torch.

    python hook_order.py OUTPUT_FOLDER
"""
import json
import sys
import tempfile

import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

POINTS = dict(
    before_run='beforeRun',
    before_train='beforeTrain',
    before_train_epoch='beforeTrainEpoch',
    before_train_iter='beforeTrainIter',
    after_train_iter='afterTrainIter',
    after_train_epoch='afterTrainEpoch',
    before_val='beforeVal',
    after_val_epoch='afterVal',
    before_save_checkpoint='beforeSaveCheckpoint',
    after_train='afterTrain',
    after_run='afterRun')

events = []


class Probe(Hook):
    """Notes every call."""

    def __init__(self, level):
        self.priority = level


def noting(point):
    def call(self, *args, **kwargs):
        events.append(f'{POINTS[point]} {self.priority}')
    return call


for point in POINTS:
    setattr(Probe, point, noting(point))


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, mode='tensor'):
        if mode == 'predict':
            return [x]
        events.append('train')
        return dict(loss=self.layer(x).sum())


class Metric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        events.append('evaluate')
        return dict(score=1.0)


def loader():
    return DataLoader([dict(x=torch.ones(1)) for _ in range(2)], batch_size=1)


def run(train_cfg, checkpoint):
    events.clear()
    Runner(
        model=Model(),
        work_dir=tempfile.mkdtemp(),
        train_dataloader=loader(),
        val_dataloader=loader(),
        val_evaluator=Evaluator(Metric()),
        val_cfg=dict(),
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', **checkpoint)),
        custom_hooks=[Probe(level) for level in ('LOWEST', 'LOW', 'NORMAL', 'VERY_HIGH')],
    ).train()
    return list(events)


out = dict(
    EpochBasedTrainLoop=run(dict(by_epoch=True, max_epochs=2, val_interval=1), dict(interval=1)),
    IterBasedTrainLoop=run(dict(by_epoch=False, max_iters=4, val_interval=2), dict(interval=2, by_epoch=False)))
json.dump(out, open(f'{sys.argv[1]}/hook_order.json', 'w'), separators=(',', ':'))

"""Averaged weights, YOLOv5's learning rates and groups, and the schedules of YOLOX and RTMDet: training_hooks.json.

Needs (PyPI): mmengine==0.10.7 mmdet==3.3.0 mmyolo==0.6.0 mmcv-lite==2.1.0 (or mmcv) torch.

    python training_hooks.py OUTPUT_FOLDER
"""
import json
import math
import sys
from types import SimpleNamespace

import torch
from mmdet.engine.schedulers import QuadraticWarmupLR
from mmdet.models.layers import ExpMomentumEMA
from mmengine.model import ExponentialMovingAverage, StochasticWeightAverage
from mmengine.optim import ConstantLR, CosineAnnealingLR, LinearLR
from mmyolo.engine.hooks import PPYOLOEParamSchedulerHook, YOLOv5ParamSchedulerHook
from mmyolo.engine.optimizers import YOLOv5OptimizerConstructor
from torch import nn

out = {}


# ---- averages: weight k after iteration t is sin(t + k), the running mean cos(t + k)
def averages(cls, **kwargs):
    model = nn.BatchNorm1d(3).double()
    average = cls(model, **kwargs)
    steps = []
    for t in range(1, 9):
        with torch.no_grad():
            for k in range(3):
                model.weight[k] = math.sin(t + k)
                model.running_mean[k] = math.cos(t + k)
        average.update_parameters(model)
        steps.append(dict(weight=average.module.weight.tolist(), running_mean=average.module.running_mean.tolist()))
    return steps


out['averages'] = [
    dict(cfg=dict(ema_type='ExpMomentumEMA', momentum=0.1, gamma=3, update_buffers=True),
         steps=averages(ExpMomentumEMA, momentum=0.1, gamma=3, update_buffers=True)),
    dict(cfg=dict(ema_type='ExpMomentumEMA', momentum=0.0002, interval=2),
         steps=averages(ExpMomentumEMA, momentum=0.0002, interval=2)),
    dict(cfg=dict(momentum=0.3), steps=averages(ExponentialMovingAverage, momentum=0.3)),
    dict(cfg=dict(ema_type='StochasticWeightAverage', update_buffers=True),
         steps=averages(StochasticWeightAverage, update_buffers=True)),
]


# ---- rates of YOLOv5, an iteration at a time
def rates(length, epochs, **kwargs):
    groups = [dict(lr=0.01, momentum=0.937) for _ in range(3)]
    runner = SimpleNamespace(iter=0, epoch=0, train_dataloader=[0] * length,
                             optim_wrapper=SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups)))
    hook = YOLOv5ParamSchedulerHook(max_epochs=epochs, **kwargs)
    hook.before_train(runner)
    steps = []
    for _ in range(epochs):
        for i in range(length):
            hook.before_train_iter(runner, i)
            steps.append([float(groups[0]['lr']), float(groups[2]['lr']), float(groups[0]['momentum'])])
            runner.iter += 1
        hook.after_train_epoch(runner)
        runner.epoch += 1
    return steps


for length, epochs, cfg in ((5, 6, dict(warmup_epochs=2, warmup_mim_iter=3)),
                            (4, 5, dict(scheduler_type='cosine', warmup_epochs=1, warmup_mim_iter=7, lr_factor=0.1)),
                            (3, 4, dict(warmup_epochs=1, warmup_mim_iter=1000)),
                            (3, 6, dict(warmup_epochs=1, warmup_mim_iter=2, warmup_bias_lr=0.2, warmup_momentum=0.5))):
    out.setdefault('rates', []).append(
        dict(length=length, epochs=epochs, cfg=cfg, steps=rates(length, epochs, **cfg)))


# ---- rates of PP-YOLOE, an iteration at a time
def ppyoloe(length, epochs, **kwargs):
    groups = [dict(lr=0.01), dict(lr=0.002)]
    runner = SimpleNamespace(iter=0, train_dataloader=[0] * length,
                             optim_wrapper=SimpleNamespace(optimizer=SimpleNamespace(param_groups=groups)))
    hook = PPYOLOEParamSchedulerHook(**kwargs)
    hook.before_train(runner)
    steps = []
    for i in range(length * epochs):
        hook.before_train_iter(runner, i)
        steps.append([float(group['lr']) for group in groups])
        runner.iter += 1
    return steps


for length, epochs, cfg in ((4, 5, dict(warmup_epochs=2, warmup_min_iter=3, total_epochs=6)),
                            (3, 5, dict(warmup_epochs=1, warmup_min_iter=7, total_epochs=5, start_factor=0.1, min_lr_ratio=0.05)),
                            (3, 4, dict(total_epochs=4))):
    out.setdefault('ppyoloe', []).append(
        dict(length=length, epochs=epochs, cfg=cfg, steps=ppyoloe(length, epochs, **cfg)))


# ---- groups of YOLOv5
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.pred = nn.Conv2d(4, 2, 1)


for batch in (4, 16, 48, 100):
    model = Net()
    wrapper = YOLOv5OptimizerConstructor(
        dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005,
                                                 batch_size_per_gpu=batch)))(model)
    names = {id(p): n for n, p in model.named_parameters()}
    found = {names[id(p)]: [i, g['weight_decay']] for i, g in enumerate(wrapper.optimizer.param_groups)
             for p in g['params']}
    out.setdefault('groups', []).append(dict(batch=batch, groups=found))


# ---- schedules as YOLOX and RTMDet list them, on a short run
def schedule(length, epochs, base, rules):
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=base)
    built = []
    for cls, kwargs in rules:
        kwargs = dict(kwargs)
        if kwargs.pop('convert_to_iter_based', False):
            built.append(cls.build_iter_from_epoch(optimizer, epoch_length=length, **kwargs))
        else:
            built.append(cls(optimizer, **kwargs))
    steps = []
    for _ in range(epochs):
        for _ in range(length):
            steps.append(optimizer.param_groups[0]['lr'])
            for rule in built:
                if not rule.by_epoch:
                    rule.step()
        for rule in built:
            if rule.by_epoch:
                rule.step()
    return steps


yolox = [(QuadraticWarmupLR, dict(by_epoch=True, begin=0, end=2, convert_to_iter_based=True)),
         (CosineAnnealingLR, dict(eta_min=0.0005, begin=2, T_max=7, end=7, by_epoch=True, convert_to_iter_based=True)),
         (ConstantLR, dict(by_epoch=True, factor=1, begin=7, end=9))]
rtmdet = [(LinearLR, dict(start_factor=1e-5, by_epoch=False, begin=0, end=6)),
          (CosineAnnealingLR, dict(eta_min=0.0002, begin=4, end=8, T_max=4, by_epoch=True, convert_to_iter_based=True))]
for name, rules, base, epochs in (('yolox', yolox, 0.01, 9), ('rtmdet', rtmdet, 0.004, 8)):
    out.setdefault('schedules', {})[name] = dict(
        length=5, epochs=epochs, lr=base, rules=[dict(type=cls.__name__, **kwargs) for cls, kwargs in rules],
        steps=schedule(5, epochs, base, rules))

json.dump(out, open(f'{sys.argv[1]}/training_hooks.json', 'w'), separators=(',', ':'))

# Learning rates of random plans by the schedulers of mmengine 0.10.7 and mmdet 3.3.0: python lr_plans.py > ../lr_plans.json
# A plan is `param_scheduler`, the first rate, the batches of an epoch and the epochs; `lr` has the rate of every iteration.
import json
import random
import runpy
import sys
import types
from pathlib import Path

import torch
from mmengine.optim import scheduler as S
from mmengine.registry import Registry

random.seed(5)
CHOICES = {
    'ConstantLR': lambda e: dict(factor=random.choice([0.1, 0.5]), end=random.randint(1, e)),
    'LinearLR': lambda e: dict(start_factor=0.1, end_factor=random.choice([0.5, 1.0]), end=random.randint(2, e + 1)),
    'MultiStepLR': lambda e: dict(milestones=sorted(random.sample(range(1, e + 1), 2)), gamma=random.choice([0.1, 0.5])),
    'StepLR': lambda e: dict(step_size=random.randint(1, e), gamma=0.3),
    'ExponentialLR': lambda e: dict(gamma=0.8, begin=random.randint(0, 2)),
    'CosineAnnealingLR': lambda e: dict(T_max=random.randint(2, e), eta_min=random.choice([0.0, 0.001]), begin=random.randint(0, 1)),
    'PolyLR': lambda e: dict(power=random.choice([0.9, 2.0]), eta_min=0.0005, end=e),
    'QuadraticWarmupLR': lambda e: dict(end=random.randint(1, e)),
}


def mmdet_quadratic():
    """MMDetection's scheduler, of its file alone: the package would import mmcv."""
    package = types.ModuleType('mmdet')
    registry = types.ModuleType('mmdet.registry')
    registry.PARAM_SCHEDULERS = Registry('schedulers of mmdet')
    sys.modules.update({'mmdet': package, 'mmdet.registry': registry})
    found = next(p for p in (Path(d, 'mmdet/engine/schedulers/quadratic_warmup.py') for d in sys.path) if p.exists())
    return runpy.run_path(str(found))['QuadraticWarmupLR']


CLASSES = {name: getattr(S, name, None) or mmdet_quadratic() for name in CHOICES}


def rates(rules, lr, length, epochs):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedulers = []
    for rule in rules:
        options = {k: v for k, v in rule.items() if k not in ('type', 'convert_to_iter_based')}
        cls = CLASSES[rule['type']]
        if rule.get('convert_to_iter_based'):
            schedulers.append(cls.build_iter_from_epoch(optimizer, epoch_length=length, **options))
        else:
            schedulers.append(cls(optimizer, **options))
    result = []
    for _ in range(epochs):
        for _ in range(length):
            result.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for s in schedulers:
                if not s.by_epoch:
                    s.step()
        for s in schedulers:
            if s.by_epoch:
                s.step()
    return result


plans = []
for name, choose in CHOICES.items():
    for kind in ('epochs', 'iterations', 'converted'):
        length, epochs = random.randint(2, 5), random.randint(4, 8)
        rule = dict(type=name, **choose(epochs if kind != 'iterations' else epochs * length))
        rule['by_epoch'] = kind != 'iterations'
        if kind == 'converted':
            rule['convert_to_iter_based'] = True
        rules = [rule]
        if name not in ('ConstantLR', 'LinearLR', 'QuadraticWarmupLR') and random.random() < 0.7:
            rules.insert(0, dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=3))
        lr = random.choice([0.02, 0.1])
        plans.append(dict(name=f'{name}, {kind}', rules=rules, lr=lr, length=length, epochs=epochs,
                          rates=rates(rules, lr, length, epochs)))
print(json.dumps(plans))

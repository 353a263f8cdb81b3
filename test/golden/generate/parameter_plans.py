# Learning rate, momentum and weight decay of two parameter groups in every iteration of random plans, by the schedulers of
# mmengine 0.10.7 and mmdet 3.3.0: python parameter_plans.py > ../parameter_plans.json
# `rules` is `param_scheduler`; without an `end`, rules end with the run, as mmengine's Runner has it. `metrics` has the
# evaluation after each epoch.
import json
import random
import runpy
import sys
import types
from pathlib import Path

import torch
from mmengine.optim import scheduler as S
from mmengine.registry import Registry

random.seed(17)


def mmdet_file():
    """MMDetection's schedulers, of their file alone: the package would import mmcv."""
    registry = types.ModuleType('mmdet.registry')
    registry.PARAM_SCHEDULERS = Registry('schedulers of mmdet')
    sys.modules.update({'mmdet': types.ModuleType('mmdet'), 'mmdet.registry': registry})
    found = next(p for p in (Path(d, 'mmdet/engine/schedulers/quadratic_warmup.py') for d in sys.path) if p.exists())
    return runpy.run_path(str(found))


MMDET = mmdet_file()
cls_of = lambda name: MMDET.get(name) or getattr(S, name)

# by stem: options for a run of n steps; `low` is a minimum that suits what is moved
OPTIONS = {
    'Constant': lambda n, low: dict(factor=random.choice([0.1, 0.5]), end=random.randint(1, n)),
    'Linear': lambda n, low: dict(start_factor=0.4, end_factor=random.choice([0.5, 1.0])),
    'MultiStep': lambda n, low: dict(milestones=sorted(random.sample(range(1, n + 1), 2)), gamma=0.5),
    'Step': lambda n, low: dict(step_size=random.randint(1, n), gamma=0.7),
    'Exponential': lambda n, low: dict(gamma=0.9, begin=random.randint(0, 2)),
    'CosineAnnealing': lambda n, low: dict(eta_min=low),
    'CosineRestart': lambda n, low: dict(periods=[2, n - 3], restart_weights=[1, 0.5], eta_min_ratio=0.1),
    'Poly': lambda n, low: dict(power=0.9, eta_min=low),
    'QuadraticWarmup': lambda n, low: dict(end=random.randint(1, n)),
}
LOWS = {'lr': 0.0005, 'momentum': 0.6, 'weight_decay': 0.00005}


def build(rules, optimizer, length, epochs):
    schedulers = []
    for rule in rules:
        options = {k: v for k, v in rule.items() if k not in ('type', 'convert_to_iter_based')}
        options.setdefault('end', epochs if options.get('by_epoch', True) else epochs * length)
        cls = cls_of(rule['type'])
        if rule.get('convert_to_iter_based'):
            schedulers.append(cls.build_iter_from_epoch(optimizer, epoch_length=length, **options))
        else:
            schedulers.append(cls(optimizer, **options))
    return schedulers


def series(plan):
    length, epochs, lrs = plan['length'], plan['epochs'], plan['lrs']
    groups = [dict(params=[torch.zeros(1, requires_grad=True)], lr=lr, weight_decay=0.001 * (i + 1)) for i, lr in enumerate(lrs)]
    optimizer = torch.optim.SGD(groups, lr=lrs[0], momentum=0.9) if plan['optimizer'] == 'SGD' else torch.optim.AdamW(groups, lr=lrs[0])
    schedulers = build(plan['rules'], optimizer, length, epochs)
    result = []
    for epoch in range(epochs):
        for _ in range(length):
            values = [(g['lr'], g['momentum'] if plan['optimizer'] == 'SGD' else g['betas'][0], g['weight_decay'])
                      for g in optimizer.param_groups]
            result.append([[float(f'{v:.12g}') for v in group] for group in values])
            optimizer.step()
            for s in schedulers:
                if not s.by_epoch:
                    s.step()
        for s in schedulers:
            if s.by_epoch:
                s.step()
        for s in schedulers:
            if getattr(s, 'need_val_args', False):
                s.step(plan['metrics'][epoch])
    return result


def add(name, rules, epochs=None, optimizer='SGD'):
    plan = dict(name=name, rules=rules, lrs=[0.02, 0.002], length=random.randint(2, 4), epochs=epochs or random.randint(5, 8), optimizer=optimizer)
    plan['metrics'] = [{'coco/bbox_mAP': round(random.uniform(0, 0.5), 3), 'loss': round(random.uniform(1, 2), 3)} for _ in range(plan['epochs'])]
    plan['values'] = series(plan)
    plans.append(plan)


plans = []
for stem, choose in OPTIONS.items():
    for suffix, moved in (('LR', 'lr'), ('Momentum', 'momentum'), ('ParamScheduler', 'weight_decay')):
        for kind in ('epochs', 'iterations', 'converted'):
            if suffix == 'LR' and stem not in ('CosineRestart', 'CosineAnnealing', 'Poly', 'Linear'):
                continue  # lr_plans.py has them
            rule = dict(type=stem + suffix, **choose(6, LOWS[moved]))
            if suffix == 'ParamScheduler':
                rule['param_name'] = moved
            if kind == 'iterations':
                rule['by_epoch'] = False
            if kind == 'converted':
                rule['convert_to_iter_based'] = True
            rules = [rule]
            if random.random() < 0.4:
                rules.insert(0, dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=3))
            add(f'{stem}{suffix}, {kind}', rules, epochs=7, optimizer=random.choice(['SGD', 'AdamW']))
for options in (dict(), dict(three_phase=True), dict(anneal_strategy='linear', pct_start=0.4), dict(div_factor=10.0, final_div_factor=50.0)):
    add(f'OneCycleLR, epochs {options}', [dict(type='OneCycleLR', eta_max=0.05, **options)])
    add(f'OneCycleLR, iterations {options}', [dict(type='OneCycleLR', eta_max=0.05, by_epoch=False, **options)])
    add(f'OneCycleLR, converted {options}', [dict(type='OneCycleLR', eta_max=0.05, total_steps=9, convert_to_iter_based=True, **options)])
add('OneCycleLR and another after it', [dict(type='OneCycleLR', eta_max=0.05, by_epoch=False),
                                        dict(type='QuadraticWarmupLR', by_epoch=False, begin=2, end=6)])
for options in (dict(), dict(rule='greater', monitor='coco/bbox_mAP'), dict(threshold_rule='abs', threshold=0.05), dict(cooldown=2),
                dict(begin=2, end=6), dict(min_value=0.001), dict(eps=0.005)):
    for suffix in ('LR', 'Momentum'):
        add(f'ReduceOnPlateau{suffix} {options}', [dict(type=f'ReduceOnPlateau{suffix}', factor=0.5, patience=1, **{'monitor': 'loss', **options})],
            epochs=12, optimizer=random.choice(['SGD', 'AdamW']))
add('ReduceOnPlateauParamScheduler', [dict(type='ReduceOnPlateauParamScheduler', param_name='weight_decay', factor=0.5, patience=0)], epochs=10)
add('ReduceOnPlateauLR after a warm-up', [dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=5),
                                          dict(type='ReduceOnPlateauLR', factor=0.3, patience=0)], epochs=10)
print(json.dumps(plans))

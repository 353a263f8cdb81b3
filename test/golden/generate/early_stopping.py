"""EarlyStoppingHook on series of a metric, where it ends the run, its count and its best value: early_stopping.json.

Needs (PyPI): mmengine==0.10.7 torch.

    python early_stopping.py OUTPUT_FOLDER
"""
import json
import random
import sys
from types import SimpleNamespace

from mmengine.hooks import EarlyStoppingHook

random.seed(0)


def run(options, values):
    hook = EarlyStoppingHook(**options)
    loop = SimpleNamespace(stop_training=False)
    runner = SimpleNamespace(train_loop=loop, logger=SimpleNamespace(info=lambda _: None))
    for count, value in enumerate(values, 1):
        hook.after_val_epoch(runner, {options['monitor']: value})
        if loop.stop_training:
            break
    return dict(evaluations=count, stopped=loop.stop_training, waited=hook.wait_count, best=hook.best_score)


cases = []
for i in range(60):
    greater = i % 2 == 0
    options = dict(monitor='coco/bbox_mAP' if greater else 'val/loss', patience=random.choice([0, 1, 2, 3, 5]))
    if i % 3:
        options['min_delta'] = random.choice([0, 0.005, 0.05])
    if i % 5 == 4:
        options['stopping_threshold'] = 0.6 if greater else 0.4
    if i % 7 == 6:
        options['rule'] = 'less' if greater else 'greater'
    # a rise with noise, in steps so that equal values occur
    values = [round(0.1 * (1 - 0.8**k) * 5 + random.gauss(0, 0.04), 2) for k in range(12)]
    if not greater:
        values = [round(1 - v, 2) for v in values]
    if i % 11 == 10:
        values[random.randrange(12)] = None  # not finite
    numbers = [float('nan') if v is None else v for v in values]
    cases.append(dict(options=options, values=values, **run(options, numbers)))

with open(f'{sys.argv[1]}/early_stopping.json', 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(case) for case in cases) + '\n]\n')

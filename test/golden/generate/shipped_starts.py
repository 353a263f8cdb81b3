"""How every parameter of the shipped models starts in MMDetection and MMYOLO, ../shipped_starts.json: [mean, standard
deviation, largest magnitude], equal ones of different layers and models once. Their checkpoints are left out (`Pretrained`), and so are
models with parts that MMDetection does not have.

Needs what heads_single.py needs, and models.json: [{name, config}], `shippedModels()` of ../../lab/build-model/shipped-configs.ts.
Run: python shipped_starts.py models.json
"""
import json
import logging
import pathlib
import re
import sys

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

import mmdet.models  # noqa: F401
import mmyolo.models  # noqa: F401
from mmyolo.registry import MODELS

logging.disable(logging.CRITICAL)
# what MMDetection insists on, and JSON does not tell
PYTHON = dict(order=tuple, basesize_ratio_range=tuple, class_weight=lambda v: v if isinstance(v, list) else float(v))
ABSENT = {'VisionTransformer', 'AugFPN', 'SoftRoIExtractor'}


def without_checkpoints(value):
    if isinstance(value, list):
        return [without_checkpoints(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get('type') == 'Pretrained':
        return None
    return {k: PYTHON[k](v) if k in PYTHON and v is not None else without_checkpoints(v) for k, v in value.items()}


def starts(config):
    init_default_scope(config.get('default_scope') or 'mmdet')
    torch.manual_seed(1)
    model = MODELS.build(ConfigDict(without_checkpoints(config['model'])))
    model.init_weights()
    for name, parameter in model.named_parameters():
        values = parameter.detach().double().numpy()
        yield f'{name} [{",".join(map(str, values.shape))}]', values.size, (values.mean(), values.std(), np.abs(values).max())


def alike(a, b, count):
    """Within what two draws of one distribution differ by."""
    noise = 3 / count ** 0.5
    if a[1] == 0 or b[1] == 0:
        return a[1] == b[1] and abs(a[0] - b[0]) <= 1e-6 * abs(a[0])
    return max(a[1] / b[1], b[1] / a[1]) - 1 <= noise and abs(a[0] - b[0]) <= 2 * noise * a[1] and (count < 300 or (a[2] / a[1] > 1.95) == (b[2] / b[1] > 1.95))


def merged(models):
    table, different = {}, {}
    for name, rows in models:
        different[name] = {}
        for key, count, start in rows:
            ways = table.setdefault(re.sub(r'(?<=\.)\d+(?=\.)', 'N', key), [])
            way = next((i for i, other in enumerate(ways) if alike(other, start, count)), None)
            if way is None:
                way = len(ways)
                ways.append(start)
            if way:
                different[name][key] = way
    digits = lambda start: ('.6g', '.4g', '.6g') if start[1] == 0 else ('.2g', '.4g', '.3g')
    short = lambda start: [float(f'{value:{form}}') for value, form in zip(start, digits(start))]
    return dict(starts={key: [short(way) for way in ways] for key, ways in table.items()}, models=different)


if __name__ == '__main__':
    shipped = json.loads(pathlib.Path(sys.argv[1]).read_text())
    known = [m for m in shipped if not any(f'"{part}"' in json.dumps(m['config']) for part in ABSENT)]
    known = [m for m in known if 'toytown' not in m['name'] and 'bccd' not in m['name']]  # they leave channels to be inferred
    result = merged((m['name'], list(starts(m['config']))) for m in known)
    path = pathlib.Path(__file__).parent.parent / 'shipped_starts.json'
    path.write_text(json.dumps(result, separators=(',', ':')) + '\n')

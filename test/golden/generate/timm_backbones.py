"""Writes ../timm_backbones.json: fingerprints of the names and shapes of timm's models, as MMPretrain's TIMMBackbone holds them, and
outputs of two on an image by formula, weights by formula too. timm imports torchvision for its data and for frozen norms, which are not
built here: stand-ins take its place. Needs timm 1.0.12 (its folder on PYTHONPATH), torch. Run: python timm_backbones.py"""
import json
import sys
import types

import numpy as np
import torch


class StandIn(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return type(name, (object,), {})


for name in ('torchvision', 'torchvision.ops', 'torchvision.ops.misc', 'torchvision.models', 'torchvision.models.feature_extraction',
             'timm.data', 'huggingface_hub', 'huggingface_hub.utils', 'safetensors', 'safetensors.torch'):
    sys.modules[name] = StandIn(name)
sys.modules['timm.data'].IMAGENET_DEFAULT_MEAN = sys.modules['timm.data'].IMAGENET_DEFAULT_STD = (0.,)
from timm.models import create_model  # noqa: E402

from heads_single import OUT, fnv, pvalue, sgn  # noqa: E402

NAMES = [f'efficientnet_b{i}' for i in range(5)] + ['resnet18', 'tv_resnet34', 'tv_resnet50', 'resnet101']


def fingerprint(model):
    state = {f'timm_model.{k}': v for k, v in model.state_dict().items()}
    text = '\n'.join(f'{k}[{",".join(map(str, v.shape))}]' for k, v in state.items())
    return dict(entries=len(state), numbers=sum(v.numel() for v in state.values()), names=fnv(text))


def outputs(model):
    state = {k: torch.as_tensor(np.asarray(pvalue(f'timm_model.{k}', tuple(v.shape), []))).to(v.dtype) for k, v in model.state_dict().items()}
    # 1-D weights of a third norm of a block are small, see ../README.md
    state.update({k: 0.3 + 0.3 * (v - 1) for k, v in state.items() if k.endswith('bn3.weight')})
    model.load_state_dict(state)
    x = torch.as_tensor(np.asarray(sgn('x', (1, 3, 64, 48)))).float()
    with torch.no_grad():
        return [[list(y.shape), [float(f'{v:.7g}') for v in y.flatten()[::max(y.numel() // 12, 1)].tolist()]] for y in model.eval()(x)]


rows = {}
for name in NAMES:
    model = create_model(name, features_only=True, out_indices=(1, 2, 3, 4))
    rows[name] = dict(fingerprint(model), **(dict(outputs=outputs(model)) if name in ('efficientnet_b1', 'tv_resnet50') else {}))
(OUT / 'timm_backbones.json').write_text(json.dumps(rows, separators=(',', ':')) + '\n')

#!/usr/bin/env bash
# mmengine 0.10.7, mmengine.model.weight_init.trunc_normal_, beside torch 2.13.0's own torch.nn.init.trunc_normal_
#
# `trunc_normal_init(m, std=0.02)`, with its default bounds of -2 and 2, starts the linear layers of Swin and ViT in MMDetection. A
# user expects a normal distribution of deviation 0.02: none of a Swin-T's 28 million weights beyond about 0.12. What happens: now
# and then a weight is exactly -2.0, a hundred deviations away, because a float32 uniform number in [-1, 1) goes through erfinv:
# -1 itself, one number in 2^24, gives minus infinity, which is clamped to the bound. A Swin-T from random weights has one or two
# of them, another seed has them in other layers. torch's function of the same name draws again instead and has none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 numpy mmengine==0.10.7
cat > draw.py <<'PY'
from importlib.metadata import version

import torch
from mmengine.model.weight_init import trunc_normal_

print('torch', version('torch').split('+')[0], 'mmengine', version('mmengine'))


def beyond(draw):
    """Weights beyond ten deviations in a hundred layers of a million weights."""
    torch.manual_seed(0)
    found = []
    for _ in range(100):
        w = draw(torch.empty(1024, 1024), std=0.02)
        found += w[w.abs() > 0.2].tolist()
    return found


mmengine, torchs = beyond(trunc_normal_), beyond(torch.nn.init.trunc_normal_)
print('of 105 million weights, beyond 0.2: mmengine', mmengine, 'torch', torchs)
assert len(mmengine) > 0 and set(mmengine) == {-2.0} and torchs == [], 'the behaviour has changed'
PY
venv/bin/python draw.py

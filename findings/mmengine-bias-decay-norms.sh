#!/usr/bin/env bash
# mmengine 0.10.7, DefaultOptimWrapperConstructor, paramwise_cfg = dict(bias_lr_mult=2., bias_decay_mult=0.)
#
# This is what MMDetection's FCOS trains with. The docstring says of both multipliers: "for all bias parameters (except for those in
# normalization layers ...)", and of bias_decay_mult also: except depthwise convolutions. A user expects the biases of the head's
# GroupNorm to keep learning rate and weight decay. What happens: they keep the learning rate and lose the weight decay, and so do
# those of depthwise convolutions, unless norm_decay_mult is given too, which then wins; dwconv_decay_mult does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 numpy mmengine==0.10.7
cat > groups.py <<'PY'
from importlib.metadata import version

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

print('mmengine', version('mmengine'))
model = nn.ModuleDict(dict(conv=nn.Conv2d(4, 8, 3), gn=nn.GroupNorm(2, 8), depthwise=nn.Conv2d(8, 8, 3, groups=8)))


def biases(**paramwise):
    wrapper = DefaultOptimWrapperConstructor(
        dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, weight_decay=0.0001)), paramwise)(model)
    names = {id(p): name for name, p in model.named_parameters()}
    rates = {names[id(g['params'][0])]: (g['lr'], g['weight_decay']) for g in wrapper.optimizer.param_groups}
    found = {name: rate for name, rate in rates.items() if name.endswith('bias')}
    print(paramwise, found)
    return found


fcos = biases(bias_lr_mult=2., bias_decay_mult=0.)
both = biases(bias_lr_mult=2., bias_decay_mult=0., norm_decay_mult=1., dwconv_decay_mult=1.)
assert fcos == {'conv.bias': (0.02, 0), 'gn.bias': (0.01, 0), 'depthwise.bias': (0.02, 0)}, 'the behaviour has changed'
assert both == {'conv.bias': (0.02, 0), 'gn.bias': (0.01, 0.0001), 'depthwise.bias': (0.02, 0)}, 'the behaviour has changed'
PY
venv/bin/python groups.py 2> /dev/null

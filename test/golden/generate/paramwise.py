"""Learning rate and weight decay of every parameter under paramwise_cfg, by mmengine's DefaultOptimWrapperConstructor: ../paramwise.json.

Needs mmengine 0.10.7 and torch. The constructor takes mmcv's deformable convolutions by their class alone, so classes of that
name stand in for them, and no compiled mmcv is needed. Run: python paramwise.py
"""
import json
import pathlib
import sys
import types

import torch
from torch import nn


class DeformConv2d(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4, 3, 3))
        self.conv_offset = nn.Conv2d(4, 18, 3)


class ModulatedDeformConv2d(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4, 3, 3))
        self.bias = nn.Parameter(torch.zeros(4))
        self.conv_offset = nn.Conv2d(4, 27, 3)


ops = types.ModuleType('mmcv.ops')
ops.DeformConv2d, ops.ModulatedDeformConv2d = DeformConv2d, ModulatedDeformConv2d
sys.modules['mmcv'], sys.modules['mmcv.ops'] = types.ModuleType('mmcv'), ops
from mmengine.optim.optimizer import default_constructor  # noqa: E402

default_constructor.mmcv_full_available = lambda: True


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(4))
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.depthwise = nn.Conv2d(4, 4, 3, groups=4)
        self.one_channel = nn.Conv2d(1, 2, 1)
        self.gn = nn.GroupNorm(2, 4)
        self.ln = nn.LayerNorm(4)
        self.fc = nn.Linear(4, 2)
        self.dcn = DeformConv2d()
        self.dcn_v2 = ModulatedDeformConv2d()
        self.spatial_conv_offset = nn.Conv2d(4, 4, 3)
        self.query = nn.Embedding(3, 4)
        self.scale = Scale()


CONFIGS = [
    dict(bias_lr_mult=2, bias_decay_mult=0.5),
    dict(bias_decay_mult=0.5, norm_decay_mult=0),
    dict(norm_decay_mult=0.25),
    dict(flat_decay_mult=0.125),
    dict(dwconv_decay_mult=0.2),
    dict(dcn_offset_lr_mult=0.1),
    dict(bias_lr_mult=2, dcn_offset_lr_mult=0.1),
    dict(bias_lr_mult=2, bias_decay_mult=0.5, norm_decay_mult=0.25, dwconv_decay_mult=0.2, flat_decay_mult=0.125,
         dcn_offset_lr_mult=0.1),
    dict(dwconv_decay_mult=0.2, flat_decay_mult=0.125),
    dict(bias_decay_mult=0.5, flat_decay_mult=0.125, dwconv_decay_mult=0.2),
    dict(bias_lr_mult=2, bias_decay_mult=0.5, norm_decay_mult=0.25, dwconv_decay_mult=0.2, flat_decay_mult=0.125, dcn_offset_lr_mult=0.1,
         custom_keys={'dcn': dict(lr_mult=0.01), 'dcn_v2': dict(decay_mult=3), 'bn': dict(lr_mult=5, decay_mult=0),
                      'depthwise.bias': dict(lr_mult=7)}),
]
out = []
for cfg in CONFIGS:
    model = Net()
    wrapper = default_constructor.DefaultOptimWrapperConstructor(
        dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, weight_decay=0.01)), cfg)(model)
    names = {id(p): name for name, p in model.named_parameters()}
    out.append(dict(paramwise_cfg=cfg, groups={names[id(g['params'][0])]: [g['lr'], g['weight_decay']]
                                               for g in wrapper.optimizer.param_groups}))
path = pathlib.Path(__file__).parent.parent / 'paramwise.json'
path.write_text(json.dumps(out, separators=(',', ':')) + '\n')

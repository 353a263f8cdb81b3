# Learning rate and weight decay by parameter, by MMDetection's LearningRateDecayOptimizerConstructor for ConvNeXt, and layers of
# ViT and Swin by MMPretrain's get_layer_depth: PYTHONPATH=<mmdet 3.3.0 and mmpretrain 1.2.0> python layer_decay.py
# The files of both are run alone, without mmcv. `groups` has [name, shape, lr, weight decay].
import ast
import json
import sys
import types
from pathlib import Path

import torch
from mmengine.registry import Registry
from torch import nn


def find(file):
    return next(p for p in (Path(d, file) for d in sys.path) if p.exists())


registry = types.ModuleType('mmdet.registry')
registry.OPTIM_WRAPPER_CONSTRUCTORS = Registry('constructors')
sys.modules.update({'mmdet': types.ModuleType('mmdet'), 'mmdet.registry': registry})
scope = {}
exec(find('mmdet/engine/optimizers/layer_decay_optimizer_constructor.py').read_text(), scope)
Constructor = scope['LearningRateDecayOptimizerConstructor']


def depth_rule(file):
    """get_layer_depth of a file of mmpretrain, as a function of a stand-in for the backbone."""
    tree = ast.parse(find(f'mmpretrain/models/backbones/{file}').read_text())
    rule = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == 'get_layer_depth')
    scope = {}
    exec(ast.unparse(rule), scope)
    return scope['get_layer_depth']


class Leaf(nn.Module):
    def __init__(self, **parameters):
        super().__init__()
        for name, shape in parameters.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))


def block():
    m = Leaf(gamma=[4])
    m.depthwise_conv, m.norm, m.pointwise_conv1 = Leaf(weight=[4, 1, 7, 7], bias=[4]), Leaf(weight=[4], bias=[4]), Leaf(weight=[8, 4], bias=[8])
    return m


class ConvNeXt(nn.Module):
    def __init__(self, depths):
        super().__init__()
        self.downsample_layers = nn.ModuleList([nn.Sequential(Leaf(weight=[4, 3, 2, 2], bias=[4]), Leaf(weight=[4], bias=[4])) for _ in depths])
        self.stages = nn.ModuleList([nn.ModuleList([block() for _ in range(d)]) for d in depths])
        self.norm3 = Leaf(weight=[4], bias=[4])


class Detector(nn.Module):
    def __init__(self, depths):
        super().__init__()
        self.backbone, self.neck, self.bbox_head = ConvNeXt(depths), Leaf(weight=[4, 4, 1, 1], bias=[4]), Leaf(weight=[4, 4])


cases = []
for num_layers, depths in ((6, [3, 3, 9, 3]), (12, [3, 3, 27, 3])):
    for decay_type in ('layer_wise', 'stage_wise'):
        cfg = dict(decay_rate=0.7, decay_type=decay_type, num_layers=num_layers)
        model = Detector(depths)
        wrapper = Constructor(dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.0002, weight_decay=0.05)), cfg)(model)
        rates = {id(p): (g['lr'], g['weight_decay']) for g in wrapper.optimizer.param_groups for p in g['params']}
        cases.append(dict(paramwise_cfg=cfg, groups=[[n, list(p.shape), *rates[id(p)]] for n, p in model.named_parameters()]))

swin = types.SimpleNamespace(depths=[2, 2, 6, 2])
swin_names = ['patch_embed.projection.weight', 'patch_embed.norm.bias', 'norm3.weight', 'absolute_pos_embed']
for s, d in enumerate(swin.depths):
    for b in range(d):
        swin_names += [f'stages.{s}.blocks.{b}.attn.w_msa.relative_position_bias_table', f'stages.{s}.blocks.{b}.ffn.layers.1.bias']
    if s < 3:
        swin_names += [f'stages.{s}.downsample.norm.weight', f'stages.{s}.downsample.reduction.weight']
vit = types.SimpleNamespace(num_layers=12)
vit_names = ['cls_token', 'pos_embed', 'patch_embed.projection.bias', 'ln1.weight']
vit_names += [f'layers.{i}.{p}' for i in range(12) for p in ('ln1.weight', 'attn.qkv.weight', 'ffn.layers.1.bias')]


def depths(rule, backbone, names):
    found = {f'backbone.{n}': rule(backbone, f'backbone.{n}', 'backbone.') for n in names}
    found['neck.weight'] = rule(backbone, 'neck.weight', 'backbone.')
    return found


# the constructor logs to standard output
Path(__file__).resolve().parent.parent.joinpath('layer_decay.json').write_text(json.dumps(dict(convnext=cases, swin=depths(depth_rule('swin_transformer.py'), swin, swin_names),
                      vit=depths(depth_rule('vision_transformer.py'), vit, vit_names))))

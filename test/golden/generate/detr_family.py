# Writes test/golden/detr_family.json: small Conditional DETR, DAB-DETR, Deformable DETR and DINO models by MMDetection, weights
# by formula (golden README, extra rule for query embeddings), with losses, detections and the gradient of each parameter as
# its norm and its product with sgn(name). Two images, the second smaller, so that padding masks matter. Also match costs over
# masks and tokens, and assignments with ties by scipy.
# Needs mmdet 3.3.0, mmcv 2.1.0 (Python fall-back of deformable attention), mmengine 0.10.7, torch, scipy.
# Run: python test/golden/generate/detr_family.py
import functools
import json
import math
import pathlib
import re

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmdet.models.detectors import DeformableDETR
from mmdet.models.layers.transformer import conditional_detr_layers, dino_layers
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from scipy.optimize import linear_sum_assignment

register_all_modules()
MASK = 0xFFFFFFFF
E = 16  # channels; MMDetection's defaults of these encodings suit 256
conditional_detr_layers.coordinate_to_encoding = functools.partial(
    conditional_detr_layers.coordinate_to_encoding, num_feats=E // 2)
dino_layers.coordinate_to_encoding = functools.partial(dino_layers.coordinate_to_encoding, num_feats=E // 2)
plain_embed = DeformableDETR.get_proposal_pos_embed
DeformableDETR.get_proposal_pos_embed = staticmethod(lambda p: plain_embed(p, num_pos_feats=E // 2))


def fnv(name):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & MASK
    return h


def u01(name, n):
    x = (np.arange(n, dtype=np.uint64) + fnv(name)) & MASK
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x85EBCA6B)) & np.uint64(MASK)
    x ^= x >> np.uint64(13)
    x = (x * np.uint64(0xC2B2AE35)) & np.uint64(MASK)
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**32


def sgn(name, shape, scale=1.0, shift=0.0):
    n = int(np.prod(shape)) if len(shape) else 1
    return torch.tensor(((2 * u01(name, n) - 1) * scale + shift).astype(np.float32)).reshape(tuple(shape))


RULES = [(r'(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$', 0.1), (r'sampling_offsets\.weight$', 0.1),
         (r'(lateral_convs|fpn_convs)\.\d+\.conv\.weight$', 0.5), (r'rpn_cls\.weight$', 0.5)]
EXTRA = [[r'query_embedding\.weight$', 4.0]]


def value(name, shape):
    if name.endswith('num_batches_tracked'):
        return torch.zeros(shape)
    if name.endswith('running_mean'):
        return sgn(name, shape, 0.1)
    if name.endswith('running_var'):
        return torch.tensor((1 + 0.5 * u01(name, int(np.prod(shape)))).astype(np.float32))
    if len(shape) >= 2:
        scale = math.sqrt(6 / np.prod(shape[1:]))
        for pattern, factor in RULES + EXTRA:
            if re.search(pattern, name):
                scale *= factor
        return sgn(name, shape, scale)
    if name.endswith('bn3.weight'):
        return sgn(name, shape, 0.03, 0.3)
    return sgn(name, shape, 0.1, 1 if name.endswith('.weight') else 0)


def rounded(t, digits=7):
    return [float(f'{v:.{digits}g}') for v in t.detach().double().flatten().tolist()]


rand_like, randint_like = torch.rand_like, torch.randint_like


def fixed_rand(x, **kwargs):
    name = 'chance' if x.dim() == 1 else 'share'
    return torch.tensor(u01(name, x.numel()).astype(np.float32)).reshape(x.shape)


def fixed_randint(x, low=0, high=2, **kwargs):
    name = 'label' if x.dim() == 1 else 'sign'
    drawn = np.floor(u01(name, x.numel()) * high)
    return torch.tensor(drawn.astype(np.float32 if 'dtype' in kwargs else np.int64)).reshape(x.shape)


def backbone(indices):
    return dict(type='ResNet', depth=18, base_channels=4, stem_channels=4, num_stages=4, out_indices=indices,
                norm_cfg=dict(type='BN'), norm_eval=True, style='pytorch')


def neck(channels, outs, norm=None):
    return dict(type='ChannelMapper', in_channels=channels, kernel_size=1, out_channels=E, act_cfg=None, norm_cfg=norm,
                num_outs=outs)


preprocessor = dict(type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                    bgr_to_rgb=True, pad_size_divisor=1)
ffn = dict(embed_dims=E, feedforward_channels=32, num_fcs=2, ffn_drop=0.0, act_cfg=dict(type='ReLU', inplace=True))
mha = dict(embed_dims=E, num_heads=4, dropout=0.0, batch_first=True)
msda = lambda levels: dict(embed_dims=E, num_heads=4, num_levels=levels, num_points=2, dropout=0.0, batch_first=True)
encoder = dict(num_layers=2, layer_cfg=dict(self_attn_cfg=mha, ffn_cfg=ffn))
focal = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=2.0)
boxes = dict(loss_bbox=dict(type='L1Loss', loss_weight=5.0), loss_iou=dict(type='GIoULoss', loss_weight=2.0))
train = dict(assigner=dict(type='HungarianAssigner', match_costs=[
    dict(type='FocalLossCost', weight=2.0), dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
    dict(type='IoUCost', iou_mode='giou', weight=2.0)]))


def single(kind, decoder, loss=focal, encoder=encoder, **more):
    return dict(type=kind, num_queries=6, data_preprocessor=preprocessor, backbone=backbone([3]), neck=neck([32], 1),
                encoder=encoder, decoder=decoder, positional_encoding=dict(num_feats=E // 2, temperature=20, normalize=True),
                bbox_head=dict(type=f'{kind}Head', num_classes=3, embed_dims=E, loss_cls=loss, **boxes), train_cfg=train,
                test_cfg=dict(max_per_img=5), **more)


def conditional(cross=True, keep=False):
    return dict(embed_dims=E, num_heads=4, attn_drop=0.0, proj_drop=0.0, cross_attn=cross, keep_query_pos=keep)


def conditional_layer(keep=False):
    return dict(self_attn_cfg=conditional(False), cross_attn_cfg=conditional(True, keep), ffn_cfg=ffn)


def dab(keep=False, **more):
    return dict(num_layers=3, layer_cfg=conditional_layer(keep), return_intermediate=True, **more)


def deformable(kind='DeformableDETR', loss=focal, **more):
    levels = 3
    return dict(type=kind, num_queries=6, num_feature_levels=levels, data_preprocessor=preprocessor,
                backbone=backbone([2, 3]), neck=neck([16, 32], levels, dict(type='GN', num_groups=4)),
                encoder=dict(num_layers=2, layer_cfg=dict(self_attn_cfg=msda(levels), ffn_cfg=ffn)),
                decoder=dict(num_layers=2, return_intermediate=True, post_norm_cfg=None,
                             layer_cfg=dict(self_attn_cfg=mha, cross_attn_cfg=msda(levels), ffn_cfg=ffn)),
                positional_encoding=dict(num_feats=E // 2, normalize=True, offset=-0.5),
                bbox_head=dict(type=f'{kind}Head', num_classes=3, embed_dims=E, loss_cls=loss, **boxes),
                train_cfg=train, test_cfg=dict(max_per_img=5), **more)


dn = dict(label_noise_scale=0.5, box_noise_scale=1.0, group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=10))
quality = dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0)
MODELS_ = {
    'conditional': single('ConditionalDETR', dict(num_layers=2, layer_cfg=conditional_layer(), return_intermediate=True)),
    'dab': single('DABDETR', dab()),
    'dab with learned scales, patterns and kept positions': single(
        'DABDETR', dab(True, query_scale_type='fix_elewise'), num_patterns=2),
    'dab with points and one scale': single(
        'DABDETR', dab(query_dim=2, query_scale_type='cond_scalar', with_modulated_hw_attn=False)),
    'deformable': deformable(),
    'deformable, refined': deformable(with_box_refine=True, loss=quality),
    'deformable, two stages': deformable(with_box_refine=True, as_two_stage=True),
    'deformable, two stages, not refined': deformable(as_two_stage=True),
    'dino': deformable('DINO', with_box_refine=True, as_two_stage=True, dn_cfg=dn),
    'dino in fixed groups': deformable('DINO', with_box_refine=True, as_two_stage=True,
                                       dn_cfg=dict(label_noise_scale=1.0, box_noise_scale=0.4,
                                                   group_cfg=dict(dynamic=False, num_groups=2))),
}
SHAPES = [(64, 96), (48, 64)]
GT = [([[4, 6, 40, 50], [50, 10, 90, 60], [20, 20, 70, 44]], [0, 2, 1]), ([[3, 4, 30, 40], [25, 8, 60, 44]], [1, 2])]


def samples():
    out = []
    for (h, w), (bboxes, labels) in zip(SHAPES, GT):
        sample = DetDataSample()
        sample.set_metainfo(dict(img_shape=(h, w), ori_shape=(2 * h, 2 * w), batch_input_shape=(64, 96), scale_factor=(0.5, 0.5)))
        sample.gt_instances = InstanceData(bboxes=torch.tensor(bboxes, dtype=torch.float32), labels=torch.tensor(labels))
        out.append(sample)
    return out


def run(cfg):
    plain = json.loads(json.dumps(cfg))
    model = MODELS.build(json.loads(json.dumps(cfg)))
    state = model.state_dict()
    with torch.no_grad():
        for name, tensor in state.items():
            tensor.copy_(value(name, tuple(tensor.shape)))
    inputs = sgn('in0', (2, 3, 64, 96))
    inputs[1, :, 48:] = 0
    inputs[1, :, :, 64:] = 0
    model.train()
    torch.rand_like, torch.randint_like = fixed_rand, fixed_randint
    losses = model.loss(inputs, samples())
    torch.rand_like, torch.randint_like = rand_like, randint_like
    sum(v.sum() for v in losses.values()).backward()
    grads = {}
    for name, p in model.named_parameters():
        g = torch.zeros_like(p) if p.grad is None else p.grad
        grads[name] = [float(f'{g.double().norm():.7g}'), float(f'{(g.double() * sgn(name, p.shape).double()).sum():.7g}')]
    model.eval()
    with torch.no_grad():
        found = model.predict(inputs, samples(), rescale=True)
    predictions = [dict(bboxes=rounded(f.pred_instances.bboxes), scores=rounded(f.pred_instances.scores),
                        labels=f.pred_instances.labels.tolist()) for f in found]
    return dict(cfg=plain, params=[[k, list(v.shape)] for k, v in state.items()],
                losses={k: float(f'{v.item():.8g}') for k, v in losses.items()}, grads=grads, predictions=predictions)


def mask_costs():
    masks, truth = sgn('masks', (4, 3, 5), 3), (sgn('truth', (2, 3, 5)) > 0).float()
    predicted = InstanceData(masks=masks, scores=sgn('scores', (4, 7), 3))
    wanted = InstanceData(masks=truth, labels=torch.tensor([0, 1]), positive_maps=(sgn('maps', (2, 7)) > 0).float(),
                          text_token_mask=torch.tensor([[1, 1, 0, 1, 1, 0, 1]] * 2))
    configs = [dict(type='DiceCost'), dict(type='DiceCost', pred_act=True, eps=1.0, naive_dice=False, weight=5.0),
               dict(type='CrossEntropyLossCost', weight=5.0), dict(type='FocalLossCost', binary_input=True, weight=20.0),
               dict(type='BinaryFocalLossCost', weight=2.0)]
    return [dict(cfg=dict(c), cost=rounded(TASK_UTILS.build(dict(c))(predicted, wanted))) for c in configs]


def assignments():
    out = []
    for k, (rows, columns, levels) in enumerate(
            [(4, 4, 3), (7, 3, 4), (3, 7, 4), (9, 9, 2), (12, 8, 5), (8, 12, 1), (1, 5, 3), (20, 20, 6)]):
        cost = np.floor(u01(f'cost{k}', rows * columns) * levels).reshape(rows, columns)
        r, c = linear_sum_assignment(cost)
        out.append(dict(rows=rows, columns=columns, levels=levels, row=r.tolist(), column=c.tolist()))
    return out


result = dict(extra_rules=EXTRA, models={name: run(cfg) for name, cfg in MODELS_.items()}, mask_costs=mask_costs(),
              assignments=assignments())
target = pathlib.Path(__file__).parent.parent / 'detr_family.json'
target.write_text(json.dumps(result, separators=(',', ':')) + '\n')
print(target, target.stat().st_size)

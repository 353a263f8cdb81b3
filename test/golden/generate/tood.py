"""TOODHead before and after its initial epochs: ../ref_head_tood*.safetensors in the format of heads_single.py, and
../tood_init.json, how every parameter of the head of tood_r50_fpn_1x_coco starts ([mean, standard deviation, largest magnitude]).

Needs what heads_single.py needs, with deform_conv and modulated_deform_conv of mmcv compiled for the CPU.
Run: python tood.py
"""
import json

import torch
from mmengine.config import ConfigDict

from heads_single import BN, COMMON, GN, MODELS, OUT, RETINA_ANCHORS, TEST, run

ASSIGN = dict(initial_epoch=4, initial_assigner=dict(type='ATSSAssigner', topk=9),
              assigner=dict(type='TaskAlignedAssigner', topk=5), alpha=1, beta=6, allowed_border=-1, pos_weight=-1)
HEAD = dict(type='TOODHead', **{**COMMON, 'feat_channels': 32}, stacked_convs=3, norm_cfg=GN, anchor_type='anchor_free',
            anchor_generator=RETINA_ANCHORS,
            bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.], target_stds=[0.1, 0.1, 0.2, 0.2]),
            initial_loss_cls=dict(type='FocalLoss', use_sigmoid=True, activated=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
            loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, activated=True, beta=2.0, loss_weight=1.0),
            loss_bbox=dict(type='GIoULoss', loss_weight=2.0), train_cfg=ASSIGN, test_cfg=TEST)
ANCHOR_BASED = dict(HEAD, anchor_type='anchor_based', norm_cfg=None)
DEFORMABLE = dict(HEAD, num_dcn=2, norm_cfg=BN, train_cfg=dict(ASSIGN, alpha=0.5, beta=4, allowed_border=16, pos_weight=2))
# boxes are sampled cells away, some beyond the border
RULES = [(r'reg_offset_module\.2\.weight$', 8), (r'conv_offset\.weight$', 0.3)]
HEADS = dict(
    tood_initial=dict(cfg=HEAD, epoch=3),
    tood=dict(cfg=HEAD, epoch=4),
    tood_anchor_based_initial=dict(cfg=ANCHOR_BASED),
    tood_anchor_based=dict(cfg=ANCHOR_BASED, epoch=11),
    tood_dcn_initial=dict(cfg=DEFORMABLE, truths=[3, 0]),
    tood_dcn=dict(cfg=DEFORMABLE, epoch=4, truths=[3, 0]),
    tood_empty=dict(cfg=HEAD, epoch=4, truths=[0, 0]),
)
# as in tood_r50_fpn_1x_coco
FULL = dict(type='TOODHead', num_classes=80, in_channels=256, stacked_convs=6, feat_channels=256, anchor_type='anchor_free',
            anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=8, scales_per_octave=1,
                                  strides=[8, 16, 32, 64, 128]), loss_cls=HEAD['loss_cls'], loss_bbox=HEAD['loss_bbox'])


def starting_values(cfg):
    torch.manual_seed(1)
    head = MODELS.build(ConfigDict(cfg))
    head.init_weights()
    rows = {}
    for key, p in head.named_parameters():
        p = p.detach().double()
        rows[key] = [float(f'{v:.4g}') for v in (p.mean(), p.std(unbiased=False), p.abs().max())]
    return dict(cfg=cfg, values=rows)


for name, case in HEADS.items():
    run(name, extra=RULES, **case)
cases = dict(tood=starting_values(FULL), tood_dcn=starting_values(dict(FULL, num_dcn=2)))
(OUT / 'tood_init.json').write_text(json.dumps(cases, separators=(',', ':')) + '\n')

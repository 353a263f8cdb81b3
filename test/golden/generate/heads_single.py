"""One-stage heads that the golden files do not hold: outputs, losses, gradients and predictions.

Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7, mmyolo 0.6.0 and torch from PyPI.
Run: python heads_single.py [name ...]; writes ../ref_head_<name>.safetensors in the format of head_retina.safetensors,
with features by formula: feat<k> = sgn("feat<k>", shape), and truths boxes("gt<i>", n, w=128, h=96). Row j of `grad_w`
[parameters, 2] is the sum of parameter j's gradient and its product with sgn("d:" + name, shape).
"""
import json
import re
import struct
import sys
from pathlib import Path

import numpy as np
import torch
from mmdet.models import dense_heads  # noqa: F401
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine import MessageHub
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

register_all_modules(init_default_scope=True)
import mmyolo.models  # noqa: E402,F401
from mmyolo.registry import MODELS as YOLO_MODELS  # noqa: E402

OUT = Path(__file__).parent.parent
H, W = 96, 128


def fnv(name):
    h = 2166136261
    for b in name.encode():
        h = ((h ^ b) * 16777619) & 0xFFFFFFFF
    return h


def u01(name, n):
    x = (np.arange(n, dtype=np.uint64) + fnv(name)) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & 0xFFFFFFFF
    return x.astype(np.float64) / 2**32


def sgn(name, shape, scale=1.0, shift=0.0):
    n = int(np.prod(shape)) if len(shape) else 1
    return ((2 * u01(name, n) - 1) * scale + shift).astype(np.float32).reshape(shape)


RULES = [(r'(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$', 0.1), (r'(lateral_convs|fpn_convs)\.\d+\.conv\.weight$', 0.5),
         (r'rpn_cls\.weight$', 0.5), (r'sampling_offsets\.weight$', 0.1)]


def pvalue(name, shape, extra):
    if name.endswith('num_batches_tracked'):
        return np.zeros(shape, np.int64)
    if name.endswith('running_mean'):
        return sgn(name, shape, 0.1)
    if name.endswith('running_var'):
        return (1 + 0.5 * u01(name, int(np.prod(shape)))).astype(np.float32).reshape(shape)
    if len(shape) >= 2:
        scale = np.sqrt(6 / np.prod(shape[1:]))
        for pattern, factor in RULES + extra:
            if re.search(pattern, name):
                scale *= factor
        return sgn(name, shape, scale)
    if name.endswith('.weight'):
        return sgn(name, shape, 0.1, 1)
    return sgn(name, shape, 0.1)


def boxes(name, n, w=W, h=H, least=4, most=80):
    u = u01(name, 4 * n).reshape(n, 4)
    x1, y1 = u[:, 0] * (w - least), u[:, 1] * (h - least)
    x2, y2 = np.minimum(x1 + least + u[:, 2] * most, w), np.minimum(y1 + least + u[:, 3] * most, h)
    return np.stack([x1, y1, x2, y2], 1).astype(np.float32)


def save_file(tensors, path, metadata):
    header, body = {'__metadata__': metadata}, b''
    for key, value in tensors.items():
        data = value.tobytes()
        dtype = {'float32': 'F32', 'int32': 'I32'}[str(value.dtype)]
        header[key] = dict(dtype=dtype, shape=list(value.shape), data_offsets=[len(body), len(body) + len(data)])
        body += data
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + body)


TEST = dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=30)
MAX_IOU = dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1)
RETINA_ANCHORS = dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=1, ratios=[1.0], strides=[8, 16, 32])
GN = dict(type='GN', num_groups=2, requires_grad=True)
BN = dict(type='BN', momentum=0.03, eps=0.001)
STRIDES = [8, 16, 32]
ATSS = dict(type='ATSSAssigner', topk=9)
COMMON = dict(num_classes=3, in_channels=8, feat_channels=8)
FCOS = dict(type='FCOSHead', **COMMON, stacked_convs=2, strides=STRIDES,
            regress_ranges=((-1, 32), (32, 64), (64, 1e8)), test_cfg=TEST)
POINTS = dict(type='MlvlPointGenerator', offset=0, strides=STRIDES)
RTM = dict(**COMMON, stacked_convs=2, with_objectness=False,
           anchor_generator=POINTS, bbox_coder=dict(type='DistancePointBBoxCoder'),
           loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
           loss_bbox=dict(type='GIoULoss', loss_weight=2.0), norm_cfg=dict(type='BN'), act_cfg=dict(type='SiLU'),
           train_cfg=dict(assigner=dict(type='DynamicSoftLabelAssigner', topk=13), allowed_border=-1, pos_weight=-1),
           test_cfg=TEST)
ATSS_HEAD = dict(type='ATSSHead', **COMMON, stacked_convs=2, norm_cfg=GN, anchor_generator=RETINA_ANCHORS,
                 bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]),
                 loss_cls=dict(type='FocalLoss', use_sigmoid=True), loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
                 loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
                 train_cfg=dict(assigner=ATSS, allowed_border=-1, pos_weight=-1), test_cfg=TEST)
GFL = dict(type='GFLHead', **COMMON, stacked_convs=2, norm_cfg=GN, anchor_generator=RETINA_ANCHORS, reg_max=7,
           loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
           loss_dfl=dict(type='DistributionFocalLoss', loss_weight=0.25), loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
           train_cfg=dict(assigner=ATSS, allowed_border=-1, pos_weight=-1), test_cfg=TEST)
YOLOX = dict(type='YOLOXHead', **COMMON, stacked_convs=2, strides=STRIDES, norm_cfg=BN, act_cfg=dict(type='Swish'),
             train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)),
             test_cfg=dict(score_thr=0.01, nms=dict(type='nms', iou_threshold=0.65)))
V3 = dict(type='YOLOV3Head', num_classes=3, in_channels=[8, 8, 8], out_channels=[16, 8, 8],
          anchor_generator=dict(type='YOLOAnchorGenerator', strides=[32, 16, 8],
                                base_sizes=[[(60, 50), (50, 90), (110, 80)], [(30, 31), (32, 45), (49, 29)],
                                            [(10, 13), (16, 20), (23, 13)]]),
          featmap_strides=[32, 16, 8],
          train_cfg=dict(assigner=dict(type='GridAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)),
          test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, conf_thr=0.005,
                        nms=dict(type='nms', iou_threshold=0.45), max_per_img=30))
BCE = dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='sum')
V8 = dict(type='YOLOv8Head',
          head_module=dict(type='YOLOv8HeadModule', num_classes=3, in_channels=[16, 16, 16], widen_factor=0.5, reg_max=4,
                           norm_cfg=BN, act_cfg=dict(type='SiLU', inplace=True), featmap_strides=STRIDES),
          train_cfg=dict(assigner=dict(type='BatchTaskAlignedAssigner', num_classes=3, use_ciou=True, topk=10, alpha=0.5,
                                       beta=6.0, eps=1e-9)),
          test_cfg=dict(multi_label=True, nms_pre=100, score_thr=0.001, nms=dict(type='nms', iou_threshold=0.7),
                        max_per_img=30))
RTM_RULES = [(r'rtm_reg.*\.weight$', 0.2)]
HEADS = dict(
    retina_gn=dict(cfg=dict(type='RetinaHead', **COMMON, stacked_convs=1, norm_cfg=GN, reg_decoded_bbox=True,
                            anchor_generator=RETINA_ANCHORS, loss_cls=dict(type='FocalLoss', use_sigmoid=True),
                            loss_bbox=dict(type='GIoULoss'),
                            train_cfg=dict(assigner=MAX_IOU, allowed_border=0, pos_weight=2), test_cfg=TEST)),
    retina_softmax=dict(cfg=dict(type='RetinaHead', **COMMON, stacked_convs=0, anchor_generator=RETINA_ANCHORS,
                                 loss_cls=dict(type='CrossEntropyLoss'), loss_bbox=dict(type='SmoothL1Loss', beta=0.11),
                                 train_cfg=dict(assigner=MAX_IOU, allowed_border=-1, pos_weight=-1), test_cfg=TEST)),
    retina_ghm=dict(cfg=dict(type='RetinaHead', **COMMON, stacked_convs=1, anchor_generator=RETINA_ANCHORS,
                             loss_cls=dict(type='GHMC', bins=30, momentum=0.75, use_sigmoid=True, loss_weight=1.0),
                             loss_bbox=dict(type='GHMR', mu=0.02, bins=10, momentum=0.7, loss_weight=10.0),
                             train_cfg=dict(assigner=MAX_IOU, allowed_border=-1, pos_weight=-1), test_cfg=TEST)),
    ssd=dict(cfg=dict(type='SSDHead', num_classes=3, in_channels=[8, 8, 8],
                      anchor_generator=dict(type='SSDAnchorGenerator', scale_major=False, min_sizes=[16, 32, 64],
                                            max_sizes=[32, 64, 96], strides=STRIDES, ratios=[[2], [2, 3], [2]]),
                      bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]),
                      train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.,
                                                   ignore_iof_thr=-1, gt_max_assign_all=False), smoothl1_beta=1.,
                                     allowed_border=-1, pos_weight=-1, neg_pos_ratio=3), test_cfg=TEST)),
    ssdlite=dict(cfg=dict(type='SSDHead', num_classes=3, in_channels=[8, 8, 8], stacked_convs=1, feat_channels=6,
                          use_depthwise=True, norm_cfg=BN, act_cfg=dict(type='ReLU6'),
                          anchor_generator=dict(type='SSDAnchorGenerator', scale_major=False, min_sizes=[16, 32, 64],
                                                max_sizes=[32, 64, 96], strides=STRIDES, ratios=[[2], [2, 3], [2]]),
                          train_cfg=dict(assigner=MAX_IOU, smoothl1_beta=0.5, allowed_border=-1, pos_weight=-1,
                                         neg_pos_ratio=3), test_cfg=TEST)),
    fcos=dict(cfg=dict(FCOS, norm_cfg=GN)),
    fcos_tricks=dict(cfg=dict(FCOS, norm_cfg=GN, norm_on_bbox=True, centerness_on_reg=True, center_sampling=True,
                              center_sample_radius=1.5, conv_bias=True, loss_bbox=dict(type='GIoULoss'))),
    fcos_normed=dict(cfg=dict(FCOS, norm_cfg=GN, cls_predictor_cfg=dict(type='NormedLinear', tempearture=5, power=1.5, eps=1e-3,
                                                                        bias=True))),
    atss=dict(cfg=ATSS_HEAD),
    gfl=dict(cfg=dict(GFL, test_cfg=dict(TEST, score_thr=0.001))),
    fsaf=dict(cfg=dict(type='FSAFHead', **COMMON, stacked_convs=1, reg_decoded_bbox=True,
                       anchor_generator=dict(type='AnchorGenerator', octave_base_scale=1, scales_per_octave=1, ratios=[1.0],
                                             strides=STRIDES),
                       bbox_coder=dict(type='TBLRBBoxCoder', normalizer=4.0),
                       loss_cls=dict(type='FocalLoss', use_sigmoid=True, reduction='none'),
                       loss_bbox=dict(type='IoULoss', eps=1e-6, loss_weight=1.0, reduction='none'),
                       train_cfg=dict(assigner=dict(type='CenterRegionAssigner', pos_scale=0.2, neg_scale=0.2,
                                                    min_pos_iof=0.01), allowed_border=-1, pos_weight=-1), test_cfg=TEST)),
    fsaf_tricks=dict(cfg=dict(type='FSAFHead', **COMMON, stacked_convs=1, norm_cfg=GN, score_threshold=0.5,
                              anchor_generator=dict(type='AnchorGenerator', octave_base_scale=2, scales_per_octave=2,
                                                    ratios=[1.0], strides=STRIDES),
                              bbox_coder=dict(type='TBLRBBoxCoder', normalizer=[4.0, 3.0, 2.0, 5.0], clip_border=False),
                              loss_cls=dict(type='FocalLoss', use_sigmoid=True, reduction='none', loss_weight=2.0),
                              loss_bbox=dict(type='L1Loss', loss_weight=0.5, reduction='none'),
                              train_cfg=dict(assigner=dict(type='CenterRegionAssigner', pos_scale=0.4, neg_scale=0.8,
                                                           min_pos_iof=0.1, foreground_dominate=True),
                                             allowed_border=4, pos_weight=2), test_cfg=TEST)),
    retina_sepbn=dict(cfg=dict(type='RetinaSepBNHead', **COMMON, num_ins=3, stacked_convs=2, norm_cfg=BN,
                               anchor_generator=RETINA_ANCHORS, loss_cls=dict(type='FocalLoss', use_sigmoid=True),
                               loss_bbox=dict(type='L1Loss'),
                               train_cfg=dict(assigner=MAX_IOU, allowed_border=-1, pos_weight=-1), test_cfg=TEST)),
    yolov3=dict(cfg=V3, sizes=[(3, 4), (6, 8), (12, 16)]),
    yolov3_smooth=dict(cfg=dict(V3, one_hot_smoother=0.01, loss_cls=dict(BCE, loss_weight=1.0),
                                loss_conf=dict(BCE, loss_weight=1.0), loss_xy=dict(BCE, loss_weight=2.0),
                                loss_wh=dict(type='MSELoss', loss_weight=2.0, reduction='sum')),
                       sizes=[(3, 4), (6, 8), (12, 16)]),
    yolox=dict(cfg=YOLOX, l1=False),
    yolox_l1=dict(cfg=dict(YOLOX, use_depthwise=True), l1=True),
    rtmdet=dict(cfg=dict(type='RTMDetHead', **RTM), extra=RTM_RULES),
    rtmdet_obj=dict(cfg=dict(type='RTMDetHead', **{**RTM, 'with_objectness': True}), extra=RTM_RULES),
    rtmdet_sepbn=dict(cfg=dict(type='RTMDetSepBNHead', share_conv=True, pred_kernel_size=1, exp_on_reg=True, **RTM), extra=RTM_RULES),
    rtmdet_sepbn_own=dict(cfg=dict(type='RTMDetSepBNHead', share_conv=False, pred_kernel_size=3,
                                   **{**RTM, 'use_depthwise': True}), extra=RTM_RULES),
    yolov8=dict(cfg=V8),
    yolov8_single=dict(cfg=dict(V8, head_module=dict(V8['head_module'], reg_max=6),
                                train_cfg=dict(assigner=dict(type='BatchTaskAlignedAssigner', num_classes=3, topk=5)),
                                test_cfg=dict(V8['test_cfg'], multi_label=False))),
)


def strip_tensors(out):
    return [list(o) if isinstance(o, (list, tuple)) else [o] for o in out]


def run(name, cfg, sizes=((12, 16), (6, 8), (3, 4)), l1=None, extra=(), epoch=0, truths=(3, 4)):
    torch.manual_seed(0)
    MessageHub.get_instance('heads').update_info('epoch', epoch)
    extra = [*extra, (r'(cls|reg|pred|centerness|obj)[^/]*\.weight$', 0.5)]
    yolo = 'head_module' in cfg
    with DefaultScope.overwrite_default_scope('mmyolo' if yolo else 'mmdet'):
        head = (YOLO_MODELS if yolo else MODELS).build(ConfigDict(cfg))
    if cfg['type'] == 'SSDHead':
        head.loss_cls = None
    state = head.state_dict()
    head.load_state_dict({k: torch.from_numpy(pvalue(k, tuple(v.shape), extra)) for k, v in state.items()
                          if not k.startswith('loss_') and not k.endswith(('.scale', '.project'))}, strict=False)
    if l1 is not None:
        head.use_l1 = l1
    feats = [torch.from_numpy(sgn(f'feat{k}', (2, 8, *size))) for k, size in enumerate(sizes)]
    meta = dict(img_shape=(H, W), ori_shape=(H, W), pad_shape=(H, W), batch_input_shape=(H, W), scale_factor=(1., 1.))
    tensors = {}
    head.eval()
    with torch.no_grad():
        out = head(feats)
        for j, levels in enumerate(strip_tensors(out)):
            for k, t in enumerate(levels):
                tensors[f'fwd{j}.l{k}'] = t.numpy()
        results = head.predict_by_feat(*out, batch_img_metas=[meta, meta], rescale=False)
        for i, r in enumerate(results):
            tensors[f'img{i}.bboxes'] = r.bboxes.numpy()
            tensors[f'img{i}.scores'] = r.scores.numpy()
            tensors[f'img{i}.labels'] = r.labels.numpy().astype(np.int32)
    head.train()
    gts, rows = [], []
    for i, n in enumerate(truths):
        gt = InstanceData(bboxes=torch.from_numpy(boxes(f'gt{i}', n)), labels=torch.arange(n) % 3)
        gts.append(gt)
        rows.append(torch.cat([torch.full((n, 1), i), gt.labels[:, None], gt.bboxes], 1))
    out = head(feats)
    if 'head_module' in cfg:
        losses = head.loss_by_feat(*out, torch.cat(rows), [meta, meta])
    else:
        losses = head.loss_by_feat(*out, gts, [meta, meta])
    total = sum(sum(v) if isinstance(v, list) else v for v in losses.values()).sum()
    total.backward()
    report = {k: [float(x) for x in v] if isinstance(v, list) else float(v) for k, v in losses.items()}
    report['_grad_abs_sum'] = {k: float(p.grad.abs().double().sum()) if p.grad is not None else 0.0
                               for k, p in head.named_parameters()}
    tensors['grad_w'] = np.array([[0, 0] if p.grad is None else
                                  [p.grad.double().sum(), (p.grad.double() * torch.from_numpy(sgn(f'd:{k}', p.shape))).sum()]
                                  for k, p in head.named_parameters()], np.float32)
    params = {k: list(v.shape) for k, v in state.items()}
    metadata = dict(cfg=json.dumps(cfg), params=json.dumps(params), losses=json.dumps(report),
                    extra_rules=json.dumps(extra), sizes=json.dumps(sizes), gt=json.dumps(truths),
                    l1=json.dumps(l1), epoch=json.dumps(epoch))
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, OUT / f'ref_head_{name}.safetensors', metadata)
    print(name, {k: v for k, v in report.items() if k[0] != '_'}, [len(r) for r in results])


if __name__ == "__main__":
    for name in sys.argv[1:] or HEADS:
        run(name, **HEADS[name])

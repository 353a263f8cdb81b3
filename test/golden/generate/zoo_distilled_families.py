"""The configs of zoo.py for mmrazor's distilled detectors: MMYOLO's RTMDet and MMDetection's RetinaNet at an eighth of their channels."""
from zoo_yolo_families import rtm, rtm_far, rtm_train, scale, test, wide, yolo
import mmrazor_reference

BN = dict(type='BN', affine=False, track_running_stats=False)


def rtmdet(width):
    sizes = dict(scale, widen_factor=width)
    norm = dict(type='BN')
    head = dict(rtm, head_module=dict(rtm['head_module'], widen_factor=width))
    model = yolo(dict(type='mmyolo.CSPNeXt', norm_cfg=norm, **sizes),
                dict(type='mmyolo.CSPNeXtPAFPN', in_channels=wide, out_channels=256, num_csp_blocks=3, norm_cfg=norm, **sizes), head, rtm_train, test)
    return dict(model, _scope_='mmyolo')


def retina(depth, channels):
    return dict(
        type='RetinaNet', _scope_='mmdet', data_preprocessor=dict(type='DetDataPreprocessor', mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], pad_size_divisor=32),
        backbone=dict(type='ResNet', depth=depth, base_channels=8, frozen_stages=1, norm_eval=True),
        neck=dict(type='FPN', in_channels=[8 * 2 ** i * (4 if depth > 34 else 1) for i in range(4)], out_channels=channels, start_level=1, add_extra_convs='on_input', num_outs=4),
        bbox_head=dict(type='RetinaHead', num_classes=3, in_channels=channels, feat_channels=16, stacked_convs=1,
                       anchor_generator=dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=2, ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64]),
                       bbox_coder=dict(type='DeltaXYWHBBoxCoder'), loss_cls=dict(type='FocalLoss', use_sigmoid=True, loss_weight=1.0),
                       loss_bbox=dict(type='L1Loss', loss_weight=1.0)),
        train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1),
                       sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1, debug=False),
        test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=20))


def places(name, **place):
    return dict(preds_S=dict(from_student=True, recorder=name, **place), preds_T=dict(from_student=False, recorder=name, **place))


def cwd():
    """As MMYOLO's four configs."""
    recorders = {f'fpn{i}': dict(type='ModuleOutputs', source=f'neck.out_layers.{i}.conv') for i in range(3)}
    connectors, mappings = {}, {}
    for name in recorders:
        connectors[f'{name}_s'] = dict(type='ConvModuleConnector', in_channel=32, out_channel=48, bias=False, norm_cfg=BN, act_cfg=None)
        connectors[f'{name}_t'] = dict(type='NormConnector', in_channels=48, norm_cfg=BN)
        mappings[f'loss_{name}'] = dict(preds_S=dict(from_student=True, recorder=name, connector=f'{name}_s'),
                                        preds_T=dict(from_student=False, recorder=name, connector=f'{name}_t'))
    return dict(type='ConfigurableDistiller', student_recorders=recorders, teacher_recorders=recorders, connectors=connectors,
                distill_losses={name: dict(type='ChannelWiseDivergence', loss_weight=1) for name in mappings}, loss_forward_mappings=mappings)


def pkd():
    """As mmrazor's PKD, beside a divergence of what the towers of the heads give, at two of their calls."""
    recorders = dict(fpn=dict(type='ModuleOutputs', source='neck'), cls=dict(type='ModuleOutputs', source='bbox_head.retina_cls'),
                     tower=dict(type='ModuleInputs', source='bbox_head.retina_reg'))
    losses = {f'loss_pkd_fpn{i}': dict(type='PKDLoss', loss_weight=6) for i in range(2)}
    mappings = {f'loss_pkd_fpn{i}': places('fpn', data_idx=i) for i in range(2)}
    losses.update(loss_cls=dict(type='ChannelWiseDivergence', tau=2, loss_weight=5), tower=dict(type='PKDLoss'))
    mappings.update(loss_cls=places('cls', record_idx=1), tower=places('tower', record_idx=2, data_idx=0))
    return dict(type='ConfigurableDistiller', student_recorders=recorders, teacher_recorders=recorders, distill_losses=losses, loss_forward_mappings=mappings)


DISTILLED_FAMILIES = dict(
    distilled=dict(rtmdet=dict(model=dict(type='mmrazor.FpnTeacherDistill', architecture=rtmdet(0.125), teacher=rtmdet(0.1875), distiller=cwd()), constants=rtm_far, rules=[(r'rtm_cls.*weight$', 4.0)])),
    distilled_slow=dict(retinanet=dict(model=dict(type='mmrazor.SingleTeacherDistill', architecture=retina(18, 16), teacher=retina(18, 16), distiller=pkd()))),
)
MODELS = mmrazor_reference.MODELS

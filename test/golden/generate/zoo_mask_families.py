"""The configs of zoo.py that predict masks in one stage: ResNet-18 with few channels, FPN of 16."""
from zoo_families import backbone, gn, neck, pre

channels = dict(num_classes=3, in_channels=16, feat_channels=16)
focal = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0)
dice = dict(type='DiceLoss', use_sigmoid=True, loss_weight=3.0)
fpn = dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=4)
matrix = dict(nms_pre=40, score_thr=0.35, mask_thr=0.5, filter_thr=0.05, kernel='gaussian', sigma=2.0, max_per_img=12)


def solo(type_='SOLOHead', detector='SOLO', test=matrix, **more):
    head = {**dict(type=type_, **channels, stacked_convs=2, strides=[8, 8, 16, 16], scale_ranges=((1, 50), (30, 62), (50, 90), (60, 2048)),
                   pos_scale=0.4, num_grids=[8, 6, 5, 4], norm_cfg=gn, loss_cls=focal, loss_mask=dice), **more}
    return dict(type=detector, data_preprocessor=pre, backbone=backbone, neck=fpn, mask_head=head, test_cfg=test)


products = dict(dice, activate=False)

features = dict(feat_channels=12, start_level=0, end_level=3, out_channels=10, mask_stride=4, norm_cfg=dict(type='GN', num_groups=2))


def instances(type_, bbox_head, mask_head, train=None, test=None, **more):
    parts = dict(data_preprocessor=pre, backbone=backbone, neck=three_levels)
    return {**dict(type=type_, **parts, bbox_head=bbox_head, mask_head=mask_head, train_cfg=train, test_cfg=test), **more}


three_levels = dict(neck, relu_before_extra_convs=True)


def yolact(train=None, segm=True, **more):
    return instances(
        'YOLACT', {**dict(type='YOLACTHead', **channels, num_protos=6, bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2]), anchor_generator=dict(
                type='AnchorGenerator', octave_base_scale=3, scales_per_octave=1, base_sizes=[8, 16, 32], ratios=[0.5, 1.0, 2.0],
                strides=[8, 16, 32], centers=[(4, 4), (8, 8), (16, 16)])), **more},
        dict(type='YOLACTProtonet', num_classes=3, in_channels=16, num_protos=6, loss_mask_weight=6.125, max_masks_to_train=20,
             proto_channels=(12, None, 6), proto_kernel_sizes=(3, -2, 1), with_seg_branch=segm),
        {**dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.3, neg_iou_thr=0.25, min_pos_iou=0., ignore_iof_thr=-1,
                              gt_max_assign_all=False), sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1,
                neg_pos_ratio=3, debug=False), **(train or {})},
        dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, mask_thr=0.5, iou_thr=0.5, top_k=30, max_per_img=15, mask_thr_binary=0.5))


fcos = dict(**channels, stacked_convs=1, strides=[8, 16, 32], regress_ranges=((-1, 32), (32, 64), (64, 1e8)), norm_on_bbox=True,
            centerness_on_reg=True, center_sampling=True, conv_bias=True, norm_cfg=gn, loss_cls=focal,
            loss_bbox=dict(type='GIoULoss', loss_weight=1.0),
            loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0))
found = dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=12, mask_thr=0.5)


def dynamic(kind, hidden=4, levels=(0, 2), preprocessor=pre, boxes=None, **more):
    return instances(
        kind, {**dict(type=f'{kind}BboxHead', num_params=(hidden + 3) * hidden + hidden * (hidden + 1) + hidden + 1, **fcos), **(boxes or {})},
        {**dict(type=f'{kind}MaskHead', num_layers=3, feat_channels=hidden, size_of_interest=4, mask_out_stride=4,
                mask_feature_head=dict(in_channels=16, feat_channels=12, start_level=levels[0], end_level=levels[1], out_channels=hidden,
                                       mask_stride=8, num_stacked_convs=1, norm_cfg=dict(type='BN', requires_grad=True)),
                loss_mask=dict(type='DiceLoss', use_sigmoid=True, activate=True, eps=5e-6, loss_weight=1.0)), **more},
        test=found, data_preprocessor=preprocessor)


alike = dict(pre, type='BoxInstDataPreprocessor', mask_stride=4, pairwise_size=3, pairwise_dilation=2, pairwise_color_thresh=1e-8,
             bottom_pixels_removed=10)
alike.pop('pad_mask')

MASK_FAMILIES = dict(
    solo=dict(
        solo=dict(model=solo(cls_down_index=1)),
        decoupled=dict(model=solo('DecoupledSOLOHead', loss_mask=products, test=dict(matrix, kernel='linear', filter_thr=-1))),
        light=dict(model=solo('DecoupledSOLOLightHead', loss_mask=products, norm_cfg=None, dcn_cfg=dict(type='DCNv2'))),
    ),
    solov2=dict(
        solov2=dict(model=solo('SOLOV2Head', 'SOLOv2', mask_feature_head=features)),
        light=dict(model=solo('SOLOV2Head', 'SOLOv2', mask_feature_head=dict(features, start_level=1, end_level=2, conv_cfg=dict(
            type='DCNv2')), dcn_cfg=dict(type='DCNv2'), dcn_apply_to_all_conv=False)),
    ),
    yolact=dict(
        yolact=dict(model=yolact()),
        plain=dict(model=yolact(use_ohem=False, num_head_convs=2, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True))),
    ),
    condinst=dict(
        condinst=dict(model=dynamic('CondInst')),
        few=dict(model=dynamic('CondInst', levels=(0, 0), max_masks_to_train=5, boxes=dict(norm_on_bbox=False, centerness_on_reg=False))),
    ),
    boxinst=dict(
        boxinst=dict(model=dynamic('BoxInst', hidden=5, preprocessor=alike, topk_masks_per_img=9, warmup_iters=8), iteration=6),
    ),
)

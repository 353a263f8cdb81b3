"""The configs of zoo.py with a second stage: ResNet-18 with few channels, FPN of 16. Every proposal is sampled."""
from zoo_families import backbone, deltas, dense, max_iou, pre, retina

neck = dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5)
rpn_head = dict(type='RPNHead', in_channels=16, feat_channels=16,
                anchor_generator=dict(type='AnchorGenerator', scales=[4], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]),
                loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0), loss_bbox=dict(type='L1Loss', loss_weight=1.0))


def extractor(bins, strides=(4, 8, 16, 32), channels=16):
    return dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=bins, sampling_ratio=0), out_channels=channels,
                featmap_strides=list(strides))


def bbox_head(**more):
    return {**dict(type='Shared2FCBBoxHead', in_channels=16, fc_out_channels=24, roi_feat_size=5, num_classes=3,
                   loss_bbox=dict(type='L1Loss', loss_weight=1.0)), **more}


mask_head = dict(type='FCNMaskHead', num_convs=2, in_channels=16, conv_out_channels=12, num_classes=3)
masks = dict(mask_roi_extractor=extractor(8), mask_head=mask_head)
everything = dict(type='RandomSampler', num=1000000, pos_fraction=1, neg_pos_ub=-1, add_gt_as_proposals=True)


def assigner(t):
    return dict(type='MaxIoUAssigner', pos_iou_thr=t, neg_iou_thr=t, min_pos_iou=t, match_low_quality=False, ignore_iof_thr=-1)


def rcnn(t=0.5, **more):
    return {**dict(assigner=assigner(t), sampler=everything, mask_size=16, pos_weight=-1, debug=False), **more}


rpn_cfg = dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3, match_low_quality=True,
                             ignore_iof_thr=-1),
               sampler=dict(everything, pos_fraction=0.5, add_gt_as_proposals=False), allowed_border=0, pos_weight=-1, debug=False)
proposal = dict(nms_pre=200, max_per_img=60, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0)
test_rcnn = dict(score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=20, mask_thr_binary=0.5)


def two_stage(type_, roi_head, rcnn_cfg, test=test_rcnn, **more):
    return {**dict(type=type_, data_preprocessor=pre, backbone=backbone, neck=neck, rpn_head=rpn_head, roi_head=roi_head,
                   train_cfg=dict(rpn=rpn_cfg, rpn_proposal=proposal, rcnn=rcnn_cfg), test_cfg=dict(rpn=proposal, rcnn=test)), **more}


def standard(type_='StandardRoIHead', **more):
    return {**dict(type=type_, bbox_roi_extractor=extractor(5), bbox_head=bbox_head()), **more}


iou_head = dict(type='MaskIoUHead', num_convs=2, num_fcs=2, roi_feat_size=8, in_channels=16, conv_out_channels=6, fc_out_channels=10,
                num_classes=3)
hlr = dict(type='ScoreHLRSampler', num=40, pos_fraction=0.25, k=0.5, bias=0.1, score_thr=0.0)


pad_seg = dict(pre, pad_seg=True)
stage_coders = [dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=s) for s in
                ([0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1])]
semantic = dict(type='FusedSemanticHead', num_ins=5, fusion_level=1, seg_scale_factor=1 / 8, num_convs=2, in_channels=16,
                conv_out_channels=16, num_classes=5, loss_seg=dict(type='CrossEntropyLoss', ignore_index=255, loss_weight=0.2))
glbctx = dict(type='GlobalContextHead', num_convs=2, in_channels=16, conv_out_channels=16, num_classes=3)


def htc(**more):
    return {**dict(type='HybridTaskCascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=extractor(5),
                   bbox_head=[bbox_head(reg_class_agnostic=True, bbox_coder=c) for c in stage_coders],
                   mask_roi_extractor=extractor(8),
                   mask_head=[dict(mask_head, type='HTCMaskHead', with_conv_res=i > 0, conv_out_channels=16) for i in range(2)],
                   semantic_roi_extractor=extractor(8, [8])), **more}


def scnet(**more):
    return {**dict(type='SCNetRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=extractor(5),
                   bbox_head=[bbox_head(type='SCNetBBoxHead', num_shared_fcs=2, reg_class_agnostic=True, bbox_coder=c)
                              for c in stage_coders],
                   mask_roi_extractor=extractor(8), mask_head=dict(mask_head, type='SCNetMaskHead', num_convs=4, conv_out_channels=16),
                   semantic_roi_extractor=extractor(8, [8]),
                   semantic_head=dict(semantic, type='SCNetSemanticHead', num_convs=4), glbctx_head=glbctx,
                   feat_relay_head=dict(type='FeatureRelayHead', in_channels=24, out_conv_channels=16, roi_feat_size=4,
                                        scale_factor=2)), **more}


sabl_rules = [(r'fc_reg_offset\.weight$', 0.3)]


def sabl(scale=1.7, **more):
    return {**dict(type='SABLHead', num_classes=3, cls_in_channels=16, reg_in_channels=16, roi_feat_size=5, reg_feat_up_ratio=2,
                   cls_out_channels=20, reg_offset_out_channels=16, reg_cls_out_channels=16, num_cls_fcs=1,
                   bbox_coder=dict(type='BucketingBBoxCoder', num_buckets=10, scale_factor=scale)), **more}


def trident(branch):
    branches = dict(num_branch=3, test_branch_idx=branch)
    return two_stage(
        'TridentFasterRCNN', standard(
            'TridentRoIHead', **branches, bbox_head=bbox_head(in_channels=32),
            bbox_roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=5, sampling_ratio=0),
                                    out_channels=32, featmap_strides=[16])),
        rcnn(), backbone=dict(type='TridentResNet', depth=50, base_channels=2, stem_channels=4, num_stages=3, strides=(1, 2, 2),
                              dilations=(1, 1, 1), out_indices=(2,), frozen_stages=1, norm_eval=True, style='caffe',
                              trident_dilations=(1, 2, 3), **branches),
        neck=None, rpn_head=dict(rpn_head, in_channels=32, anchor_generator=dict(rpn_head['anchor_generator'], scales=[2, 4],
                                                                                 strides=[16])))


deform_pool = dict(roi_layer=dict(type='ModulatedDeformRoIPoolPack', output_size=5, output_channels=16, deform_fc_channels=12, sampling_ratio=0))

rfcn = dict(type='RFCNRoIHead', in_channels=64, feat_channels=12, bbox_roi_extractor=dict(
    type='SingleRoIExtractor', roi_layer=dict(type='PSRoIPool', output_size=3), out_channels=72, featmap_strides=[16]),
    bbox_head=dict(type='RFCNBBoxHead', in_channels=8, num_classes=3, roi_feat_size=3, reg_class_agnostic=True,
                   loss_bbox=dict(type='L1Loss', loss_weight=1.0)))
rfcn_model = dict(backbone=dict(backbone, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2), out_indices=(2, 3)), neck=None,
                  rpn_head=dict(rpn_head, in_channels=32, anchor_generator=dict(rpn_head['anchor_generator'], scales=[2, 4], strides=[16])))

ROI_FAMILIES = dict(
    rfcn=dict(
        rfcn=dict(model=two_stage('RFCN', rfcn, rcnn(), **rfcn_model)),
        align_ohem=dict(model=two_stage('RFCN', dict(
            rfcn, bbox_roi_extractor=dict(rfcn['bbox_roi_extractor'], roi_layer=dict(type='PSRoIAlign', output_size=3))),
            rcnn(sampler=dict(type='OHEMSampler', num=24, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True)), **rfcn_model)),
    ),
    deform_roi_pool=dict(
        modulated=dict(model=two_stage('FasterRCNN', standard(bbox_roi_extractor=dict(extractor(5), **deform_pool)), rcnn())),
    ),
    mask_scoring=dict(
        mask_scoring=dict(model=two_stage('MaskScoringRCNN', standard('MaskScoringRoIHead', **masks, mask_iou_head=iou_head),
                                          rcnn(mask_thr_binary=0.1)), rules=[(r'fc_mask_iou\.weight$', 3)]),
    ),
    double_head=dict(
        double_head=dict(model=two_stage('FasterRCNN', standard('DoubleHeadRoIHead', reg_roi_scale_factor=1.3, bbox_head=dict(
            type='DoubleConvFCBBoxHead', num_convs=2, num_fcs=2, in_channels=16, conv_out_channels=24, fc_out_channels=20,
            roi_feat_size=5, num_classes=3, reg_class_agnostic=False, loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=2.0))),
            rcnn())),
    ),
    dynamic=dict(
        dynamic=dict(model=two_stage('FasterRCNN', standard('DynamicRoIHead', bbox_head=bbox_head(
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0))), rcnn(0.4, dynamic_rcnn=dict(
                iou_topk=5, beta_topk=2, update_iter_interval=1, initial_iou=0.4, initial_beta=1.0))), steps=2),
    ),
    trident=dict(
        one=dict(model=trident(1)),
    ),
    sabl=dict(
        faster=dict(model=two_stage('FasterRCNN', standard(bbox_head=sabl()), rcnn()), rules=sabl_rules),
        cascade=dict(model=two_stage('CascadeRCNN', dict(
            type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=extractor(5),
            bbox_head=[sabl(1.7, num_reg_fcs=1, reg_cls_out_channels=10, reg_offset_out_channels=12),
                       sabl(1.5, reg_post_num=0, norm_cfg=dict(type='GN', num_groups=4))]), [rcnn(0.5), rcnn(0.6)]), rules=sabl_rules),
    ),
    grid=dict(
        grid=dict(model=two_stage('GridRCNN', standard(
            'GridRoIHead', bbox_head=bbox_head(with_reg=False), grid_roi_extractor=extractor(8),
            grid_head=dict(type='GridHead', grid_points=9, num_convs=2, roi_feat_size=8, in_channels=16, point_feat_channels=4,
                           norm_cfg=dict(type='GN', num_groups=6))), rcnn(pos_radius=1, max_num_grid=192)),
                  rules=[(r'deconv\d\.weight$', 0.5)], clip=True),
    ),
    point_rend=dict(
        point_rend=dict(model=two_stage('PointRend', standard(
            'PointRendRoIHead', mask_roi_extractor=dict(
                type='GenericRoIExtractor', aggregation='concat', roi_layer=dict(type='SimpleRoIAlign', output_size=8),
                out_channels=16, featmap_strides=[4]),
            mask_head=dict(type='CoarseMaskHead', num_fcs=2, in_channels=16, conv_out_channels=12, fc_out_channels=20, num_classes=3,
                           roi_feat_size=8),
            point_head=dict(type='MaskPointHead', num_fcs=2, in_channels=16, fc_channels=12, num_classes=3)),
            rcnn(mask_size=4, num_points=20, oversample_ratio=3, importance_sample_ratio=0.75),
            dict(test_rcnn, subdivision_steps=3, subdivision_num_points=64, scale_factor=2)),
            rules=[(r'head\.fc_logits\.weight$', 0.3)]),
    ),
    htc=dict(
        htc=dict(model=two_stage('HybridTaskCascade', htc(semantic_head=semantic), [rcnn(0.5), rcnn(0.6)], data_preprocessor=pad_seg)),
        plain=dict(model=two_stage('HybridTaskCascade', htc(semantic_roi_extractor=None, interleaved=False), [rcnn(0.5), rcnn(0.6)])),
        fusion=dict(model=two_stage('HybridTaskCascade', htc(semantic_head=semantic, semantic_fusion=('mask',), mask_roi_extractor=None,
                                                             bbox_roi_extractor=extractor(6),
                                                             bbox_head=[bbox_head(roi_feat_size=6), bbox_head(roi_feat_size=6)]),
                                    [rcnn(0.5, mask_size=12), rcnn(0.6, mask_size=12)], data_preprocessor=pad_seg)),
    ),
    scnet=dict(
        scnet=dict(model=two_stage('SCNet', scnet(), [rcnn(0.5), rcnn(0.6)], data_preprocessor=pad_seg)),
        few=dict(model=two_stage('SCNet', scnet(semantic_head=None, glbctx_head=dict(glbctx, conv_to_res=True, norm_cfg=dict(
            type='GN', num_groups=4), conv_out_channels=16),
            mask_head=dict(mask_head, type='SCNetMaskHead', num_convs=2, conv_out_channels=12, norm_cfg=dict(type='GN', num_groups=4))),
            [rcnn(0.5), rcnn(0.6)])),
    ),
    pisa=dict(
        pisa=dict(model=two_stage('FasterRCNN', standard('PISARoIHead'), rcnn(
            isr=dict(k=2, bias=0), carl=dict(k=1, bias=0.2), sampler=dict(everything, type='ScoreHLRSampler', k=0.5, bias=0)))),
        retina=dict(model=dense('RetinaNet', dict(retina, type='PISARetinaHead', loss_bbox=dict(type='SmoothL1Loss', beta=0.11)),
                                dict(max_iou, isr=dict(k=2., bias=0.), carl=dict(k=1., bias=0.2)))),
        ssd=dict(model=dense('SingleStageDetector', dict(
            type='PISASSDHead', num_classes=3, in_channels=[16, 16, 16], anchor_generator=dict(
                type='SSDAnchorGenerator', scale_major=False, input_size=300, basesize_ratio_range=(0.15, 0.9), strides=[8, 16, 32],
                ratios=[[2], [2], [2]]), bbox_coder=deltas),
            dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0., ignore_iof_thr=-1,
                               gt_max_assign_all=False), sampler=dict(type='PseudoSampler'), smoothl1_beta=1., allowed_border=-1,
                 pos_weight=-1, neg_pos_ratio=3, debug=False, isr=dict(k=2., bias=0.), carl=dict(k=1., bias=0.2))),
            # predict reads an attribute that SSDHead does not have
            prepare=lambda model: setattr(model.bbox_head, 'loss_cls', None)),
        few=dict(model=two_stage('FasterRCNN', standard('PISARoIHead'), rcnn(
            isr=dict(k=1, bias=0.3), carl=dict(k=2, bias=0.1), sampler=hlr))),
    ),
)

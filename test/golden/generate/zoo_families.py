"""The configs of zoo.py by family: ResNet-18 with few channels, FPN of 16, two or three levels less than MMDetection's configs."""

# so that scores do not saturate
RULES = [(r'rpn_cls\.weight$', 0.04), (r'fc_cls\.weight$', 0.05), (r'conv_logits\.weight$', 0.05), (r'neck.*conv\.weight$', 0.5),
         (r'(retina|conv)_cls\.weight$', 0.2)]

pre = dict(type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True,
           pad_mask=True, pad_size_divisor=32)
backbone = dict(type='ResNet', depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=1, norm_eval=True)
neck = dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, start_level=1, add_extra_convs='on_output', num_outs=3)
strides = [8, 16, 32]
gn = dict(type='GN', num_groups=4, requires_grad=True)
square = dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, strides=strides)
atss = dict(assigner=dict(type='ATSSAssigner', topk=9), allowed_border=-1, pos_weight=-1, debug=False)
max_iou = dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1),
               allowed_border=-1, pos_weight=-1, debug=False)
test = dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=20)
channels = dict(num_classes=3, in_channels=16, feat_channels=16, stacked_convs=2)
focal = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0)
deltas = dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2])


def dense(type_, head, train=None, **more):
    parts = dict(backbone=backbone, neck=neck)
    return dict(type=type_, data_preprocessor=pre, **{**parts, **more}, bbox_head=head, train_cfg=train, test_cfg=test)


vfnet = dict(type='VFNetHead', **channels, regress_ranges=((-1, 32), (32, 64), (64, 1e8)), norm_cfg=gn, strides=strides,
             anchor_generator=dict(square, center_offset=0.0))
fovea = dict(type='FoveaHead', **channels, strides=strides, base_edge_list=[16, 32, 64], scale_ranges=((4, 40), (20, 64), (30, 512)),
             sigma=0.5, loss_cls=dict(focal, gamma=1.5, alpha=0.4), loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0))
fcos = dict(channels, strides=strides, regress_ranges=((-1, 32), (32, 64), (64, 1e8)))
yolof_anchors = dict(type='AnchorGenerator', ratios=[1.0], scales=[1, 2, 4], strides=[32])

resnest = dict(type='ResNeSt', depth=50, base_channels=8, stem_channels=8, num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1),
               out_indices=(0, 1, 2), frozen_stages=1, norm_eval=True)
retina = dict(type='RetinaHead', **channels, anchor_generator=square, bbox_coder=deltas, loss_cls=focal,
              loss_bbox=dict(type='L1Loss', loss_weight=1.0))
resnest_neck = dict(neck, in_channels=[32, 64, 128])
points = dict(type='RepPointsHead', **channels, point_feat_channels=16, point_strides=strides, point_base_scale=4,
              loss_bbox_init=dict(type='SmoothL1Loss', beta=0.11, loss_weight=0.5),
              loss_bbox_refine=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0))
more = dict(allowed_border=-1, pos_weight=-1, debug=False)
point_cfg = dict(init=dict(assigner=dict(type='PointAssigner', scale=4, pos_num=2), **more),
                 refine=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.3, neg_iou_thr=0.2, min_pos_iou=0,
                                           ignore_iof_thr=-1), **more))
point_rules = [(r'cls_out\.weight$', 0.3)]
pvt = dict(pretrain_img_size=64, embed_dims=8, num_layers=[1, 2, 1, 1], mlp_ratios=[2, 2, 2, 2], drop_path_rate=0.)

guided = dict(in_channels=16, feat_channels=16, deform_groups=2, loc_filter_thr=0.45,
              approx_anchor_generator=dict(type='AnchorGenerator', octave_base_scale=3, scales_per_octave=3, ratios=[0.5, 1.0, 2.0],
                                           strides=strides),
              square_anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], scales=[3], strides=strides),
              anchor_coder=dict(deltas, target_stds=[0.07, 0.07, 0.14, 0.14]), bbox_coder=dict(deltas, target_stds=[0.07, 0.07, 0.11, 0.11]),
              loss_loc=focal, loss_shape=dict(type='BoundedIoULoss', beta=0.2, loss_weight=1.0))
# more than there are: nothing is drawn
sampler = dict(type='RandomSampler', num=4000, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False)
guided_cfg = dict(max_iou, ga_assigner=dict(type='ApproxMaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0.4, ignore_iof_thr=-1),
                  ga_sampler=sampler, center_ratio=0.2, ignore_ratio=0.5)
guided_rules = [(r'conv_shape\.weight$', 0.5), (r'conv_offset\.weight$', 0.3), (r'conv_loc\.weight$', 0.3)]
proposals = dict(nms_pre=100, max_per_img=30, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0, nms_post=12)

paa = dict(type='PAAHead', **channels, norm_cfg=gn, reg_decoded_bbox=True, score_voting=True, topk=5, anchor_generator=square,
           bbox_coder=deltas, loss_cls=focal, loss_bbox=dict(type='GIoULoss', loss_weight=1.3),
           loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.5))
loose = dict(max_iou, assigner=dict(max_iou['assigner'], pos_iou_thr=0.1, neg_iou_thr=0.1))

ddod = dict(type='DDODHead', **channels, norm_cfg=gn, anchor_generator=square, bbox_coder=deltas, loss_cls=focal,
            loss_bbox=dict(type='GIoULoss', loss_weight=2.0), loss_iou=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0))
ddod_cfg = dict(atss, assigner=dict(type='ATSSAssigner', topk=9, alpha=0.8), reg_assigner=dict(type='ATSSAssigner', topk=9, alpha=0.5))
gfl = dict(type='GFLHead', **channels, norm_cfg=gn, anchor_generator=square, reg_max=8, loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
           loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
           loss_dfl=dict(type='DistributionFocalLoss', loss_weight=0.25))

center_update = dict(type='CenterNetUpdateHead', **channels, norm_cfg=gn, strides=strides, regress_ranges=((0, 30), (24, 50), (40, 1e8)),
                     loss_cls=dict(type='GaussianFocalLoss', pos_weight=0.25, neg_weight=0.75, loss_weight=1.0),
                     loss_bbox=dict(type='GIoULoss', loss_weight=2.0))

convnext = dict(type='mmpretrain.ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]), out_indices=[0, 1, 2, 3],
                layer_scale_init_value=0.5, gap_before_final_norm=False)

FAMILIES = dict(
    guided_anchoring=dict(
        rpn=dict(model=dict(type='RPN', data_preprocessor=pre, backbone=backbone, neck=neck,
                            rpn_head=dict(type='GARPNHead', **guided, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
                                          loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0)),
                            train_cfg=dict(rpn=dict(guided_cfg, sampler=sampler)), test_cfg=dict(rpn=proposals)), rules=guided_rules),
        across=dict(model=dict(type='RPN', data_preprocessor=pre, backbone=backbone, neck=neck,
                               rpn_head=dict(type='GARPNHead', **guided, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
                                             loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0)),
                               train_cfg=dict(rpn=dict(guided_cfg, sampler=sampler, allowed_border=8)),
                               test_cfg=dict(rpn=dict(proposals, nms_across_levels=True, max_per_img=15))), rules=guided_rules),
        retina=dict(model=dense('RetinaNet', dict(type='GARetinaHead', num_classes=3, stacked_convs=2, **guided, loss_cls=focal,
                                                  loss_bbox=dict(type='SmoothL1Loss', beta=0.04, loss_weight=1.0)), guided_cfg), rules=guided_rules),
        decoded=dict(model=dense('RetinaNet', dict(type='GARetinaHead', num_classes=3, stacked_convs=1, norm_cfg=gn, **guided, loss_cls=focal,
                                                   reg_decoded_bbox=True, loss_bbox=dict(type='GIoULoss', loss_weight=1.0)), guided_cfg),
                     rules=guided_rules),
    ),
    resnest=dict(
        plugins=dict(model=dense('RetinaNet', retina, max_iou, neck=dict(resnest_neck, in_channels=[32, 64]), backbone=dict(
            resnest, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1), plugins=[
                dict(cfg=dict(type='ContextBlock', ratio=1. / 4, postfix='_1'), stages=(False, True), position='after_conv3'),
                dict(cfg=dict(type='ContextBlock', ratio=1. / 2, postfix='_2'), position='after_conv2')]))),
        resnest=dict(model=dense('RetinaNet', retina, max_iou, backbone=resnest, neck=resnest_neck)),
        groups=dict(model=dense('RetinaNet', retina, max_iou, neck=dict(resnest_neck, in_channels=[32, 64]),
                                backbone=dict(resnest, num_stages=2, strides=(1, 2), dilations=(1, 2), out_indices=(0, 1), groups=2,
                                              radix=1, avg_down_stride=False, reduction_factor=2))),
    ),
    legacy=dict(
        retina=dict(model=dense('RetinaNet', dict(
            retina, bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]),
            anchor_generator=dict(type='LegacyAnchorGenerator', center_offset=0.5, octave_base_scale=4, scales_per_octave=2,
                                  ratios=[0.5, 1.0, 2.0], strides=strides)), max_iou)),
        decoded=dict(model=dense('RetinaNet', dict(
            retina, reg_decoded_bbox=True, loss_bbox=dict(type='GIoULoss'), bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder'),
            anchor_generator=dict(type='LegacySSDAnchorGenerator', scale_major=False, input_size=300, strides=strides,
                                  basesize_ratio_range=(0.15, 0.9), ratios=[[2], [2], [2]])), max_iou)),
    ),
    reppoints=dict(
        moment=dict(model=dense('RepPointsDetector', points, point_cfg), rules=point_rules),
        minmax=dict(model=dense('RepPointsDetector', dict(points, transform_method='minmax', center_init=False, norm_cfg=gn),
                                point_cfg), rules=point_rules),
        partial=dict(model=dense('RepPointsDetector', dict(points, transform_method='partial_minmax'), point_cfg), rules=point_rules),
        grid=dict(model=dense('RepPointsDetector', dict(points, transform_method='minmax', use_grid_points=True),
                              dict(point_cfg, init=dict(point_cfg['refine']))), rules=[*point_rules, (r'pts_.*_out\.weight$', 0.1)]),
    ),
    pvt=dict(
        v1=dict(model=dense('RetinaNet', retina, max_iou, backbone=dict(type='PyramidVisionTransformer', **pvt),
                            neck=dict(neck, in_channels=[8, 16, 40, 64]))),
        v2=dict(model=dense('RetinaNet', retina, max_iou, backbone=dict(type='PyramidVisionTransformerV2', **pvt),
                            neck=dict(neck, in_channels=[8, 16, 40, 64]))),
    ),
    paa=dict(
        paa=dict(model=dense('PAA', paa, loose), rules=[(r'atss_(cls|reg)\.weight$', 0.3)]),
        tied=dict(model=dense('PAA', dict(paa, topk=3, covariance_type='tied', score_voting=False), dict(loose, pos_weight=2.0)),
                  rules=[(r'atss_(cls|reg)\.weight$', 0.3)]),
    ),
    ddod=dict(
        ddod=dict(model=dense('DDOD', ddod, ddod_cfg), rules=[(r'conv_offset\.weight$', 0.3), (r'atss_(cls|reg)\.weight$', 0.3)]),
        plain=dict(model=dense('DDOD', dict(ddod, use_dcn=False, norm_cfg=None), dict(ddod_cfg, pos_weight=2.0)),
                   rules=[(r'atss_(cls|reg)\.weight$', 0.3)]),
    ),
    ld=dict(
        ld=dict(model=dense('KnowledgeDistillationSingleStageDetector', dict(
            gfl, type='LDHead', loss_ld=dict(type='KnowledgeDistillationKLDivLoss', loss_weight=0.25, T=3)), atss,
            teacher_config=dict(model=dense('GFL', dict(gfl, stacked_convs=1), atss, backbone=dict(backbone, frozen_stages=-1)))),
            rules=[(r'gfl_cls\.weight$', -0.1), (r'gfl_reg\.weight$', 3)]),
    ),
    lad=dict(
        lad=dict(model=dense('LAD', dict(paa, type='LADHead'), loose, teacher_backbone=backbone, teacher_neck=neck,
                             teacher_bbox_head=dict(paa, type='LADHead', stacked_convs=1)), rules=[(r'atss_(cls|reg)\.weight$', 0.3)]),
    ),
    centernet=dict(
        points=dict(model=dict(dense('CenterNet', dict(
            type='CenterNetHead', num_classes=3, in_channels=16, feat_channels=16, loss_center_heatmap=dict(type='GaussianFocalLoss'),
            loss_wh=dict(type='L1Loss', loss_weight=0.1), loss_offset=dict(type='L1Loss', loss_weight=1.0)),
            backbone=dict(backbone, norm_eval=False, frozen_stages=-1),
            neck=dict(type='CTResNetNeck', in_channels=64, num_deconv_filters=[32, 16, 16], num_deconv_kernels=[4, 4, 4], use_dcn=False)),
            test_cfg=dict(topk=20, local_maximum_kernel=3, max_per_img=20)), rules=[(r'heatmap_head', 0.2)]),
        update=dict(model=dense('CenterNet', center_update)),
        soft=dict(model=dense('CenterNet', dict(center_update, soft_weight_on_reg=True, more_pos_topk=5, more_pos_thresh=0.9,
                                                hm_min_radius=2, hm_min_overlap=0.5)), rules=[(r'conv_reg', 60)]),
    ),
    convnext=dict(  # mmpretrain 1.2.0
        v1=dict(model=dense('RetinaNet', retina, max_iou, backbone=convnext, neck=dict(neck, in_channels=[8, 16, 24, 32]))),
        v2=dict(model=dense('RetinaNet', retina, max_iou, neck=dict(neck, in_channels=[8, 16, 24, 32]),
                            backbone=dict(convnext, use_grn=True, linear_pw_conv=False, layer_scale_init_value=0., frozen_stages=1))),
    ),
    vfnet=dict(
        vfnet=dict(model=dense('VFNet', vfnet, atss), rules=[(r'vfnet_reg.*\.weight$', 0.3)]),
        labels=dict(model=dense('VFNet', dict(vfnet, use_vfl=False, bbox_norm_type='stride', gradient_mul=0.5), atss),
                    rules=[(r'vfnet_reg.*\.weight$', 0.3)]),
    ),
    fovea=dict(
        fovea=dict(model=dense('FOVEA', fovea)),
        align=dict(model=dense('FOVEA', dict(fovea, with_deform=True, norm_cfg=gn)), rules=[(r'conv_offset', 0.3)]),
    ),
    free_anchor=dict(
        free_anchor=dict(model=dense('RetinaNet', dict(
            type='FreeAnchorRetinaHead', **channels, pre_anchor_topk=4, bbox_thr=0.3,
            # no two anchors are as near to an object
            anchor_generator=dict(type='AnchorGenerator', octave_base_scale=2.3, scales_per_octave=1, ratios=[0.5, 1.0, 2.0],
                                  center_offset=0.3, strides=strides),
            bbox_coder=deltas, loss_cls=focal, loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=0.75)), max_iou)),
    ),
    yolof=dict(
        yolof=dict(model=dense('YOLOF', dict(
            type='YOLOFHead', num_classes=3, in_channels=16, reg_decoded_bbox=True, anchor_generator=yolof_anchors,
            bbox_coder=dict(deltas, target_stds=[1., 1., 1., 1.], add_ctr_clamp=True, ctr_clamp=32), loss_cls=focal,
            loss_bbox=dict(type='GIoULoss', loss_weight=1.0)),
            dict(assigner=dict(type='UniformAssigner', pos_ignore_thr=0.15, neg_ignore_thr=0.5), allowed_border=-1, pos_weight=-1,
                 debug=False),
            backbone=dict(backbone, out_indices=(3,)),
            neck=dict(type='DilatedEncoder', in_channels=64, out_channels=16, block_mid_channels=8, num_residual_blocks=2,
                      block_dilations=[1, 2]))),
    ),
    nas_fcos=dict(
        nas_fcos=dict(model=dense('NASFCOS', dict(type='NASFCOSHead', **fcos, norm_cfg=gn, loss_bbox=dict(type='GIoULoss'))),
                      rules=[(r'conv_offset\.weight$', 0.3)]),
    ),
    autoassign=dict(
        autoassign=dict(model=dense('AutoAssign', dict(
            type='AutoAssignHead', **fcos, norm_on_bbox=True, centerness_on_reg=True, norm_cfg=gn,
            loss_bbox=dict(type='GIoULoss', loss_weight=5.0)))),
        nearest=dict(model=dense('AutoAssign', dict(
            type='AutoAssignHead', **dict(fcos, strides=[32, 64, 128], regress_ranges=((-1, 128), (128, 256), (256, 1e8))),
            force_topk=True, topk=3, norm_cfg=None, loss_bbox=dict(type='GIoULoss', loss_weight=5.0)),
            neck=dict(neck, start_level=3))),
    ),
)

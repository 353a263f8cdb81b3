"""The configs of zoo.py that are small and many: SABL of RetinaNet, Cascade RPN, CrowdDet, losses of long-tailed data."""
from zoo_families import deltas, dense, gn, max_iou, proposals, sampler, strides
from zoo_families import backbone, neck as dense_neck, pre, retina
from zoo_roi_families import bbox_head, everything, rcnn, rpn_cfg, standard, two_stage, extractor, stage_coders

approx = dict(approx_anchor_generator=dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3, ratios=[0.5, 1.0, 2.0],
                                           strides=strides),
              square_anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], scales=[4], strides=strides))
sabl_cfg = dict(max_iou, assigner=dict(max_iou['assigner'], type='ApproxMaxIoUAssigner'))
sabl_rules = [(r'retina_bbox_cls\.weight$', 0.3), (r'retina_bbox_reg\.weight$', 0.3)]


def sabl(**more):
    return dict(dict(type='SABLRetinaHead', num_classes=3, in_channels=16, feat_channels=16, stacked_convs=2, **approx,
                     bbox_coder=dict(type='BucketingBBoxCoder', num_buckets=14, scale_factor=3.0)), **more)


squares = dict(type='AnchorGenerator', scales=[4], ratios=[1.0], strides=strides)
iou = dict(type='IoULoss', linear=True, loss_weight=7.0)


def stage(stds, **more):
    return dict(dict(type='StageCascadeRPNHead', in_channels=16, feat_channels=16, anchor_generator=squares, reg_decoded_bbox=True,
                     bbox_coder=dict(deltas, target_stds=stds), loss_bbox=iou), **more)


def cascade_rpn(first=None, **more):
    return dict(dict(type='CascadeRPNHead', num_stages=2, stages=[
        stage([0.1, 0.1, 0.5, 0.5], bridged_feature=True, with_cls=False,
              **(first or dict(adapt_cfg=dict(type='dilation', dilation=3)))),
        stage([0.05, 0.05, 0.1, 0.1], adapt_cfg=dict(type='offset'), with_cls=True,
              loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.7))]), **more)


region = dict(assigner=dict(type='RegionAssigner', center_ratio=0.2, ignore_ratio=0.5), allowed_border=-1, pos_weight=-1, debug=False)
cascade_cfg = [region, dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.3, ignore_iof_thr=-1),
                            sampler=sampler, allowed_border=-1, pos_weight=-1, debug=False)]
cascade_rules = [(r'rpn_reg\.weight$', 0.2)]
plain_proposals = {k: v for k, v in proposals.items() if k != 'nms_post'}

none = dict(reduction='none', loss_weight=1.0)
crowd_cfg = dict(assigner=dict(type='MultiInstanceAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.3, match_low_quality=False,
                               ignore_iof_thr=-1), sampler=dict(everything, type='MultiInsRandomSampler', add_gt_as_proposals=False),
                 pos_weight=-1, debug=False)
test_crowd = dict(score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=500)


crowd_rules = [(r'fc_cls\.\d\.weight$', 0.05), (r'fc_cls_ref\.\d\.weight$', 0.05)]


def crowd_head(**more):
    return dict(type='MultiInstanceRoIHead', bbox_roi_extractor=extractor(5), bbox_head=dict(
        type='MultiInstanceBBoxHead', num_shared_fcs=2, in_channels=16, fc_out_channels=24, roi_feat_size=5, num_classes=1,
        bbox_coder=stage_coders[0], reg_class_agnostic=False, loss_cls=dict(type='CrossEntropyLoss', **none),
        loss_bbox=dict(type='SmoothL1Loss', **none), **more))


efficient = dict(type='EfficientNet', arch='b0', out_indices=(3, 4), norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01), frozen_stages=2,
                 norm_eval=True)

SMALL_FAMILIES = dict(
    efficientnet=dict(
        retina=dict(model=dense('RetinaNet', dict(retina, type='RetinaSepBNHead', num_ins=3, norm_cfg=dict(type='BN')), max_iou,
                                backbone=efficient, neck=dict(dense_neck, in_channels=[40, 112], start_level=0))),
    ),
    sabl_retina=dict(
        sabl=dict(model=dense('RetinaNet', sabl(), sabl_cfg), rules=sabl_rules),
        softmax=dict(model=dense('RetinaNet', sabl(norm_cfg=gn, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False),
                                                   bbox_coder=dict(type='BucketingBBoxCoder', num_buckets=9, scale_factor=2.0,
                                                                   offset_topk=3, offset_upperbound=2.0, cls_ignore_neighbor=False)),
                                 dict(sabl_cfg, pos_weight=2.0, allowed_border=16)), rules=sabl_rules),
    ),
    cascade_rpn=dict(
        rpn=dict(model=dict(type='RPN', data_preprocessor=pre, backbone=backbone, neck=dense_neck, rpn_head=cascade_rpn(num_classes=1),
                            train_cfg=dict(rpn=cascade_cfg), test_cfg=dict(rpn=plain_proposals)), rules=cascade_rules, labels=0),
        faster=dict(model=two_stage('FasterRCNN', standard(bbox_roi_extractor=extractor(5, strides)), rcnn(), neck=dense_neck,
                                    rpn_head=cascade_rpn(first=dict(adapt_cfg=dict(type='offset'))),
                                    train_cfg=dict(rpn=cascade_cfg, rpn_proposal=plain_proposals, rcnn=rcnn())), rules=cascade_rules),
    ),
    crowd_det=dict(
        crowd_det=dict(model=two_stage('CrowdDet', crowd_head(), crowd_cfg, test_crowd), labels=0, rules=crowd_rules),
        refine=dict(model=two_stage('CrowdDet', crowd_head(with_refine=True, num_shared_convs=1, conv_out_channels=12), crowd_cfg, test_crowd), labels=0, rules=crowd_rules),
        normed=dict(model=two_stage('CrowdDet', crowd_head(
            cls_predictor_cfg=dict(type='NormedLinear', tempearture=10), reg_predictor_cfg=dict(type='NormedLinear', tempearture=5)),
            crowd_cfg, test_crowd), labels=0, rules=crowd_rules),
    ),
    long_tail=dict(
        seesaw=dict(model=two_stage('FasterRCNN', standard(bbox_head=bbox_head(
            loss_cls=dict(type='SeesawLoss', p=0.8, q=2.0, num_classes=3, loss_weight=1.0),
            cls_predictor_cfg=dict(type='NormedLinear', tempearture=20))), rcnn()), steps=2),
        cascade=dict(model=two_stage('CascadeRCNN', dict(
            type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=extractor(5),
            bbox_head=[bbox_head(bbox_coder=c, loss_cls=dict(type='SeesawLoss', num_classes=3)) for c in stage_coders]),
            [rcnn(0.5), rcnn(0.6)])),
        v3det=dict(model=two_stage('FasterRCNN', standard(bbox_head=bbox_head(
            reg_class_agnostic=True, loss_cls=dict(type='CrossEntropyCustomLoss', num_classes=3, use_sigmoid=True))), rcnn())),
        focal=dict(model=dense('RetinaNet', dict(retina, loss_cls=dict(type='FocalCustomLoss', num_classes=3, use_sigmoid=True)), max_iou)),
    ),
)

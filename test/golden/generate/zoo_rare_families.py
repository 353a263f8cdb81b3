"""The configs of zoo.py of options that are rarely set, a few in each model."""
from zoo_families import FAMILIES, backbone, dense, focal, gn, guided, guided_cfg, guided_rules, max_iou, neck, pre, proposals, retina, vfnet
from zoo_families import strides
from zoo_roi_families import ROI_FAMILIES, bbox_head, extractor, proposal, rcnn, standard, test_rcnn, two_stage
from zoo_yolo_families import FAMILIES as YOLO_FAMILIES, rtm, rtm_far, rtm_train, wide, yolo

levels = [4, 8, 16, 32, 64]
found = dict(proposal, score_thr=0.02)


def squares(*steps):
    return dict(retina['anchor_generator'], strides=list(steps))


def proposing(head, train, chosen=found, second=standard(), **more):
    """Faster R-CNN with another first stage."""
    model = two_stage('FasterRCNN', second, rcnn(), rpn_head=head, **more)
    return dict(model, train_cfg=dict(model['train_cfg'], rpn=train, rpn_proposal=chosen), test_cfg=dict(rpn=chosen, rcnn=test_rcnn))


def changed(config, **options):
    """With these options; a dict without a type changes the one that is there."""
    merged = {k: changed(config[k], **v) if isinstance(v, dict) and 'type' not in v else v for k, v in options.items()}
    return {**config, **merged}


instance_norm = dict(type='IN2d', affine=True, eps=1e-3)
swin = dict(type='SwinTransformer', embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], window_size=4, mlp_ratio=2, drop_path_rate=0.0,
            pretrain_img_size=64, strides=(4, 2, 2, 1), out_indices=(0, 1, 3))

RARE_FAMILIES = dict(
    rare=dict(
        vfnet_as_fcos=dict(model=dense('VFNet', dict(vfnet, use_atss=False, center_sampling=True, center_sample_radius=1.2)),
                           rules=[(r'vfnet_reg.*\.weight$', 0.3)]),
        swin_stride_1=dict(model=dense('RetinaNet', dict(retina, anchor_generator=squares(4, 8, 16)), max_iou, backbone=swin,
                                       neck=dict(neck, in_channels=[8, 16, 64], start_level=0))),
        detectors_resnext=dict(model=dense(
            'RetinaNet', dict(retina, anchor_generator=squares(4, 8)), max_iou, neck=dict(neck, in_channels=[32, 64], start_level=0, num_outs=2),
            backbone=dict(type='DetectoRS_ResNeXt', depth=50, groups=2, base_width=4, base_channels=8, num_stages=2, strides=(1, 2),
                          dilations=(1, 1), out_indices=(0, 1), frozen_stages=1, norm_eval=True, conv_cfg=dict(type='ConvAWS'),
                          sac=dict(type='SAC', use_deform=True), stage_with_sac=(False, True))),
            constants=[[r'weight_gamma$', 0.1], [r'weight_beta$', 0.0]], rules=[(r'offset_[sl]\.weight$', 0.3)]),
        guided_proposals=dict(model=proposing(
            dict(type='GARPNHead', **guided, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
                 loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0)), guided_cfg, proposals,
            standard(bbox_roi_extractor=extractor(5, strides)), neck=neck), rules=guided_rules),
        norms_and_activations=dict(model=dense(
            'RetinaNet', dict(retina, norm_cfg=dict(type='IN')), max_iou, backbone=dict(backbone, norm_cfg=instance_norm),
            neck=dict(neck, norm_cfg=gn, act_cfg=dict(type='PReLU', num_parameters=16, init=0.1)))),
        larger_maps_bilinear=dict(model=yolo(dict(type='mmyolo.CSPNeXt'), dict(
            type='mmyolo.CSPNeXtPAFPN', in_channels=wide, out_channels=256, num_csp_blocks=1, norm_cfg=dict(type='BN'),
            upsample_cfg=dict(scale_factor=2, mode='bilinear')), rtm, rtm_train), constants=rtm_far, rules=[(r'rtm_cls.*weight$', 4.0)]),
        scored_proposals=dict(model=proposing(dict(
            type='AutoAssignHead', num_classes=1, in_channels=16, feat_channels=16, stacked_convs=1, strides=levels, norm_cfg=gn,
            regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 128), (128, 1e8)), loss_bbox=dict(type='GIoULoss', loss_weight=5.0)), None)),
        largest_samples=dict(model=two_stage('FasterRCNN', standard(bbox_roi_extractor=dict(
            extractor(5), roi_layer=dict(type='RoIAlign', output_size=5, sampling_ratio=0, pool_mode='max')), bbox_head=bbox_head(
                loss_cls=dict(focal))), rcnn())),
    ),
    # images of other sizes than their batch: what is padded is no sample of some heads, and one of others
    sizes=dict(
        clipped_after_nms=dict(YOLO_FAMILIES['rtmdet_ins']['mmyolo'], sizes=[[96, 128], [64, 96]]),
        batch_norm_over_padding=dict(FAMILIES['centernet']['points'], sizes=[[72, 100], [72, 100]]),
    ),
    rare_heads=dict(
        pooled_shortcuts=dict(ROI_FAMILIES['trident']['one'], model=changed(ROI_FAMILIES['trident']['one']['model'], backbone=dict(avg_down=True))),
        counting_box_loss=dict(model=two_stage('FasterRCNN', standard(bbox_head=bbox_head(
            loss_bbox=dict(type='GHMR', mu=0.02, bins=10, momentum=0.5))), rcnn())),
        weighted_coordinates=dict(FAMILIES['ddod']['ddod'], model=changed(FAMILIES['ddod']['ddod']['model'], bbox_head=dict(loss_bbox=dict(type='L1Loss')))),
    ),
)

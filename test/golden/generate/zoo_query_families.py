"""The configs of zoo.py whose objects are queries or pairs of corners: few channels, proposals and layers."""
from zoo_families import backbone, focal, pre
from zoo_roi_families import extractor

fpn = dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, start_level=0, add_extra_convs='on_input', num_outs=4)
costs = [dict(type='FocalLossCost', weight=2.0), dict(type='BBoxL1Cost', weight=5.0, box_format='xyxy'),
         dict(type='IoUCost', iou_mode='giou', weight=2.0)]


def pooled(bins):
    e = extractor(bins)
    return dict(e, roi_layer=dict(e['roi_layer'], sampling_ratio=2))


def dynamic_conv(bins, **more):
    return {**dict(type='DynamicConv', in_channels=16, feat_channels=4, out_channels=16, input_feat_shape=bins,
                   act_cfg=dict(type='ReLU', inplace=True), norm_cfg=dict(type='LN')), **more}


def dii(**more):
    return {**dict(type='DIIHead', num_classes=3, num_ffn_fcs=2, num_heads=4, num_cls_fcs=1, num_reg_fcs=2, feedforward_channels=32,
                   in_channels=16, dropout=0.0, ffn_act_cfg=dict(type='ReLU', inplace=True), dynamic_conv_cfg=dynamic_conv(4),
                   roi_feat_size=4, loss_bbox=dict(type='L1Loss', loss_weight=5.0), loss_iou=dict(type='GIoULoss', loss_weight=2.0),
                   loss_cls=dict(focal, loss_weight=2.0),
                   bbox_coder=dict(type='DeltaXYWHBBoxCoder', clip_border=False, target_means=[0., 0., 0., 0.],
                                   target_stds=[0.5, 0.5, 1., 1.])), **more}


def sparse(type_, proposals=12, test=dict(max_per_img=15), rcnn=dict(pos_weight=1), head=dii(), **roi):
    train = dict(assigner=dict(type='HungarianAssigner', match_costs=costs), sampler=dict(type='PseudoSampler'), **rcnn)
    return dict(type=type_, data_preprocessor=pre, backbone=backbone, neck=fpn,
                rpn_head=dict(type='EmbeddingRPNHead', num_proposals=proposals, proposal_feature_channel=16),
                roi_head=dict(type='SparseRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], proposal_feature_channel=16,
                              bbox_roi_extractor=pooled(4), bbox_head=[head, head], **roi),
                train_cfg=dict(rpn=None, rcnn=[train, train]), test_cfg=dict(rpn=None, rcnn=test))


boxes = [['init_proposal_bboxes', 0.5]]
rules = [(r'fc_reg\.weight$', 3.0), (r'fc_cls\.weight$', 10.0)]
mask_head = dict(type='DynamicMaskHead', dynamic_conv_cfg=dynamic_conv(6, with_proj=False), num_convs=2, num_classes=3, roi_feat_size=6,
                 in_channels=16, conv_kernel_size=3, conv_out_channels=16, class_agnostic=False, norm_cfg=dict(type='BN'),
                 upsample_cfg=dict(type='deconv', scale_factor=2),
                 loss_mask=dict(type='DiceLoss', loss_weight=8.0, use_sigmoid=True, activate=False, eps=1e-5))


def ddq(**more):
    return {**dict(
        type='DDQDETR', num_queries=12, dense_topk_ratio=1.5, with_box_refine=True, as_two_stage=True, num_feature_levels=3,
        data_preprocessor=dict(pre, pad_size_divisor=1), backbone=dict(backbone, out_indices=(1, 2, 3)),
        neck=dict(type='ChannelMapper', in_channels=[16, 32, 64], kernel_size=1, out_channels=16, act_cfg=None,
                  norm_cfg=dict(type='GN', num_groups=4), num_outs=3),
        encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=dict(embed_dims=16, num_heads=4, num_levels=3, num_points=2, dropout=0.0),
                                                  ffn_cfg=dict(embed_dims=16, feedforward_channels=24, ffn_drop=0.0))),
        decoder=dict(num_layers=3, return_intermediate=True, post_norm_cfg=None, layer_cfg=dict(
            self_attn_cfg=dict(embed_dims=16, num_heads=4, dropout=0.0),
            cross_attn_cfg=dict(embed_dims=16, num_heads=4, num_levels=3, num_points=2, dropout=0.0),
            ffn_cfg=dict(embed_dims=16, feedforward_channels=24, ffn_drop=0.0))),
        positional_encoding=dict(num_feats=8, normalize=True, offset=0.0, temperature=20),
        bbox_head=dict(type='DDQDETRHead', num_classes=3, embed_dims=16, sync_cls_avg_factor=True, loss_cls=focal,
                       loss_bbox=dict(type='L1Loss', loss_weight=5.0), loss_iou=dict(type='GIoULoss', loss_weight=2.0)),
        dn_cfg=dict(label_noise_scale=0.5, box_noise_scale=1.0, group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=12)),
        dqs_cfg=dict(type='nms', iou_threshold=0.8),
        train_cfg=dict(assigner=dict(type='HungarianAssigner', match_costs=[
            dict(type='FocalLossCost', weight=2.0), dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
            dict(type='IoUCost', iou_mode='giou', weight=2.0)])),
        test_cfg=dict(max_per_img=10)), **more}


# boxes that grow layer by layer, and scores that do not saturate
ddq_boxes = [[r'reg_branches\.\d\.4\.bias$', 0.4]]
ddq_rules = [(r'cls_branches\.\d\.weight$', 0.3), (r'reg_branches\.\d\.4\.weight$', 0.2)]


hourglass = dict(type='HourglassNet', downsample_times=2, num_stacks=2, stage_channels=[8, 8, 12], stage_blocks=[1, 1, 2], feat_channel=8,
                 norm_cfg=dict(type='BN', requires_grad=True))


def corner(head, threshold, **more):
    return dict(type='CornerNet', data_preprocessor=pre, backbone=dict(hourglass, **more), neck=None,
                bbox_head=dict(head, num_classes=2, in_channels=8, num_feat_levels=more.get('num_stacks', 2)), train_cfg=None,
                test_cfg=dict(corner_topk=42, local_maximum_kernel=3, distance_threshold=threshold, score_thr=0.05, max_per_img=20,
                              nms=dict(type='soft_nms', iou_threshold=0.5, method='gaussian')))


corner_head = dict(type='CornerHead', corner_emb_channels=1,
                   loss_heatmap=dict(type='GaussianFocalLoss', alpha=2.0, gamma=4.0, loss_weight=1),
                   loss_embedding=dict(type='AssociativeEmbeddingLoss', pull_weight=0.10, push_weight=0.10),
                   loss_offset=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1))
centripetal_head = dict(type='CentripetalHead', corner_emb_channels=0,
                        loss_heatmap=dict(type='GaussianFocalLoss', alpha=2.0, gamma=4.0, loss_weight=1),
                        loss_offset=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1),
                        loss_guiding_shift=dict(type='SmoothL1Loss', beta=1.0, loss_weight=0.05),
                        loss_centripetal_shift=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1))
corner_rules = [(r'_heat\.\d\.1\.conv\.weight$', 0.02), (r'_(off|emb|guiding_shift|centripetal_shift)\.\d\.1\.conv\.weight$', 0.005)]
# few inputs of ReLUs near zero, but for those of the corner pooling, whose maxima would lie closer to one another: in float64 the
# gradients are 5e-7 from these, without it up to 5e-3
awake = [[r'backbone.*(bn\d?|downsample\.1)\.bias$', 2.0], [r'pool\.\d\.(aftpool_conv|conv1|conv2)\.bn\.bias$', 2.0]]
# about three cells from a corner to the center
far = [[r'centripetal_shift\.\d\.1\.conv\.bias$', 1.0]]

attention = dict(embed_dims=16, num_heads=4, dropout=0.0)


def rtdetr(**more):
    return {**dict(
        type='RTDETR', num_queries=12, with_box_refine=True, as_two_stage=True, data_preprocessor=dict(pre, mean=[0, 0, 0], std=[255, 255, 255]),
        backbone=dict(backbone, type='ResNetV1d', stem_channels=8, out_indices=(1, 2, 3)),
        neck=dict(type='HybridEncoder', in_channels=[16, 32, 64], hidden_dim=16, use_encoder_idx=[2], expansion=0.5, depth_mult=0.67,
                  layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=dict(embed_dims=16, feedforward_channels=24, ffn_drop=0.0,
                                                                       act_cfg=dict(type='GELU'))),
                  projector=dict(type='ChannelMapper', in_channels=[16, 16, 16], kernel_size=1, out_channels=16, act_cfg=None,
                                 norm_cfg=dict(type='BN'), num_outs=3)),
        encoder=None,
        decoder=dict(num_layers=2, return_intermediate=True, post_norm_cfg=None, layer_cfg=dict(
            self_attn_cfg=attention, cross_attn_cfg=dict(embed_dims=16, num_heads=4, num_levels=3, num_points=2, dropout=0.0),
            ffn_cfg=dict(embed_dims=16, feedforward_channels=24, ffn_drop=0.0))),
        bbox_head=dict(type='RTDETRHead', num_classes=3, embed_dims=16, sync_cls_avg_factor=True,
                       loss_cls=dict(type='RTDETRVarifocalLoss', use_sigmoid=True, alpha=0.75, gamma=2.0, loss_weight=1.0),
                       loss_bbox=dict(type='L1Loss', loss_weight=5.0), loss_iou=dict(type='GIoULoss', loss_weight=2.0)),
        dn_cfg=dict(label_noise_scale=0.5, box_noise_scale=1.0, group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=10)),
        train_cfg=dict(assigner=dict(type='HungarianAssigner', match_costs=[
            dict(type='FocalLossCost', weight=2.0), dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
            dict(type='IoUCost', iou_mode='giou', weight=2.0)])),
        test_cfg=dict(max_per_img=15)), **more}


QUERY_FAMILIES = dict(
    rtdetr=dict(rtdetr=dict(model=rtdetr())),
    sparse_rcnn=dict(
        sparse_rcnn=dict(model=sparse('SparseRCNN'), constants=boxes, rules=rules),
        softmax=dict(model=sparse('SparseRCNN', rcnn=dict(pos_weight=2), head=dii(
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), num_reg_fcs=1, num_cls_fcs=2,
            bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[0.5, 0.5, 1., 1.]))), constants=boxes, rules=rules),
    ),
    query_inst=dict(
        query_inst=dict(model=sparse('QueryInst', 8, dict(max_per_img=8, mask_thr_binary=0.5), dict(pos_weight=1, mask_size=12),
                                     mask_roi_extractor=pooled(6), mask_head=[mask_head, mask_head]), constants=[['init_proposal_bboxes', 0.6]], rules=rules),
    ),
    ddq=dict(
        ddq=dict(model=ddq(), rules=ddq_rules, constants=ddq_boxes),
        distinct=dict(model=ddq(dqs_cfg=dict(type='nms', iou_threshold=0.3)), rules=ddq_rules, constants=ddq_boxes),
    ),
    corner_net=dict(
        corner_net=dict(model=corner(corner_head, 0.5), rules=corner_rules, labels=1, constants=awake),
        centripetal_net=dict(model=corner(centripetal_head, 2.0, num_stacks=1), rules=corner_rules, labels=1, constants=[*awake, *far]),
    ),
)

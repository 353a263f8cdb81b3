"""The configs of zoo.py for MMYOLO's detectors: an eighth of their channels, blocks by the smallest depth factor."""


def distributions_in_order(model):
    """MMYOLO's PPYOLOEHead takes them for [N, bins, cells, 4] and gets those of other cells and sides; they are [N, cells, 4, bins]."""
    module = model.bbox_head.head_module
    single = module.forward_single

    def forward_single(*features):
        scores, boxes, *distributions = single(*features)
        return (scores, boxes, *(d.permute(0, 3, 1, 2) for d in distributions))

    module.forward_single = forward_single


def with_its_test_cfg(model):
    """YOLOXPoseHead fails without cfg, which nobody passes; and with a number that candidates exceed it takes keypoints of others."""
    head = model.bbox_head
    predict = head.predict_by_feat
    head.predict_by_feat = lambda *maps, **more: predict(*maps, **{**more, 'cfg': dict_of(head.test_cfg, max_per_img=100000)})


def dict_of(config, **changes):
    from mmengine.config import ConfigDict
    return ConfigDict(dict(config, **changes))


def sides_in_order(model):
    """MMDetection's RTMDet-Ins resizes the height of masks by the scale of the width, and the other way round."""
    from mmdet.models.dense_heads import rtmdet_ins_head
    plain = rtmdet_ins_head.F

    class Sides:
        def __getattr__(self, name):
            return getattr(plain, name)

        @staticmethod
        def interpolate(x, size=None, **more):
            return plain.interpolate(x, size=[2 * x.shape[-2], x.shape[-1]] if size == [x.shape[-2], 2 * x.shape[-1]] else size, **more)

    rtmdet_ins_head.F = Sides()


scale = dict(deepen_factor=0.33, widen_factor=0.125)
pre = dict(type='mmdet.DetDataPreprocessor', mean=[0., 0., 0.], std=[255., 255., 255.], bgr_to_rgb=True, pad_size_divisor=32)
test = dict(multi_label=True, nms_pre=100, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.65), max_per_img=20)
anchors = [[(10, 13), (16, 30), (33, 23)], [(30, 61), (62, 45), (59, 119)], [(116, 90), (56, 98), (73, 126)]]
wide = [256, 512, 1024]


def yolo(backbone, neck, head, train=None, test=test, **more):
    parts = {**dict(data_preprocessor=pre), **more}
    return dict(type='mmyolo.YOLODetector', **parts, backbone=dict(scale, **backbone), neck=dict(scale, **neck),
                bbox_head=head, train_cfg=train, test_cfg=test)


v5 = dict(type='YOLOv5Head', head_module=dict(type='YOLOv5HeadModule', num_classes=3, in_channels=wide, widen_factor=0.125),
          prior_generator=dict(type='mmdet.YOLOAnchorGenerator', base_sizes=anchors, strides=[8, 16, 32]))
v5_backbone, v5_neck = dict(type='YOLOv5CSPDarknet'), dict(type='YOLOv5PAFPN', in_channels=wide, out_channels=wide, num_csp_blocks=3)
v5_rules = [(r'convs_pred.*\.weight$', 0.5)]
atss = dict(type='BatchATSSAssigner', num_classes=3, topk=9, iou_calculator=dict(type='mmdet.BboxOverlaps2D'))
tal = dict(type='BatchTaskAlignedAssigner', num_classes=3, topk=5, alpha=1, beta=6)
first, then = [dict(initial_epoch=n, initial_assigner=atss, assigner=tal) for n in (4, 0)]
v6_out = [128, 256, 512]
v6 = dict(type='YOLOv6Head', head_module=dict(type='YOLOv6HeadModule', num_classes=3, in_channels=v6_out, widen_factor=0.125),
          loss_bbox=dict(type='IoULoss', iou_mode='siou', bbox_format='xyxy', reduction='mean', loss_weight=2.5, return_iou=False))
v6_neck = dict(in_channels=wide, out_channels=v6_out, num_csp_blocks=6)
v6_wrapped = dict(type='ConvWrapper', bias=False, norm_cfg=dict(type='BN', momentum=0.03, eps=0.001), act_cfg=dict(type='SiLU'))
v6_dist = dict(v6, head_module=dict(v6['head_module'], reg_max=16), loss_bbox=dict(v6['loss_bbox'], iou_mode='giou'))
v6_rules = [(r'(rbr_1x1|rbr_dense).*weight$', 0.6), (r'cls_preds.*weight$', 0.3), (r'reg_preds.*weight$', 0.5)]
far = [[r'reg_preds\..*bias$', 2.5]]  # distances in strides
yolox_neck = dict(type='mmyolo.YOLOXPAFPN', in_channels=wide, out_channels=256)
yolox = dict(type='mmyolo.YOLOXHead', head_module=dict(type='YOLOXHeadModule', num_classes=3, in_channels=256, feat_channels=256,
                                                       widen_factor=0.125))
ota = dict(assigner=dict(type='mmdet.SimOTAAssigner', center_radius=2.5, iou_calculator=dict(type='mmdet.BboxOverlaps2D')))
yolox_test = dict(yolox_style=True, multi_label=True, score_thr=0.27, max_per_img=5, nms=dict(type='nms', iou_threshold=0.65))
yolox_rules = [(r'multi_level_conv_(cls|obj)', 3.0)]
pose_file = 'configs/_base_/pose/coco.py'  # of MMYOLO's package
yolox_pose = dict(yolox, type='YOLOXPoseHead', head_module=dict(yolox['head_module'], type='YOLOXPoseHeadModule', num_classes=1, num_keypoints=17),
                  loss_pose=dict(type='OksLoss', metainfo=pose_file, loss_weight=30.0))
pose_ota = dict(assigner=dict(type='PoseSimOTAAssigner', center_radius=2.5, oks_weight=3.0, vis_weight=0.5, iou_calculator=dict(type='mmdet.BboxOverlaps2D'),
                              oks_calculator=dict(type='OksLoss', metainfo=pose_file)))
rtm = dict(type='mmyolo.RTMDetHead', head_module=dict(type='RTMDetSepBNHeadModule', num_classes=3, in_channels=256, feat_channels=256,
                                                      stacked_convs=2, pred_kernel_size=1, widen_factor=0.125,
                                                      norm_cfg=dict(type='BN')))
rtm_train = dict(assigner=dict(type='BatchDynamicSoftLabelAssigner', num_classes=3, topk=13,
                               iou_calculator=dict(type='mmdet.BboxOverlaps2D')), allowed_border=-1, pos_weight=-1, debug=False)
rtm_far = [[r'rtm_reg\..*bias$', 2.5]]
pp = dict(type='PPYOLOEHead', head_module=dict(type='PPYOLOEHeadModule', num_classes=3, in_channels=[192, 384, 768], reg_max=16,
                                               widen_factor=0.125))
pp_neck = dict(type='PPYOLOECSPPAFPN', in_channels=wide, out_channels=[192, 384, 768])
# with larger logits the losses differ by more than float32 is exact to, from one order of sums to another
pp_rules = [(r'(rbr_1x1|rbr_dense).*weight$', 0.6), (r'cls_preds.*weight$', 0.2)]
# whose signal does not fade before the neck's norms enlarge it: in float64 losses are 2.3e-6 from these, without it 3.8e-5
pp_plus_rules = [*pp_rules, (r'backbone.*conv\.weight$', 2.0)]
p6 = [256, 512, 768, 1024]
v7 = dict(v5, type='YOLOv7Head', head_module=dict(v5['head_module'], type='YOLOv7HeadModule'), simota_candidate_topk=10, simota_iou_weight=2.5,
          loss_obj=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=0.7))
ins = dict(v5, type='YOLOv5InsHead', mask_overlap=True, head_module=dict(v5['head_module'], type='YOLOv5InsHeadModule', mask_channels=8, proto_channels=128))
ins_rules = [(r'neck.*conv\.weight$', 2.5), (r'convs_pred.*\.weight$', 0.6), (r'proto_pred.conv[12].conv.weight$', 1.5), (r'proto_pred.conv3.conv.weight$', 6.0)]
ins_test = dict(test, mask_thr_binary=0.5, fast_test=True, max_per_img=8)
rtm_ins = dict(type='mmyolo.RTMDetInsSepBNHead', head_module=dict(rtm['head_module'], type='RTMDetInsSepBNHeadModule', norm_cfg=dict(type='BN')))
rtm_ins_rules = [(r'rtm_cls.*weight$', 2.0), (r'rtm_kernel.*weight$', 2.0), (r'mask_head.projection.weight', 3.0)]
# fewer dynamic ReLUs at zero, and a backbone whose signal does not fade: in float64 losses are 7e-7 and gradients 3e-5 from these
mmdet_rtm_ins_rules = [(r'rtm_kernel.*weight$', 0.5), (r'mask_head\.projection\.weight$', 0.5), (r'backbone.*conv\.weight$', 1.3)]
rtm_norm = dict(type='BN')
rtm_layers = dict(norm_cfg=rtm_norm, act_cfg=dict(type='SiLU', inplace=True))
mmdet_rtm_ins = dict(
    type='RTMDet', data_preprocessor=dict(type='DetDataPreprocessor', mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], pad_mask=True, pad_size_divisor=32),
    backbone=dict(type='CSPNeXt', arch='P5', expand_ratio=0.5, channel_attention=True, norm_eval=True, **scale, **rtm_layers),
    neck=dict(type='CSPNeXtPAFPN', in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1, expand_ratio=0.5, **rtm_layers),
    bbox_head=dict(type='RTMDetInsSepBNHead', num_classes=3, in_channels=32, feat_channels=32, stacked_convs=2, share_conv=True, pred_kernel_size=1,
                   act_cfg=rtm_layers['act_cfg'], norm_cfg=rtm_norm, anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
                   bbox_coder=dict(type='DistancePointBBoxCoder'),
                   loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0), loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
                   loss_mask=dict(type='DiceLoss', loss_weight=2.0, eps=5e-6, reduction='mean')),
    train_cfg=dict(assigner=dict(type='DynamicSoftLabelAssigner', topk=13), allowed_border=-1, pos_weight=-1, debug=False),
    test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=8, mask_thr_binary=0.5))
leaky = dict(act_cfg=dict(type='LeakyReLU', negative_slope=0.1))


def v7_rules(backbone, neck):  # deep networks whose signal would fade
    return [(r'backbone.*conv\.weight$', backbone), (r'neck.*conv\.weight$', neck), (r'(convs_pred.*\.1|main_convs_pred.*\.2)\.weight$', 0.5)]


v7_p6 = dict(v7, head_module=dict(v7['head_module'], type='YOLOv7p6HeadModule', in_channels=[128, 256, 384, 512], featmap_strides=[8, 16, 32, 64],
                                  main_out_channels=[16, 16, 24, 32], aux_out_channels=[16, 24, 24, 32]),
             prior_generator=dict(v5['prior_generator'], base_sizes=[*anchors, anchors[2]], strides=[8, 16, 32, 64]),
             obj_level_weights=[4.0, 1.0, 0.25, 0.06])



def v7_large(arch, channels, block, rules, widen_factor=0.1):  # by which widths are multiples of 8
    narrow = dict(widen_factor=widen_factor)
    neck = dict(narrow, type='YOLOv7PAFPN', in_channels=channels, out_channels=[c // 2 for c in channels], use_maxpool_in_downsample=True,
                use_in_channels_in_downsample=True, block_cfg=dict(dict(middle_ratio=0.4, block_ratio=0.2, num_blocks=6, num_convs_in_block=1), **block))
    head = dict(v7_p6, head_module=dict(v7_p6['head_module'], **narrow, in_channels=[c // 2 for c in channels]))
    backbone = dict(narrow, type='YOLOv7Backbone', arch=arch, out_indices=(2, 3, 4, 5), norm_eval=True)
    return dict(model=yolo(backbone, neck, head, data_preprocessor=dict(pre, pad_size_divisor=64)), rules=v7_rules(*rules))


FAMILIES = dict(
    yolov5=dict(
        p5=dict(model=yolo(v5_backbone, v5_neck, v5), rules=v5_rules),
        p6=dict(model=yolo(dict(v5_backbone, arch='P6', out_indices=(2, 3, 4, 5), norm_eval=True), dict(v5_neck, in_channels=p6, out_channels=p6), dict(
            v5, head_module=dict(v5['head_module'], in_channels=p6, featmap_strides=[8, 16, 32, 64]),
            prior_generator=dict(v5['prior_generator'], base_sizes=[*anchors, anchors[2]], strides=[8, 16, 32, 64]),
            obj_level_weights=[4.0, 1.0, 0.25, 0.06], prior_match_thr=3.0, near_neighbor_thr=0.3),
            data_preprocessor=dict(pre, pad_size_divisor=64)), rules=v5_rules),
        ignored=dict(model=yolo(v5_backbone, v5_neck, dict(v5, head_module=dict(v5['head_module'], num_classes=1),
                                                           ignore_iof_thr=0.5), test=dict(test, multi_label=False)),
                     rules=v5_rules, ignored=[[20, 8, 90, 60]], labels=0),
        ignored_classes=dict(model=yolo(v5_backbone, v5_neck, dict(v5, ignore_iof_thr=0.3)), rules=v5_rules, ignored=[[20, 8, 90, 60]]),
    ),
    yolov6=dict(
        rep=dict(model=yolo(dict(type='YOLOv6EfficientRep'), dict(v6_neck, type='YOLOv6RepPAFPN'), v6, first), rules=v6_rules, constants=far),
        bi=dict(model=yolo(dict(type='YOLOv6EfficientRep', out_indices=[1, 2, 3, 4], use_cspsppf=True, norm_eval=True),
                           dict(v6_neck, type='YOLOv6RepBiPAFPN', in_channels=[128, *wide]), v6, then), rules=v6_rules,
                constants=far),
    ),
    yolov6_csp=dict(
        csp=dict(model=yolo(dict(type='YOLOv6CSPBep', hidden_ratio=2 / 3, block_cfg=v6_wrapped),
                            dict(v6_neck, type='YOLOv6CSPRepPAFPN', hidden_ratio=0.75, block_cfg=v6_wrapped), v6_dist, then),
                 rules=v6_rules),
        csp_bi=dict(model=yolo(dict(type='YOLOv6CSPBep', out_indices=[1, 2, 3, 4]),
                               dict(v6_neck, type='YOLOv6CSPRepBiPAFPN', in_channels=[128, *wide]), v6_dist, first), rules=v6_rules),
    ),
    yolov5_ins=dict(
        overlap=dict(model=yolo(v5_backbone, v5_neck, ins, test=ins_test), rules=ins_rules),
        single=dict(model=yolo(v5_backbone, v5_neck, dict(ins, mask_overlap=False), test=dict(ins_test, fast_test=False)), rules=ins_rules),
    ),
    rtmdet_ins=dict(
        mmdet=dict(model=mmdet_rtm_ins, rules=mmdet_rtm_ins_rules, prepare=sides_in_order, constants=rtm_far),
        mmyolo=dict(model=yolo(dict(type='mmyolo.CSPNeXt'), dict(type='mmyolo.CSPNeXtPAFPN', in_channels=wide, out_channels=256, num_csp_blocks=3,
                                                                 norm_cfg=dict(type='BN')),
                               rtm_ins, rtm_train, test=dict(test, mask_thr_binary=0.5, max_per_img=8)), constants=rtm_far, rules=rtm_ins_rules, trains=False),
    ),
    yolov7=dict(
        tiny=dict(model=yolo(dict(leaky, type='YOLOv7Backbone', arch='Tiny', norm_eval=True), dict(
            leaky, type='YOLOv7PAFPN', is_tiny_version=True, in_channels=[128, 256, 512], out_channels=[64, 128, 256],
            block_cfg=dict(type='TinyDownSampleBlock', middle_ratio=0.25), use_repconv_outs=False),
            dict(v7, head_module=dict(v7['head_module'], in_channels=[128, 256, 512]))), rules=v7_rules(1.25, 2.4)),
        l=dict(model=yolo(dict(type='YOLOv7Backbone', arch='L', norm_eval=True), dict(
            type='YOLOv7PAFPN', in_channels=[512, 1024, 1024], out_channels=[128, 256, 512]), v7), rules=v7_rules(1.36, 2.7)),
    ),
    yolov7_p6=dict(
        w=dict(model=yolo(dict(type='YOLOv7Backbone', arch='W', out_indices=(2, 3, 4, 5), norm_eval=True), dict(
            type='YOLOv7PAFPN', in_channels=p6, out_channels=[128, 256, 384, 512], use_maxpool_in_downsample=False),
            v7_p6, data_preprocessor=dict(pre, pad_size_divisor=64)), rules=v7_rules(1.3, 2.6)),
    ),
    yolov7_x_slow=dict(
        x=dict(model=yolo(dict(type='YOLOv7Backbone', arch='X', widen_factor=0.1, norm_eval=True), dict(
            widen_factor=0.1, type='YOLOv7PAFPN', in_channels=[640, 1280, 1280], out_channels=[160, 320, 640], use_repconv_outs=False,
            block_cfg=dict(type='ELANBlock', middle_ratio=0.4, block_ratio=0.4, num_blocks=3, num_convs_in_block=2)),
            dict(v7, head_module=dict(v7['head_module'], widen_factor=0.1, in_channels=[320, 640, 1280]))), rules=v7_rules(1.36, 2.7)),
    ),
    yolov7_e_slow=dict(e=v7_large('E', [320, 640, 960, 1280], dict(type='ELANBlock'), (1.3, 2.6))),
    mmyolo_yolox=dict(
        yolox=dict(model=yolo(dict(type='YOLOXCSPDarknet', norm_eval=True), yolox_neck, yolox, ota, test=yolox_test), rules=yolox_rules),
        depthwise=dict(model=yolo(dict(type='YOLOXCSPDarknet', use_depthwise=True, norm_eval=True), dict(yolox_neck, use_depthwise=True),
                                  dict(yolox, head_module=dict(yolox['head_module'], use_depthwise=True)), ota),
                       rules=yolox_rules),
    ),
    yolox_pose=dict(
        pose=dict(model=yolo(dict(type='YOLOXCSPDarknet', norm_eval=True), yolox_neck, yolox_pose, pose_ota, test=dict(yolox_test, score_thr=0.305)),
                  rules=[(r'multi_level_conv_(cls|obj|offsets|vis)', 3.0)], labels=0, constants=[[r'sigmas$', 0.08]], prepare=with_its_test_cfg),
    ),
    mmyolo_rtmdet=dict(
        rtmdet=dict(model=yolo(dict(type='mmyolo.CSPNeXt'), dict(type='mmyolo.CSPNeXtPAFPN', in_channels=wide, out_channels=256,
                                                          num_csp_blocks=3, norm_cfg=dict(type='BN')), rtm, rtm_train),
                    constants=rtm_far, rules=[(r'rtm_cls.*weight$', 4.0)]),
    ),
    ppyoloe=dict(
        plus=dict(model=yolo(dict(type='PPYOLOECSPResNet', frozen_stages=4, use_large_stem=True), dict(pp_neck, use_spp=True), pp, then), rules=pp_plus_rules,
                  prepare=distributions_in_order),
        plain=dict(model=yolo(dict(type='PPYOLOECSPResNet', norm_eval=True, block_cfg=dict(type='PPYOLOEBasicBlock', shortcut=True, use_alpha=False),
                                   attention_cfg=None), dict(pp_neck, num_csplayer=2), pp, first), rules=pp_rules,
                   prepare=distributions_in_order),
    ),
)

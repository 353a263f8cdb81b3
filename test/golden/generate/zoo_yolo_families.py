"""The configs of zoo.py for MMYOLO's detectors: an eighth of their channels, blocks by the smallest depth factor."""

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
p6 = [256, 512, 768, 1024]

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
)

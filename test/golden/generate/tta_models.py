# Writes tta_models.json: whole models by the config's own tta_model and tta_pipeline, as MMDetection's tools/test.py --tta runs
# them: RetinaNet, YOLOX (views that are padded to squares) and Mask R-CNN, small, on the 120 x 200 formula image. Weights by the
# formulas of test/golden/README.md. DetTTAModel refuses masks, so that for Mask R-CNN they are left out for the merging of boxes;
# the mask of a kept box is that of its view, turned back.
# Needs mmdet 3.3.0, mmcv 2.1.0 (roi_align and nms for the CPU), pycocotools.
# Run: python test/golden/generate/tta_models.py
import copy
import json
import math
import pathlib
import re
import tempfile

import cv2
import numpy as np
import torch
from mmcv.ops import batched_nms
from mmcv.transforms import Compose
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import ConfigDict
from mmengine.dataset import pseudo_collate
from pycocotools import mask as coco

register_all_modules(init_default_scope=True)
HERE = pathlib.Path(__file__).parent.parent
RULES = [
    (r"(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$", 0.1),
    (r"(lateral_convs|fpn_convs)\.\d+\.conv\.weight$", 0.5),
    (r"rpn_cls\.weight$", 0.5),
]
# scores that saturate would tie
EXTRA = [(r"rpn_cls\.weight$", 0.04), (r"fc_cls\.weight$", 0.05), (r"conv_logits\.weight$", 0.05), (r"neck.*conv\.weight$", 0.5),
    (r"retina_cls\.weight$", 0.1), (r"multi_level_conv_(cls|obj|reg)\.\d\.weight$", 0.3)]
H, W = 120, 200


def u01(name, n):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    x = (np.arange(n, dtype=np.uint64) + h) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x ^= x >> shift
        x = (x * factor) & 0xFFFFFFFF
    x ^= x >> 16
    return x.astype(np.float64) / 2**32


def value(name, shape):
    n = int(np.prod(shape))
    s = 2 * u01(name, n) - 1
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith("running_var"):
        s = 1 + 0.5 * u01(name, n)
    elif len(shape) >= 2:
        scale = math.sqrt(6 / float(np.prod(shape[1:])))
        for pattern, factor in [*RULES, *EXTRA]:
            scale *= factor if re.search(pattern, name) else 1
        s = s * scale
    elif name.endswith("bn3.weight"):
        s = 0.3 + 0.03 * s
    else:
        s = 0.1 * s + (1 if name.endswith(".weight") and not name.endswith("running_mean") else 0)
    return torch.from_numpy(s.astype(np.float32).reshape(shape))


pre = dict(type="DetDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_size_divisor=32)
backbone = dict(type="ResNet", depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3), norm_eval=True)
neck = dict(type="FPN", in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5)
proposal = dict(nms_pre=200, max_per_img=60, nms=dict(type="nms", iou_threshold=0.7), min_bbox_size=0)
extractor = lambda n: dict(type="SingleRoIExtractor", roi_layer=dict(type="RoIAlign", output_size=n, sampling_ratio=0), out_channels=16, featmap_strides=[4, 8, 16, 32])
models = {
    "retinanet": dict(type="RetinaNet", data_preprocessor=pre, backbone=backbone,
        neck=dict(neck, start_level=1, add_extra_convs="on_input"),
        bbox_head=dict(type="RetinaHead", num_classes=3, in_channels=16, stacked_convs=1, feat_channels=16,
            anchor_generator=dict(type="AnchorGenerator", octave_base_scale=4, scales_per_octave=1, ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64, 128])),
        test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.01, nms=dict(type="nms", iou_threshold=0.5), max_per_img=30)),
    "yolox": dict(type="YOLOX", data_preprocessor=dict(type="DetDataPreprocessor", pad_size_divisor=32),
        backbone=dict(type="CSPDarknet", deepen_factor=0.33, widen_factor=0.125),
        neck=dict(type="YOLOXPAFPN", in_channels=[32, 64, 128], out_channels=16, num_csp_blocks=1),
        bbox_head=dict(type="YOLOXHead", num_classes=3, in_channels=16, feat_channels=16),
        test_cfg=dict(score_thr=0.01, nms=dict(type="nms", iou_threshold=0.65))),
    "mask_rcnn": dict(type="MaskRCNN", train_cfg=None, data_preprocessor=dict(pre, pad_mask=True), backbone=backbone, neck=neck,
        rpn_head=dict(type="RPNHead", in_channels=16, feat_channels=16,
            anchor_generator=dict(type="AnchorGenerator", scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64])),
        roi_head=dict(type="StandardRoIHead", bbox_roi_extractor=extractor(5),
            bbox_head=dict(type="Shared2FCBBoxHead", in_channels=16, fc_out_channels=24, roi_feat_size=5, num_classes=3),
            mask_roi_extractor=extractor(7), mask_head=dict(type="FCNMaskHead", num_convs=2, in_channels=16, conv_out_channels=12, num_classes=3)),
        test_cfg=dict(rpn=proposal, rcnn=dict(score_thr=0.05, nms=dict(type="nms", iou_threshold=0.5), max_per_img=20, mask_thr_binary=0.5))),
}
scales = {"retinanet": [(160, 96), (240, 144)], "yolox": [(160, 160), (224, 224)], "mask_rcnn": [(160, 96), (200, 120)]}
pack = dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "flip", "flip_direction"))


def pipeline(name):
    steps = [[dict(type="Resize", scale=s, keep_ratio=True) for s in scales[name]], [dict(type="RandomFlip", prob=1.0), dict(type="RandomFlip", prob=0.0)]]
    if name == "yolox":
        steps.append([dict(type="Pad", pad_to_square=True, pad_val=dict(img=(114.0, 114.0, 114.0)))])
    return [dict(type="LoadImageFromFile"), dict(type="TestTimeAug", transforms=[*steps, [pack]])]


y, x = np.mgrid[:H, :W]
image = np.stack([(3 * x + 5 * y) % 256, ((x * x) // 7 + 11 * y) % 256, ((x // 16 + y // 16) % 2) * 160 + (x * y) % 96], -1).astype(np.uint8)
path = pathlib.Path(tempfile.mkdtemp()) / "formula.png"
cv2.imwrite(str(path), image)

rounded = lambda values, digits: [round(float(v), digits) for v in values]
result = {"extra_rules": EXTRA, "models": {}}
for name, cfg in models.items():
    tta = dict(type="DetTTAModel", tta_cfg=dict(nms=dict(type="nms", iou_threshold=0.65 if name == "yolox" else 0.5), max_per_img=40))
    model = MODELS.build(ConfigDict(copy.deepcopy(dict(tta, module=cfg)))).eval()
    module = model.module
    module.load_state_dict({k: value(k, tuple(v.shape)) for k, v in module.state_dict().items()})
    data = Compose(copy.deepcopy(pipeline(name)))(dict(img_path=str(path), img_id=0))
    views = {k: [[one] for one in v] for k, v in data.items()}
    with torch.no_grad():
        singles = [module.test_step(dict(inputs=i, data_samples=s))[0] for i, s in zip(views["inputs"], views["data_samples"])]
        turned = []
        for one in singles:
            if "masks" in one.pred_instances:
                masks = one.pred_instances.pop("masks")
                turned += list(masks.flip(2) if one.flip else masks)
        each = [copy.deepcopy(one) for one in singles]
        merged = model.merge_preds([singles])[0].pred_instances
    found = dict(bboxes=[rounded(b, 4) for b in merged.bboxes], scores=rounded(merged.scores, 6), labels=merged.labels.tolist())
    if turned:
        flipped = [model.merge_aug_bboxes([s.pred_instances.bboxes], None, [s.metainfo]) for s in each]
        joined = lambda key: torch.cat([s.pred_instances[key] for s in each])
        _, keep = batched_nms(torch.cat(flipped), joined("scores"), joined("labels"), tta["tta_cfg"]["nms"])
        found["masks"] = [coco.encode(np.asfortranarray(turned[i].numpy().astype(np.uint8)))["counts"].decode() for i in keep[:40]]
    config = dict(model=cfg, tta_model=tta, tta_pipeline=pipeline(name))
    result["models"][name] = dict(config=config, views=[len(s.pred_instances.bboxes) for s in each], **found)
    print(name, [len(s.pred_instances.bboxes) for s in each], len(found["scores"]), found["scores"][:5], np.min(-np.diff(found["scores"])))
(HERE / "tta_models.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")

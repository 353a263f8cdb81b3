# Writes test/golden/training_curves.json: every loss of 50 training steps of small detectors by MMDetection, from weights of the
# formulas in test/golden/README.md, on 8 made images of 160 x 192 in a fixed order, two a step, without augmentation. Samplers take
# everything (nothing is drawn), dropout is 0. `twin` is how far the reference is from itself after 10 and 50 steps when its weights
# are moved by one rounding: what no other implementation can be nearer than.
# Needs mmdet 3.3.0 (its .mim folder), mmcv 2.1.0 (roi_align and nms for the CPU).
# Run: python test/golden/generate/training_curves.py [NAME ...]
import json
import math
import pathlib
import re
import sys

import mmdet
import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmdet.utils import register_all_modules
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData

register_all_modules(init_default_scope=True)
torch.set_num_threads(1)
MMLogger.get_current_instance().setLevel("ERROR")
golden = pathlib.Path(__file__).parents[1] / "training_curves.json"
configs = pathlib.Path(mmdet.__file__).parent / ".mim/configs"
H, W, IMAGES, STEPS, CLASSES = 160, 192, 8, 50, 3
RULES = [
    (r"(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$", 0.1),
    (r"sampling_offsets\.weight$", 0.1),
    (r"(lateral_convs|fpn_convs)\.\d+\.conv\.weight$", 0.5),
    (r"rpn_cls\.weight$", 0.5),
]
# the layers that predict begin small, those of scores at a probability of 0.01, as in a run
EXTRA = [(r"(retina_cls|conv_cls|atss_cls|rtm_cls\.\d|rtm_reg\.\d|atss_reg|multi_level_conv_(cls|obj|reg)\.\d|fc_cls|conv_logits)\.weight$", 0.1)]
PRIOR = r"(retina_cls|conv_cls|atss_cls|rtm_cls\.\d|multi_level_conv_(cls|obj)\.\d)\.bias$"
CLIP = {"max_norm": 10, "norm_type": 2}
SGD = {"type": "SGD", "lr": 0.001, "momentum": 0.9, "weight_decay": 0.0001}
NARROW = {
    "model.backbone.depth": 18,
    "model.backbone.base_channels": 16,
    "model.backbone.init_cfg": None,
    "model.neck.in_channels": [16, 32, 64, 128],
    "model.neck.out_channels": 32,
}
HEAD = {"model.bbox_head.num_classes": CLASSES, "model.bbox_head.in_channels": 32, "model.bbox_head.feat_channels": 32}
DENSE = {**NARROW, **HEAD}
FCOS = {"model.backbone.style": "pytorch", "model.data_preprocessor.mean": [123.675, 116.28, 103.53], "model.data_preprocessor.std": [58.395, 57.12, 57.375]}
EVERYTHING = {"type": "RandomSampler", "num": 1000000, "pos_fraction": 1.0, "neg_pos_ub": -1, "add_gt_as_proposals": False}
CASES = {
    "RetinaNet": ("retinanet/retinanet_r50_fpn_1x_coco", DENSE, SGD),
    "FCOS": ("fcos/fcos_r50-caffe_fpn_gn-head_1x_coco", {**DENSE, **FCOS}, SGD),
    "ATSS": ("atss/atss_r50_fpn_1x_coco", DENSE, SGD),
    "YOLOX-tiny": (
        "yolox/yolox_tiny_8xb8-300e_coco",
        {"model.bbox_head.num_classes": CLASSES, "model.data_preprocessor.batch_augments": None},
        {**SGD, "nesterov": True},
    ),
    "RTMDet-tiny": (
        "rtmdet/rtmdet_tiny_8xb32-300e_coco",
        {
            "model.bbox_head.num_classes": CLASSES,
            "model.data_preprocessor.batch_augments": None,
            "model.backbone.init_cfg": None,
        },
        {"type": "AdamW", "lr": 0.0001, "weight_decay": 0.05},
    ),
    "Mask R-CNN": (
        "mask_rcnn/mask-rcnn_r50_fpn_1x_coco",
        {
            **NARROW,
            "model.rpn_head.in_channels": 32,
            "model.rpn_head.feat_channels": 32,
            "model.roi_head.bbox_roi_extractor.out_channels": 32,
            "model.roi_head.mask_roi_extractor.out_channels": 32,
            "model.roi_head.bbox_head.in_channels": 32,
            "model.roi_head.bbox_head.fc_out_channels": 64,
            "model.roi_head.bbox_head.num_classes": CLASSES,
            "model.roi_head.mask_head.in_channels": 32,
            "model.roi_head.mask_head.conv_out_channels": 32,
            "model.roi_head.mask_head.num_classes": CLASSES,
            "model.train_cfg.rpn.sampler": EVERYTHING,
            "model.train_cfg.rcnn.sampler": {**EVERYTHING, "add_gt_as_proposals": True},
            "model.train_cfg.rpn_proposal.nms_pre": 200,
            "model.train_cfg.rpn_proposal.max_per_img": 100,
        },
        SGD,
    ),
    "DETR": (
        "detr/detr_r50_8xb2-150e_coco",
        {
            "model.backbone.depth": 18,
            "model.backbone.base_channels": 16,
            "model.backbone.init_cfg": None,
            "model.neck.in_channels": [128],
            "model.num_queries": 30,
            "model.bbox_head.num_classes": CLASSES,
            "model.encoder.num_layers": 2,
            "model.decoder.num_layers": 3,
            "model.encoder.layer_cfg.self_attn_cfg.dropout": 0.0,
            "model.encoder.layer_cfg.ffn_cfg.ffn_drop": 0.0,
            "model.decoder.layer_cfg.self_attn_cfg.dropout": 0.0,
            "model.decoder.layer_cfg.cross_attn_cfg.dropout": 0.0,
            "model.decoder.layer_cfg.ffn_cfg.ffn_drop": 0.0,
        },
        {"type": "AdamW", "lr": 0.00002, "weight_decay": 0.0001},
    ),
    "Conditional DETR": (
        "conditional_detr/conditional-detr_r50_8xb2-50e_coco",
        {
            "model.backbone.depth": 18,
            "model.backbone.base_channels": 16,
            "model.backbone.init_cfg": None,
            "model.neck.in_channels": [128],
            "model.num_queries": 30,
            "model.bbox_head.num_classes": CLASSES,
            "model.encoder.num_layers": 2,
            "model.decoder.num_layers": 3,
            "model.encoder.layer_cfg.self_attn_cfg.dropout": 0.0,
            "model.encoder.layer_cfg.ffn_cfg.ffn_drop": 0.0,
            "model.decoder.layer_cfg.self_attn_cfg.attn_drop": 0.0,
            "model.decoder.layer_cfg.cross_attn_cfg.attn_drop": 0.0,
            "model.decoder.layer_cfg.ffn_cfg.ffn_drop": 0.0,
        },
        {"type": "AdamW", "lr": 0.00002, "weight_decay": 0.0001},
    ),
}


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
    if name.endswith("running_mean"):
        s = 0.1 * s
    elif name.endswith("running_var"):
        s = 1 + 0.5 * u01(name, n)
    elif len(shape) >= 2:
        scale = math.sqrt(6 / float(np.prod(shape[1:])))
        for pattern, factor in [*RULES, *EXTRA]:
            scale *= factor if re.search(pattern, name) else 1
        s = s * scale
    elif re.search(PRIOR, name):
        s = np.full(n, -math.log(99))
    elif name.endswith("bn3.weight"):
        s = 0.3 + 0.03 * s
    elif name.endswith(".weight"):
        s = 1 + 0.1 * s
    else:
        s = 0.1 * s
    return torch.from_numpy(s.astype(np.float32).reshape(shape))


def truths(i):
    """Two to four objects with whole pixels as corners, and their boxes, which are not: no two distances are equal."""
    n = 2 + i % 3
    u = u01(f"boxes {i}", 4 * n).reshape(n, 4)
    x1, y1 = np.floor(u[:, 0] * (W - 60)), np.floor(u[:, 1] * (H - 60))
    x2, y2 = np.minimum(x1 + 24 + np.floor(u[:, 2] * 70), W), np.minimum(y1 + 24 + np.floor(u[:, 3] * 70), H)
    whole = np.stack([x1, y1, x2, y2], 1)
    inset = u01(f"inset {i}", 4 * n).reshape(n, 4) * [1, 1, -1, -1]
    return whole.astype(np.int64), np.arange(i, i + n) % CLASSES, (whole + inset).astype(np.float32)


def image(i):
    """The formula image; each object has the colour of its class. BGR."""
    y, x = np.mgrid[:H, :W]
    pixels = np.stack([(3 * x + 5 * y) % 256, (x * x // 7 + 11 * y) % 256, (x // 16 + y // 16) % 2 * 160 + x * y % 96], 2)
    for (x1, y1, x2, y2), label, _ in zip(*truths(i)):
        pixels[y1:y2, x1:x2] = [70 * label + 40, 200 - 60 * label, 20 + 90 * label]
    return pixels.astype(np.uint8)


def sample(i, with_masks):
    whole, labels, boxes = truths(i)
    masks = np.zeros((len(boxes), H, W), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, whole):
        mask[y1:y2, x1:x2] = 1
    one = DetDataSample(
        metainfo=dict(img_id=i, img_shape=(H, W), ori_shape=(H, W), scale_factor=(1.0, 1.0), pad_shape=(H, W), batch_input_shape=(H, W))
    )
    one.gt_instances = InstanceData(bboxes=torch.from_numpy(boxes), labels=torch.from_numpy(labels))
    if with_masks:
        one.gt_instances.masks = BitmapMasks(masks, H, W)
    one.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4))
    return torch.from_numpy(image(i)).permute(2, 0, 1).contiguous(), one


def train(name, moved=False):
    file, options, optimizer = CASES[name]
    config = Config.fromfile(configs / f"{file}.py")
    config.merge_from_dict({k: v for k, v in options.items() if not isinstance(v, dict)})
    for key, given in options.items():
        if isinstance(given, dict):  # replaced, not merged
            *path, last = key.split(".")
            at = config
            for part in path:
                at = at[part]
            at[last] = given
    model = MODELS.build(config.model)
    model.load_state_dict({k: value(k, tuple(v.shape)) for k, v in model.state_dict().items()})
    if moved:
        with torch.no_grad():
            for key, weight in model.named_parameters():
                weight.mul_(1 + 2e-7 * (torch.from_numpy(u01(key, weight.numel())).reshape(weight.shape) - 0.5).sign().float())
    model.train()
    wrapper = {"type": "OptimWrapper", "optimizer": optimizer, "clip_grad": CLIP}
    if config.optim_wrapper.get("paramwise_cfg"):
        wrapper["paramwise_cfg"] = config.optim_wrapper.paramwise_cfg.to_dict()
    optim = build_optim_wrapper(model, json.loads(json.dumps(wrapper)))
    curves = {}
    for step in range(STEPS):
        pairs = [sample((2 * step + k) % IMAGES, name == "Mask R-CNN") for k in range(2)]
        data = {"inputs": [p[0] for p in pairs], "data_samples": [p[1] for p in pairs]}
        losses = model(**model.data_preprocessor(data, True), mode="loss")
        total, parts = model.parse_losses(losses)
        for key, part in parts.items():
            curves.setdefault(key, []).append(float(f"{part.item():.7g}"))
        optim.update_params(total)
    print(name, {k: (v[0], v[-1]) for k, v in curves.items()}, flush=True)
    return {"config": file.split("/")[1], "options": options, "optim_wrapper": wrapper, "curves": curves}


def apart(one, other, steps):
    """The largest difference in the first steps, relative to the largest value."""
    pairs = list(zip(one[:steps], other[:steps]))
    return float(f"{max(abs(a - b) for a, b in pairs) / max(abs(a) for a, _ in pairs):.2g}")


names = sys.argv[1:] or list(CASES)
stored = json.loads(golden.read_text())["models"] if golden.exists() else {}
for name in names:
    stored[name] = one = train(name)
    twin = train(name, True)["curves"]
    one["twin"] = {k: [apart(v, twin[k], steps) for steps in (10, STEPS)] for k, v in one["curves"].items()}
    print(one["twin"], flush=True)
    head = {"height": H, "width": W, "images": IMAGES, "classes": CLASSES, "extra_rules": EXTRA, "prior": PRIOR}
    golden.write_text(json.dumps({**head, "models": stored}))
print(golden.stat().st_size)

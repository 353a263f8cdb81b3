# Writes the references of the two-stage detectors: mask_heads.safetensors (options of FCNMaskHead), roi_parts.safetensors
# (GenericRoIExtractor, ResLayer), two_stage_small.json (small whole models: parameters, losses, gradient norms and
# detections of Mask R-CNN, Cascade R-CNN with and without masks, Fast R-CNN, RPN, a C4 model, Libra R-CNN's sampling,
# reg_decoded_bbox, OHEM, FCOS as first stage). Weights and inputs by the formulas of test/golden/README.md.
# Needs mmdet 3.3.0, mmcv 2.1.0 (roi_align and nms for the CPU), pycocotools.
# Run: python test/golden/generate/two_stage.py
import copy
import json
import math
import pathlib
import re
import struct

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmdet.utils import register_all_modules
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from pycocotools import mask as coco

register_all_modules(init_default_scope=True)
HERE = pathlib.Path(__file__).parent.parent
RULES = [
    (r"(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$", 0.1),
    (r"sampling_offsets\.weight$", 0.1),
    (r"(lateral_convs|fpn_convs)\.\d+\.conv\.weight$", 0.5),
    (r"rpn_cls\.weight$", 0.5),
]


def save_file(tensors, path, metadata):
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, t in tensors.items():
        blob = t.detach().float().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def fnv(name):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h


def u01(name, n):
    x = (np.arange(n, dtype=np.uint64) + fnv(name)) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> 16
    return x.astype(np.float64) / 2**32


def sgn(name, shape, scale=1.0, shift=0.0):
    n = int(np.prod(shape))
    return torch.from_numpy(((2 * u01(name, n) - 1) * scale + shift).astype(np.float32).reshape(shape))


# small models only: scores that saturate would tie
EXTRA = [(r"rpn_cls\.weight$", 0.04), (r"fc_cls\.weight$", 0.05), (r"conv_logits\.weight$", 0.05), (r"neck.*conv\.weight$", 0.5)]


def pvalue(name, shape, extra=()):
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith("running_mean"):
        return sgn(name, shape, 0.1)
    if name.endswith("running_var"):
        return torch.from_numpy((1 + 0.5 * u01(name, int(np.prod(shape)))).astype(np.float32).reshape(shape))
    if len(shape) >= 2:
        scale = math.sqrt(6 / float(np.prod(shape[1:])))
        for pattern, factor in [*RULES, *extra]:
            if re.search(pattern, name):
                scale *= factor
        return sgn(name, shape, scale)
    if name.endswith("bn3.weight"):
        return sgn(name, shape, 0.03, 0.3)
    if name.endswith(".weight"):
        return sgn(name, shape, 0.1, 1)
    return sgn(name, shape, 0.1)


def fill(module, extra=()):
    state = module.state_dict()
    module.load_state_dict({k: pvalue(k, tuple(v.shape), extra) for k, v in state.items()})
    return module


def shapes(module):
    return {k: list(v.shape) for k, v in module.state_dict().items()}


# FCNMaskHead
tensors, meta = {}, {}
small = dict(num_convs=1, in_channels=4, conv_out_channels=6, num_classes=3)
cases = {
    "deconv3": dict(small, upsample_cfg=dict(type="deconv", scale_factor=3)),
    "nearest": dict(small, upsample_cfg=dict(type="nearest", scale_factor=2)),
    "bilinear": dict(small, upsample_cfg=dict(type="bilinear", scale_factor=2)),
    "none": dict(small, upsample_cfg=dict(type=None)),
    "agnostic": dict(small, class_agnostic=True, num_convs=0),
    "kernel1_gn": dict(small, conv_kernel_size=1, norm_cfg=dict(type="GN", num_groups=2)),
    "normed": dict(small, predictor_cfg=dict(type="NormedConv2d", tempearture=10)),
}
labels = torch.tensor([2, 0, 1])
for name, cfg in cases.items():
    head = fill(MODELS.build(dict(type="FCNMaskHead", **copy.deepcopy(cfg))))
    x = sgn("x", (3, 4, 6, 5)).requires_grad_()
    logits = head(x)
    target = (sgn("target", (3, *logits.shape[2:])) > 0).float()
    loss = head.loss_mask(logits, target, torch.zeros_like(labels) if cfg.get("class_agnostic") else labels)
    loss.sum().backward()
    tensors[f"{name}.logits"] = logits.detach()
    tensors[f"{name}.loss"] = loss.detach().reshape(1)
    tensors[f"{name}.grad_x"] = x.grad
    tensors[f"{name}.grad_norms"] = torch.stack([p.grad.norm() for p in head.parameters()])
    meta[f"{name}.params"] = json.dumps(shapes(head))
meta["cases"] = json.dumps(cases)
save_file({k: v.contiguous() for k, v in tensors.items()}, HERE / "mask_heads.safetensors", metadata=meta)

# extractors and shared head
tensors, meta = {}, {}
rois = torch.tensor([[0, 3, 4, 30, 25.5], [1, 10, 2, 60, 44], [0, 20.25, 10, 40, 47], [1, 0, 0, 9, 9]])
layer = dict(type="RoIAlign", output_size=5, sampling_ratio=0)
conv = lambda i, o, k: dict(type="ConvModule", in_channels=i, out_channels=o, kernel_size=k, padding=k // 2, inplace=False)
cases = {
    "sum": dict(aggregation="sum", roi_layer=layer, out_channels=4, featmap_strides=[4, 8]),
    "sum_pre_post": dict(aggregation="sum", roi_layer=layer, out_channels=4, featmap_strides=[4, 8], pre_cfg=conv(4, 4, 3), post_cfg=conv(4, 4, 1)),
    "concat": dict(aggregation="concat", roi_layer=layer, out_channels=8, featmap_strides=[4, 8]),
    "one": dict(aggregation="sum", roi_layer=layer, out_channels=4, featmap_strides=[8], post_cfg=conv(4, 4, 1)),
}
for name, cfg in cases.items():
    module = fill(MODELS.build(dict(type="GenericRoIExtractor", **copy.deepcopy(cfg))))
    feats = [sgn(f"feat{s}", (2, 4, 48 // s, 64 // s)).requires_grad_() for s in cfg["featmap_strides"]]
    out = module(tuple(feats), rois)
    (out * sgn("g", out.shape)).sum().backward()
    tensors[f"{name}.out"] = out.detach()
    for i, f in enumerate(feats):
        tensors[f"{name}.grad{i}"] = f.grad
    meta[f"{name}.params"] = json.dumps(shapes(module))
meta["cases"] = json.dumps(cases)
save_file({k: v.contiguous() for k, v in tensors.items()}, HERE / "roi_parts.safetensors", metadata=meta)

# whole models: ResNet-18 with few channels, FPN of 16
H, W = 96, 128


def image():
    y, x = np.mgrid[:H, :W]
    b = (3 * x + 5 * y) % 256
    g = ((x * x) // 7 + 11 * y) % 256
    r = ((x // 16 + y // 16) % 2) * 160 + (x * y) % 96
    return torch.from_numpy(np.stack([b, g, r]).astype(np.uint8))


TRUTHS = [
    dict(bboxes=[[10, 12, 70, 80], [60, 30, 120, 90], [80, 5, 112, 37]], labels=[0, 2, 1]),
    dict(bboxes=[[20, 20, 60, 52]], labels=[1]),
]
PROPOSALS = [[[8, 10, 66, 84], [12, 20, 80, 70], [58, 33, 118, 95], [84, 2, 120, 40], [0, 0, 40, 40], [30, 50, 60, 90]], [[22, 18, 66, 50], [70, 60, 120, 90]]]


def outline(box):
    x1, y1, x2, y2 = box
    return [x1, (y1 + y2) / 2, (x1 + x2) / 2, y1, x2, (y1 + y2) / 2, x2 - 2.5, y2, x1 + 3.5, y2 - 4.5]


def sample(i, masks):
    truth = TRUTHS[i]
    s = DetDataSample(metainfo=dict(img_id=i, img_shape=(H, W), ori_shape=(H * 2, W), pad_shape=(H, W), scale_factor=(1.0, 0.5), batch_input_shape=(H, W)))
    s.gt_instances = InstanceData(bboxes=torch.tensor(truth["bboxes"]).float(), labels=torch.tensor(truth["labels"]))
    s.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    if masks:
        rles = [coco.merge(coco.frPyObjects([outline(b)], H, W)) for b in truth["bboxes"]]
        s.gt_instances.masks = BitmapMasks([coco.decode(r) for r in rles], H, W)
    s.proposals = InstanceData(bboxes=torch.tensor(PROPOSALS[i]).float(), scores=torch.ones(len(PROPOSALS[i])))
    return s


pre = dict(type="DetDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_mask=True, pad_size_divisor=32)
backbone = dict(type="ResNet", depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=1, norm_eval=True)
neck = dict(type="FPN", in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5)
rpn_head = dict(type="RPNHead", in_channels=16, feat_channels=16,
    anchor_generator=dict(type="AnchorGenerator", scales=[4], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]),
    loss_cls=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0), loss_bbox=dict(type="L1Loss", loss_weight=1.0))
extractor = lambda n: dict(type="SingleRoIExtractor", roi_layer=dict(type="RoIAlign", output_size=n, sampling_ratio=0), out_channels=16, featmap_strides=[4, 8, 16, 32])
bbox_head = lambda **k: dict(type="Shared2FCBBoxHead", in_channels=16, fc_out_channels=24, roi_feat_size=5, num_classes=3, loss_bbox=dict(type="L1Loss", loss_weight=1.0), **k)
mask_head = dict(type="FCNMaskHead", num_convs=2, in_channels=16, conv_out_channels=12, num_classes=3)
everything = dict(type="RandomSampler", num=1000000, pos_fraction=1, neg_pos_ub=-1, add_gt_as_proposals=True)
assigner = lambda t: dict(type="MaxIoUAssigner", pos_iou_thr=t, neg_iou_thr=t, min_pos_iou=t, match_low_quality=False, ignore_iof_thr=-1)
rcnn = lambda t=0.5, **k: dict(assigner=assigner(t), sampler=everything, mask_size=14, pos_weight=-1, debug=False, **k)
rpn_cfg = dict(assigner=dict(type="MaxIoUAssigner", pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3, match_low_quality=True, ignore_iof_thr=-1),
    sampler=dict(type="RandomSampler", num=1000000, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False), allowed_border=0, pos_weight=-1, debug=False)
proposal = dict(nms_pre=200, max_per_img=60, nms=dict(type="nms", iou_threshold=0.7), min_bbox_size=0)
test_rcnn = dict(score_thr=0.05, nms=dict(type="nms", iou_threshold=0.5), max_per_img=20, mask_thr_binary=0.5)


def two_stage(type_, roi_head, rcnn_cfg, test=test_rcnn):
    return dict(type=type_, data_preprocessor=pre, backbone=backbone, neck=neck, rpn_head=rpn_head, roi_head=roi_head,
        train_cfg=dict(rpn=rpn_cfg, rpn_proposal=proposal, rcnn=rcnn_cfg), test_cfg=dict(rpn=proposal, rcnn=test))


std = lambda **k: dict(type="StandardRoIHead", bbox_roi_extractor=extractor(5), bbox_head=bbox_head(), **k)
stds = [[0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1]]
coder = lambda i: dict(type="DeltaXYWHBBoxCoder", target_means=[0.0, 0.0, 0.0, 0.0], target_stds=stds[i])
cascade = lambda agnostic, **k: dict(type="CascadeRoIHead", num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=extractor(5),
    bbox_head=[bbox_head(reg_class_agnostic=agnostic, bbox_coder=coder(i)) for i in range(2)], **k)
masks = dict(mask_roi_extractor=extractor(7), mask_head=mask_head)
c4_backbone = dict(type="ResNet", depth=18, num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(2,), frozen_stages=1, norm_eval=True)
c4 = dict(type="MaskRCNN", data_preprocessor=pre, backbone=c4_backbone,
    rpn_head=dict(rpn_head, in_channels=256, anchor_generator=dict(type="AnchorGenerator", scales=[2, 4], ratios=[0.5, 1.0, 2.0], strides=[16])),
    roi_head=dict(type="StandardRoIHead", shared_head=dict(type="ResLayer", depth=18, stage=3, stride=2, norm_cfg=dict(type="BN", requires_grad=True), norm_eval=True),
        bbox_roi_extractor=dict(type="SingleRoIExtractor", roi_layer=dict(type="RoIAlign", output_size=6, sampling_ratio=0), out_channels=256, featmap_strides=[16]),
        bbox_head=dict(type="BBoxHead", with_avg_pool=True, roi_feat_size=3, in_channels=512, num_classes=3),
        mask_roi_extractor=None,
        mask_head=dict(type="FCNMaskHead", num_convs=0, in_channels=512, conv_out_channels=8, num_classes=3)),
    train_cfg=dict(rpn=rpn_cfg, rpn_proposal=proposal, rcnn=dict(rcnn(), mask_size=6)), test_cfg=dict(rpn=proposal, rcnn=test_rcnn))
models = {
    "mask": two_stage("MaskRCNN", std(**masks), rcnn()),
    "mask_soft": two_stage("MaskRCNN", std(**masks), rcnn(soft_mask_target=True)),
    "cascade": two_stage("CascadeRCNN", cascade(True), [rcnn(0.5), rcnn(0.6)]),
    "cascade_mask": two_stage("CascadeRCNN", cascade(False, **masks), [rcnn(0.5), rcnn(0.6)]),
    "decoded": two_stage("FasterRCNN", dict(std(), bbox_head=dict(bbox_head(reg_decoded_bbox=True), loss_bbox=dict(type="L1Loss", loss_weight=0.01))), rcnn()),
    "ohem": two_stage("FasterRCNN", std(), dict(rcnn(), sampler=dict(type="OHEMSampler", num=24, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True))),
    "generic": two_stage("FasterRCNN", dict(std(), bbox_roi_extractor=dict(type="GenericRoIExtractor", aggregation="sum", roi_layer=dict(type="RoIAlign", output_size=5, sampling_ratio=2), out_channels=16, featmap_strides=[4, 8, 16, 32], pre_cfg=conv(16, 16, 3))), rcnn()),
    "rpn": dict(type="RPN", data_preprocessor=pre, backbone=backbone, neck=neck, rpn_head=rpn_head, train_cfg=dict(rpn=rpn_cfg), test_cfg=dict(rpn=proposal)),
    "fast": dict(type="FastRCNN", data_preprocessor=pre, backbone=backbone, neck=neck, roi_head=std(), train_cfg=dict(rcnn=rcnn()), test_cfg=dict(rcnn=test_rcnn)),
    "c4": c4,
    "fcos_rpn": dict(two_stage("FasterRCNN", std(), rcnn()), rpn_head=dict(type="FCOSHead", num_classes=1, in_channels=16, feat_channels=16,
        stacked_convs=1, strides=[4, 8, 16, 32, 64], norm_cfg=dict(type="GN", num_groups=4, requires_grad=True))),
}
result = {"extra_rules": EXTRA, "truths": TRUTHS, "proposals": PROPOSALS, "outlines": [[outline(b) for b in t["bboxes"]] for t in TRUTHS], "models": {}}
for name, cfg in models.items():
    torch.manual_seed(0)
    model = fill(MODELS.build(ConfigDict(copy.deepcopy(cfg))), EXTRA)
    with_masks = "mask_head" in str(cfg)
    model.train()
    data = model.data_preprocessor(dict(inputs=[image(), image().flip(1)], data_samples=[sample(i, with_masks) for i in range(2)]), True)
    for s in data["data_samples"]:  # what the preprocessor rewrites
        s.set_metainfo(dict(scale_factor=(1.0, 0.5), ori_shape=(H * 2, W)))
    if name not in ("fast",):
        for s in data["data_samples"]:
            del s.proposals
    losses = model.loss(data["inputs"], copy.deepcopy(data["data_samples"]))
    total, logged = model.parse_losses(losses)
    total.backward()
    norms = {k: float(p.grad.norm()) for k, p in model.named_parameters() if p.requires_grad and p.grad is not None}
    model.eval()
    with torch.no_grad():
        found = model.predict(data["inputs"], copy.deepcopy(data["data_samples"]), rescale=True)
    detections = []
    for s in found:
        p = s.pred_instances
        d = dict(bboxes=[[round(v, 4) for v in b] for b in p.bboxes.tolist()], scores=[round(v, 6) for v in p.scores.tolist()], labels=p.labels.tolist())
        if "masks" in p:
            d["masks"] = [coco.encode(np.asfortranarray(m.numpy().astype(np.uint8)))["counts"].decode() for m in p.masks]
            d["mask_size"] = list(p.masks.shape[1:])
        detections.append(d)
    result["models"][name] = dict(config=cfg, params=[[k, list(v.shape)] for k, v in model.state_dict().items()],
        losses={k: float(v) for k, v in logged.items()}, grad_norms=norms, detections=detections)
    print(name, {k: round(float(v), 4) for k, v in logged.items()}, [len(d["scores"]) for d in detections])


def rounded(v):
    if isinstance(v, float):
        return float(f"{v:.8g}")
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [rounded(x) for x in v]
    return v


(HERE / "two_stage_small.json").write_text(json.dumps(rounded(result), separators=(",", ":")) + "\n")
for f in ("mask_heads.safetensors", "roi_parts.safetensors", "two_stage_small.json"):
    print(f, (HERE / f).stat().st_size)

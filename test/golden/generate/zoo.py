"""Small whole models of many families, against which test/models/detectors.test.ts compares ours: names and shapes of the state
dict, losses, gradient norms and detections. Writes ../zoo_<family>.json for the families named, or all.

Weights by the formulas of ../README.md with `extra_rules`; two images (the formula image, and the same upside down), their boxes
and outlines as in two_stage.py. Needs mmdet 3.3.0, mmengine 0.10.7, mmcv 2.1.0 with its operators for the CPU, pycocotools.
yolox_pose needs mmpose 1.3.2 with xtcocotools, json_tricks, munkres, and is run beside mmyolo's folder `configs` (mmyolo/.mim).
PAA needs scikit-learn 1.5.2, distilled mmrazor 1.0.0 (mmrazor_reference.py), rtmdet_r MMRotate (mmrotate_reference.py), ConvNeXt mmpretrain 1.2.0, BoxInst scikit-image 0.24.0. Run: python zoo.py [family ...]
"""
import copy
import json
import re
import sys

if any('rtmdet_r' in family for family in sys.argv[1:]):  # before mmyolo
    import mmrotate_reference  # noqa: F401

import numpy as np
import torch
from mmcv.ops import MaskedConv2d
from mmdet.models.dense_heads import GuidedAnchorHead
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine import MessageHub
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData, PixelData
from pycocotools import mask as coco

from deform_roi_pool import deform_roi_pool
import rfcn_reference  # noqa: F401, registers it
import rtdetr_reference  # noqa: F401, registers it
from heads_single import MODELS, OUT, YOLO_MODELS, DefaultScope, pvalue
from zoo_families import FAMILIES, RULES
from zoo_mask_families import MASK_FAMILIES
from zoo_panoptic_families import PANOPTIC_FAMILIES
from zoo_query_families import QUERY_FAMILIES
from zoo_rare_families import RARE_FAMILIES
from zoo_roi_families import ROI_FAMILIES
from zoo_small_families import SMALL_FAMILIES
from zoo_yolov4_family import YOLOV4_FAMILIES
from zoo_yolo_families import FAMILIES as YOLO_FAMILIES

FAMILIES = {**FAMILIES, **YOLO_FAMILIES, **ROI_FAMILIES, **MASK_FAMILIES, **PANOPTIC_FAMILIES, **SMALL_FAMILIES, **QUERY_FAMILIES, **YOLOV4_FAMILIES, **RARE_FAMILIES}
if any('rtmdet_r' in family for family in sys.argv[1:]):
    from zoo_rotated_families import ROTATED_FAMILIES
    FAMILIES.update(ROTATED_FAMILIES)
if set(sys.argv[1:]) & {'grounding_dino', 'glip'}:  # these need more packages
    from zoo_text_families import TEXT_FAMILIES
    FAMILIES.update(TEXT_FAMILIES)
if set(sys.argv[1:]) & {'distilled', 'distilled_slow'}:  # needs mmrazor
    from zoo_distilled_families import DISTILLED_FAMILIES, MODELS as RAZOR_MODELS
    FAMILIES.update(DISTILLED_FAMILIES)

# of one image alone, and not on a CPU; what it leaves out is dropped afterwards
MaskedConv2d.forward = lambda self, x, mask=None: torch.nn.Conv2d.forward(self, x)
# of GPUs alone
sys.modules['mmcv.ops.deform_roi_pool'].deform_roi_pool = deform_roi_pool
# label 0 is the class, 1 the background: see src/models/dense-heads/guided-anchors.ts
loss_loc = GuidedAnchorHead.loss_loc_single
GuidedAnchorHead.loss_loc_single = lambda self, pred, target, *rest, **more: loss_loc(self, pred, 1 - target, *rest, **more)

H, W = 96, 128
TRUTHS = [
    dict(bboxes=[[10, 12, 70, 80], [60, 30, 120, 90], [80, 5, 112, 37]], labels=[0, 2, 1]),
    dict(bboxes=[[20, 20, 60, 52]], labels=[1]),
]


def image():
    y, x = np.mgrid[:H, :W]
    b = (3 * x + 5 * y) % 256
    g = ((x * x) // 7 + 11 * y) % 256
    r = ((x // 16 + y // 16) % 2) * 160 + (x * y) % 96
    return torch.from_numpy(np.stack([b, g, r]).astype(np.uint8))


def outline(box):
    x1, y1, x2, y2 = box
    return [x1, (y1 + y2) / 2, (x1 + x2) / 2, y1, x2, (y1 + y2) / 2, x2 - 2.5, y2, x1 + 3.5, y2 - 4.5]


def keypoints(box, count=17):
    """x, y and visibility of each, as check-small-model.ts has them."""
    x1, y1, x2, y2 = box
    return [[x1 + (x2 - x1) * ((k * 0.618 + 0.1) % 1), y1 + (y2 - y1) * ((k * 0.414 + 0.2) % 1), float(k % 3 > 0)] for k in range(count)]


def sample(i, ignored=(), labels=None, semantic=True, sizes=()):
    truth = TRUTHS[i]
    h, w = sizes[i] if sizes else (H, W)
    s = DetDataSample(metainfo=dict(img_id=i, img_shape=(h, w), ori_shape=(h * 2, w), pad_shape=(h, w),
                                    scale_factor=(1.0, 0.5), batch_input_shape=(H, W), border=[0, 0, 0, 0]))
    rles = [coco.merge(coco.frPyObjects([outline(b)], h, w)) for b in truth['bboxes']]
    s.gt_instances = InstanceData(bboxes=torch.tensor(truth['bboxes']).float(), labels=torch.tensor(truth['labels']) if labels is None else torch.full((len(truth['labels']),), labels),
                                  masks=BitmapMasks([coco.decode(r) for r in rles], h, w))
    points = torch.tensor([keypoints(b) for b in truth['bboxes']])
    s.gt_instances.keypoints, s.gt_instances.keypoints_visible = points[..., :2], points[..., 2]
    y, x = np.mgrid[:h, :w]
    classes = (x // 16 + y // 16 + i) % 5
    if semantic:
        s.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(np.where(classes == 4, 255, classes))[None])
    regions = list(ignored) if i == 0 else []
    s.ignored_instances = InstanceData(bboxes=torch.tensor(regions).float().reshape(-1, 4), labels=torch.zeros(len(regions)).long())
    return s


def filled(state, rules):
    values = {k: torch.from_numpy(np.asarray(pvalue(k, tuple(v.shape), rules))) for k, v in state.items()}
    # 1-D weights of a third norm of a block are small, see ../README.md
    small = {k: 0.3 + 0.3 * (v - 1) for k, v in values.items() if k.endswith('bn3.weight')}
    # integers that are no weights follow from the shape, as Swin's relative_position_index: the formula's fractions would all become zero
    kept = {k: v for k, v in state.items() if not v.is_floating_point() and not k.endswith('num_batches_tracked')}
    return {k: v if v.shape or v.dtype != torch.float64 else v.float() for k, v in {**values, **small, **kept}.items()}


def rounded(v):
    if isinstance(v, float):
        return float(f'{v:.7g}')
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    return [rounded(x) for x in v] if isinstance(v, (list, tuple)) else v


class Golden:
    """Numbers i * golden ratio mod 1 in place of random ones, as check-small-model.ts has them too."""
    def __init__(self):
        self.i = 0

    def uniform(self, count, low=0.0, high=1.0):
        values = [low + (high - low) * ((k * 0.6180339887498949) % 1) for k in range(self.i, self.i + count)]
        self.i += count
        return torch.tensor(values, dtype=torch.float64).float()


def with_golden(compute):
    numbers, kept = Golden(), (torch.rand, torch.randperm, torch.Tensor.uniform_, torch.rand_like, torch.randint_like)
    torch.rand_like = lambda x, **_: numbers.uniform(x.numel()).view(x.shape)
    torch.randint_like = lambda x, low=0, high=2, **_: (numbers.uniform(x.numel(), low, high).floor()).view(x.shape).to(x.dtype)
    torch.randint_like = lambda x, low, high, **_: (low + (numbers.uniform(x.numel()) * (high - low)).floor()).view(x.shape).to(x.dtype)
    torch.rand = lambda *shape, **_: numbers.uniform(int(np.prod(shape))).view(*shape)
    torch.randperm = lambda n, **_: torch.arange(n)
    torch.Tensor.uniform_ = lambda self, low, high: self.copy_(numbers.uniform(self.numel(), low, high).view(self.shape))
    try:
        return compute()
    finally:
        torch.rand, torch.randperm, torch.Tensor.uniform_, torch.rand_like, torch.randint_like = kept


def segments_of(ids, cfg):
    """[label, mask] of each segment of a map of label + 1000 * instance."""
    numbers = cfg['panoptic_fusion_head']
    void = numbers['num_things_classes'] + numbers['num_stuff_classes']
    return [[int(i) % 1000, coco.encode(np.asfortranarray((ids == i).astype(np.uint8)))['counts'].decode()]
            for i in np.unique(ids) if i % 1000 != void]


def training_samples(cfg, samples):
    """MMYOLO's YOLOX reads boxes as its collate function joins them."""
    kind = cfg.get('bbox_head', {}).get('type')
    if kind not in ('mmyolo.YOLOXHead', 'YOLOv5InsHead', 'YOLOXPoseHead'):
        return samples
    rows = [torch.cat([torch.full((len(s.gt_instances), 1), float(i)), s.gt_instances.labels[:, None].float(), s.gt_instances.bboxes], 1)
            for i, s in enumerate(samples)]
    masks = {}
    if kind == 'YOLOXPoseHead':
        masks = {k: torch.cat([s.gt_instances[k] for s in samples]) for k in ('keypoints', 'keypoints_visible')}
    if kind == 'YOLOv5InsHead':
        bitmaps = [s.gt_instances.masks.to_tensor(torch.float32, 'cpu') for s in samples]
        # with mask_overlap the number of the smallest object, the objects being sorted by size
        joint = [(b * torch.arange(1, len(b) + 1)[:, None, None]).amax(0) for b in bitmaps]
        masks = dict(masks=torch.stack(joint) if cfg['bbox_head']['mask_overlap'] else torch.cat(bitmaps))
    return dict(bboxes_labels=torch.cat(rows), img_metas=[s.metainfo for s in samples], **masks)


def predicted_together(cfg, data):
    """All images at once, but names that are read in parts image by image."""
    inputs, samples = data['inputs'], copy.deepcopy(data['data_samples'])
    if (cfg.get('test_cfg') or {}).get('chunked_size', -1) <= 0:
        return [(inputs, samples)]
    return [(inputs[i:i + 1], samples[i:i + 1]) for i in range(len(samples))]


def predicted(model, inputs, samples):
    if hasattr(model, 'architecture'):  # of mmrazor
        model = model.architecture
    return model.predict(inputs, samples, rescale=True)


def built(cfg, models, rules, constants, prepare, iteration):
    """The model with its weights, and the names and shapes of its state."""
    MessageHub.get_current_instance().update_info('epoch', 0)
    MessageHub.get_current_instance().update_info('iter', iteration)
    torch.manual_seed(0)
    model = models.build(ConfigDict(copy.deepcopy(cfg)))
    state = filled(model.state_dict(), rules)
    for pattern, value in constants:
        state.update({k: torch.full_like(v, value) for k, v in state.items() if re.search(pattern, k)})
    model.load_state_dict(state)
    if prepare:
        prepare(model)
    if hasattr(model, 'teacher_model'):
        model.teacher_model.load_state_dict(filled(model.teacher_model.state_dict(), rules))
    # before DDQ's decoder takes branches of the head as its own
    params = [[k, list(v.shape)] for k, v in model.state_dict().items()]
    model.train()  # returns nothing in mmrazor
    return model, params


def batch(model, ignored, labels, semantic, texts, angles, sizes):
    images = [x[:, :h, :w] for x, (h, w) in zip([image(), image().flip(1)], sizes or [(H, W)] * 2)]
    data = model.data_preprocessor(dict(inputs=images, data_samples=[sample(i, ignored, labels, semantic, sizes) for i in range(2)]), True)
    for s in data['data_samples']:  # what the preprocessor rewrites
        s.set_metainfo(dict(scale_factor=(1.0, 0.5), ori_shape=(s.img_shape[0] * 2, s.img_shape[1])))
    for s, text in zip(data['data_samples'], texts):
        s.set_metainfo(dict(text=text, custom_entities=True))
    for s in data['data_samples'] if angles else ():
        b = s.gt_instances.bboxes
        s.gt_instances.bboxes = torch.cat([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2], torch.tensor(angles[:len(b)])[:, None]], 1)
        del s.gt_instances.masks
    return data


def trained(model, cfg, data, steps):
    """Losses, and norms of the gradients of what is trained."""
    losses = {}
    for _ in range(steps):  # what a model changes with its losses shows in those of the last pass
        losses = with_golden(lambda: model.loss(data['inputs'], training_samples(cfg, copy.deepcopy(data['data_samples']))))
    total, logged = model.parse_losses(losses)
    total.backward()
    norms = {k: 0.0 if p.grad is None else float(p.grad.norm()) for k, p in model.named_parameters() if p.requires_grad}
    return {k: float(v) for k, v in logged.items()}, norms


def run(name, model, **case):
    cfg = model
    if cfg['type'].startswith('mmrazor.'):
        with DefaultScope.overwrite_default_scope('mmrazor'):
            return run_in_scope(name, cfg, RAZOR_MODELS, **case)
    isYolo = cfg['type'].startswith('mmyolo.')
    with DefaultScope.overwrite_default_scope('mmyolo' if isYolo else 'mmdet'):
        return run_in_scope(name, cfg, YOLO_MODELS if isYolo else MODELS, **case)


def run_in_scope(name, cfg, models, rules=(), prepare=None, ignored=(), labels=None, steps=1, clip=False, constants=(), iteration=0,
                 semantic=True, texts=(), trains=True, angles=(), sizes=()):
    """constants: [pattern, value] of parameters that the formula does not fill; ignored: regions of the first image; labels: the class
    of all boxes, in place of TRUTHS'; semantic: whether samples have a semantic map; texts: of each image, names to be found; angles: of the boxes of an image, which are then rotated;
    sizes: [height, width] of each image, whose rest is cut off;
    trains: False for a head that only predicts"""
    rules = [*RULES, *rules]
    model, params = built(cfg, models, rules, constants, prepare, iteration)
    data = batch(model, ignored, labels, semantic, texts, angles, sizes)
    logged, norms = trained(model, cfg, data, steps) if trains else ({}, {})
    model.eval()
    with torch.no_grad():
        found = [s for part in predicted_together(cfg, data) for s in predicted(model, *part)]
    detections = []
    panoptic = [segments_of(s.pred_panoptic_seg.sem_seg[0].numpy(), cfg) for s in found if 'pred_panoptic_seg' in s]
    for s in found:
        if 'pred_instances' not in s:
            continue
        p = s.pred_instances
        if clip:  # GridHead clamps copies
            p.bboxes = torch.minimum(p.bboxes.clamp(min=0), torch.tensor([W, 2 * H, W, 2 * H]))
        d = dict(bboxes=[[round(v, 3) for v in b] for b in p.bboxes.tolist()], scores=[round(v, 6) for v in p.scores.tolist()],
                 labels=p.labels.tolist())
        if 'keypoints' in p:
            d['keypoints'] = [[round(v, 3) for point, score in zip(k, s) for v in (*point, score)] for k, s in zip(p.keypoints.tolist(), p.keypoint_scores.tolist())]
        if 'masks' in p:
            d['masks'] = [coco.encode(np.asfortranarray(m.numpy().astype(np.uint8)))['counts'].decode() for m in p.masks]
            d['mask_size'] = list(p.masks.shape[1:])
            if not p.bboxes.any():  # SOLO gives none
                rles = [coco.encode(np.asfortranarray(m.numpy().astype(np.uint8))) for m in p.masks]
                d['bboxes'] = [[x, y, x + w, y + h] for x, y, w, h in map(coco.toBbox, rles)]
        detections.append(d)
    print(name, {k: round(v, 4) for k, v in logged.items()}, [len(d['scores']) for d in detections],
          [round(min(d['scores'], default=0), 3) for d in detections], [round(max(d['scores'], default=0), 3) for d in detections])
    given = dict(ignored=ignored, label=labels, steps=steps, constants=constants, iteration=iteration, semantic=semantic, texts=texts, angles=angles, sizes=sizes)
    plain = dict(ignored=(), label=None, steps=1, constants=(), iteration=0, semantic=True, texts=(), angles=(), sizes=())
    return rounded(dict(config=cfg, extra_rules=rules, **{k: v for k, v in given.items() if v != plain[k]}, params=params,
                        losses=logged, grad_norms=norms, detections=detections,
                        **(dict(panoptic=panoptic) if panoptic else {})))


ONE, PAIR = TRUTHS[1], dict(bboxes=[[20, 20, 60, 52], [24, 22, 66, 60]], labels=[1, 1])


def family_of(name):
    """The cases of a family, and what it needs set up."""
    TRUTHS[1] = PAIR if name == 'crowd_det' else ONE  # CrowdDet fails on an image with one object
    if name == 'convnext':
        import mmpretrain.models.backbones.convnext  # noqa: F401, registers it
    return FAMILIES[name]


if __name__ == '__main__':
    for family in sys.argv[1:] or FAMILIES:
        models = {name: run(name, **case) for name, case in family_of(family).items()}
        path = OUT / f'zoo_{family}.json'
        path.write_text(json.dumps(dict(truths=TRUTHS, outlines=[[outline(b) for b in t['bboxes']] for t in TRUTHS], models=models),
                                   separators=(',', ':')) + '\n')
        print(path.name, path.stat().st_size)

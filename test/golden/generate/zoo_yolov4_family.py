"""YOLOv4, of which there is no reference in MMDetection: the network, the losses and the decoding by their formulas (Bochkovskiy et
al., 2020; darknet's yolov4.cfg and yolo layer) in plain torch, in double precision, as modules that zoo.py's detector is made of."""
import math

import torch
from mmdet.models.detectors import SingleStageDetector
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import nn
from torch.nn import functional as F


class Conv(nn.Module):
    """Convolution, norm and activation: Mish everywhere, since a kink makes gradients a matter of rounding."""

    def __init__(self, a, b, k, act, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(a, b, k, stride, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(b, eps=1e-5, momentum=0.1)
        self.act = act

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


mish = lambda x: x * torch.tanh(F.softplus(x))


class Residual(nn.Module):
    def __init__(self, c, hidden):
        super().__init__()
        self.conv1, self.conv2 = Conv(c, hidden, 1, mish), Conv(hidden, c, 3, mish)

    def forward(self, x):
        return x + self.conv2(self.conv1(x))


class Stage(nn.Module):
    def __init__(self, c, mid, hidden, n):
        super().__init__()
        self.short_conv, self.main_conv = Conv(c, mid, 1, mish), Conv(c, mid, 1, mish)
        self.blocks = nn.Sequential(*[Residual(mid, hidden) for _ in range(n)])
        self.transition, self.final_conv = Conv(mid, mid, 1, mish), Conv(2 * mid, c, 1, mish)

    def forward(self, x):
        return self.final_conv(torch.cat([self.transition(self.blocks(self.main_conv(x))), self.short_conv(x)], 1))


def widths(widen):
    return [math.ceil(c * widen / 8) * 8 for c in (32, 64, 128, 256, 512, 1024)]


@MODELS.register_module()
class CSPDarknet53(nn.Module):
    def __init__(self, deepen_factor=1, widen_factor=1, norm_eval=False, frozen_stages=-1):
        super().__init__()
        c = widths(widen_factor)
        self.stem = Conv(3, c[0], 3, mish)
        for i, n in enumerate((1, 2, 8, 8, 4)):
            half = c[i + 1] // 2
            blocks = n if n == 1 else max(round(n * deepen_factor), 1)
            self.add_module(f'stage{i + 1}', nn.Sequential(
                Conv(c[i], c[i + 1], 3, mish, 2), Stage(c[i + 1], c[i + 1] if i == 0 else half, half, blocks)))
        self.norm_eval, self.frozen_stages = norm_eval, frozen_stages

    def train(self, mode=True):
        super().train(mode)
        if mode and self.norm_eval:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()
        return self

    def forward(self, x):
        x = self.stem(x.double())
        outs = []
        for i in range(1, 6):
            x = getattr(self, f'stage{i}')(x)
            outs.append(x)
        return outs[2:]


class Turns(nn.Module):
    """1x1 and 3x3 convolutions in turn."""

    def __init__(self, a, c, n):
        super().__init__()
        for i in range(n):
            self.add_module(f'conv{i + 1}', Conv(a, c, 1, mish) if i % 2 == 0 else Conv(c, 2 * c, 3, mish))
            a = 2 * c

    def forward(self, x):
        for conv in self.children():
            x = conv(x)
        return x


class Pyramid(nn.Module):
    def __init__(self, a, c):
        super().__init__()
        self.before, self.after = Turns(a, c, 3), Turns(4 * c, c, 3)

    def forward(self, x):
        x = self.before(x)
        return self.after(torch.cat([F.max_pool2d(x, k, 1, k // 2) for k in (13, 9, 5)] + [x], 1))


@MODELS.register_module()
class YOLOV4Neck(nn.Module):
    def __init__(self, in_channels, act_cfg):
        super().__init__()
        a, c = in_channels, [n // 2 for n in in_channels]
        self.reduce_layers = nn.ModuleList([Conv(a[0], c[0], 1, mish), Conv(a[1], c[1], 1, mish), Pyramid(a[2], c[2])])
        self.upsample_layers = nn.ModuleList([Conv(c[2], c[1], 1, mish), Conv(c[1], c[0], 1, mish)])
        self.top_down_layers = nn.ModuleList([Turns(2 * c[1], c[1], 5), Turns(2 * c[0], c[0], 5)])
        self.downsample_layers = nn.ModuleList([Conv(c[0], c[1], 3, mish, 2), Conv(c[1], c[2], 3, mish, 2)])
        self.bottom_up_layers = nn.ModuleList([Turns(2 * c[1], c[1], 5), Turns(2 * c[2], c[2], 5)])

    def forward(self, x):
        p3, p4, p5 = [reduce(level) for reduce, level in zip(self.reduce_layers, x)]
        up = lambda i, x: self.upsample_layers[i](x).repeat_interleave(2, 2).repeat_interleave(2, 3)
        p4 = self.top_down_layers[0](torch.cat([p4, up(0, p5)], 1))
        n3 = self.top_down_layers[1](torch.cat([p3, up(1, p4)], 1))
        n4 = self.bottom_up_layers[0](torch.cat([self.downsample_layers[0](n3), p4], 1))
        n5 = self.bottom_up_layers[1](torch.cat([self.downsample_layers[1](n4), p5], 1))
        return n3, n4, n5


def iou(a, b, epsilon=0.0):
    """[..., 4] and [..., 4] that broadcast."""
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    area = lambda x: (x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1])
    overlap = sides.prod(-1)
    return overlap / (area(a) + area(b) - overlap + epsilon)


def ciou_loss(a, b, eps=1e-6):
    overlap = iou(a, b, eps)
    size = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    shift = (b[:, :2] + b[:, 2:] - a[:, :2] - a[:, 2:]) / 2
    ratio = lambda x: torch.atan((x[:, 2] - x[:, 0]) / (x[:, 3] - x[:, 1] + eps))
    v = 4 / math.pi**2 * (ratio(b) - ratio(a)) ** 2
    alpha = (v / (1 - overlap + v + eps)).detach()
    return 1 - (overlap - (shift**2).sum(1) / ((size**2).sum(1) + eps) - alpha * v)


@MODELS.register_module()
class YOLOV4Head(nn.Module):
    def __init__(self, num_classes, in_channels, anchor_generator, label_smooth_eps=0, scale_x_y=(1.2, 1.1, 1.05), out_channels=None,
                 act_cfg=None, train_cfg=None, test_cfg=None):
        super().__init__()
        self.classes, self.smooth, self.scales = num_classes, label_smooth_eps, scale_x_y
        self.train_cfg, self.test_cfg = train_cfg, test_cfg
        self.shapes, self.strides = [torch.tensor(s).double() for s in anchor_generator['base_sizes']], anchor_generator['strides']
        self.convs_bridge = nn.ModuleList([Conv(c, o, 3, mish) for c, o in zip(in_channels, out_channels)])
        self.convs_pred = nn.ModuleList([nn.Conv2d(o, 3 * (5 + num_classes), 1) for o in out_channels])

    def forward(self, features):
        """Predictions of each level [N, H, W, 3, 5 + C]."""
        maps = [pred(bridge(x)) for x, bridge, pred in zip(features, self.convs_bridge, self.convs_pred)]
        return [m.permute(0, 2, 3, 1).reshape(m.shape[0], *m.shape[2:], 3, -1) for m in maps]

    def boxes(self, level, p):
        """b_x = s sigma(t_x) - (s - 1) / 2 + c_x, b_w = p_w exp(t_w), as corners in pixels."""
        h, w = p.shape[1:3]
        s = self.scales[level]
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
        cell = torch.stack([x, y], -1)[None, :, :, None]
        center = (s * torch.sigmoid(p[..., :2]) - (s - 1) / 2 + cell) * self.strides[level]
        half = self.shapes[level] * torch.exp(p[..., 2:4]) / 2
        return torch.cat([center - half, center + half], -1)

    def loss(self, features, samples):
        maps, rules = self(features), self.train_cfg['assigner']
        decoded = [self.boxes(level, p) for level, p in enumerate(maps)]
        conf = cls = box = 0
        for n, sample in enumerate(samples):
            truths, labels = sample.gt_instances.bboxes.double(), sample.gt_instances.labels
            owners = {}  # (level, row, column, anchor) -> (overlap of shapes, truth)
            for t, truth in enumerate(truths):
                size = truth[2:] - truth[:2]
                near = []
                for level, shapes in enumerate(self.shapes):
                    j, i = [int(v // self.strides[level]) for v in (truth[:2] + truth[2:]) / 2]
                    for k, shape in enumerate(shapes):
                        common = torch.minimum(shape, size).prod()
                        near.append((float(common / (shape.prod() + size.prod() - common)), (level, i, j, k)))
                best = max(near, key=lambda one: one[0])
                for overlap, place in [best] + [one for one in near if one[0] > rules['iou_thresh']]:
                    if place not in owners or owners[place][0] < overlap:
                        owners[place] = (overlap, t)
            for level, p in enumerate(maps):
                ignored = (iou(decoded[level][n].detach()[..., None, :], truths) > rules['ignore_thresh']).any(-1)
                target, weight = torch.zeros_like(p[n, ..., 4]), (~ignored).double()
                for (of, *place), _ in owners.items():
                    if of == level:
                        target[tuple(place)] = weight[tuple(place)] = 1
                q = torch.sigmoid(p[n, ..., 4])
                conf = conf - (weight * (target * torch.log(q) + (1 - target) * torch.log(1 - q))).sum()
            for (level, *place), (_, t) in owners.items():
                row = maps[level][(n, *place)]
                q = torch.sigmoid(row[5:])
                y = torch.eye(self.classes, dtype=torch.float64)[labels[t]] * (1 - self.smooth) + self.smooth / 2
                cls = cls - (y * torch.log(q) + (1 - y) * torch.log(1 - q)).sum()
                box = box + 0.07 * ciou_loss(decoded[level][(n, *place)][None], truths[t][None])[0]
        count = len(samples)
        return dict(loss_cls=cls / count, loss_conf=conf / count, loss_bbox=box / count)

    def predict(self, features, samples, rescale=True):
        maps, cfg = self(features), self.test_cfg
        results = []
        for n, sample in enumerate(samples):
            rows = torch.cat([p[n].reshape(-1, 5 + self.classes) for p in maps])
            boxes = torch.cat([self.boxes(level, p)[n].reshape(-1, 4) for level, p in enumerate(maps)])
            boxes = boxes / torch.tensor(sample.scale_factor).double().repeat(2)
            objects, scores = torch.sigmoid(rows[:, 4]), torch.sigmoid(rows[:, 5:])
            pairs = [(float(scores[i, c]), i, c) for i, c in (scores > cfg['score_thr']).nonzero().tolist() if objects[i] >= cfg['conf_thr']]
            pairs = sorted(pairs, reverse=True)[:cfg['nms_pre']]
            found = sorted([(s * float(objects[i]), i, c) for s, i, c in pairs], reverse=True)
            kept = []
            for s, i, c in found:
                if all(c != d or iou(boxes[i], boxes[j]) <= cfg['nms']['iou_threshold'] for _, j, d in kept):
                    kept.append((s, i, c))
            kept = kept[:cfg['max_per_img']]
            results.append(InstanceData(bboxes=boxes[[i for _, i, _ in kept]], scores=torch.tensor([s for s, *_ in kept]).double(),
                                        labels=torch.tensor([c for *_, c in kept])))
        return results


@MODELS.register_module()
class YOLOV4(SingleStageDetector):
    pass


pre = dict(type='DetDataPreprocessor', mean=[0., 0., 0.], std=[255., 255., 255.], bgr_to_rgb=True, pad_size_divisor=32)
channels, act = widths(0.125)[3:], dict(type='Mish')
head = dict(type='YOLOV4Head', num_classes=3, in_channels=[c // 2 for c in channels], out_channels=channels, act_cfg=act,
            anchor_generator=dict(type='YOLOAnchorGenerator', strides=[8, 16, 32],
                                  base_sizes=[[(12, 16), (19, 36), (40, 28)], [(36, 75), (76, 55), (72, 146)], [(142, 110), (192, 243), (459, 401)]]))
test = dict(nms_pre=60, score_thr=0.05, conf_thr=0.005, nms=dict(type='nms', iou_threshold=0.45), max_per_img=20)


def yolov4(assigner, **more):
    backbone = dict(type='CSPDarknet53', deepen_factor=0.125, widen_factor=0.125, norm_eval=True)
    return dict(type='YOLOV4', data_preprocessor=pre, backbone=backbone, neck=dict(type='YOLOV4Neck', in_channels=channels, act_cfg=act),
                bbox_head=dict(head, **more), train_cfg=dict(assigner=dict(type='AnchorShapeAssigner', **assigner)), test_cfg=test)


rules = [(r'convs_pred.*\.weight$', 0.3)]
constants = [[r'backbone.*running_var$', 0.2], [r'backbone.*bn.bias$', -0.3]]  # what reaches the neck varies more than it rounds
YOLOV4_FAMILIES = dict(yolov4=dict(
    # several anchors for an object, predictions that are left alone
    several=dict(model=yolov4(dict(iou_thresh=0.213, ignore_thresh=0.3), label_smooth_eps=0.1), rules=rules, constants=constants, prepare=lambda model: model.double()),
    # as YOLOv3: the best anchor alone
    best=dict(model=yolov4(dict(iou_thresh=1.0, ignore_thresh=0.5), scale_x_y=(1.0, 1.0, 1.0)), rules=rules, constants=constants, prepare=lambda model: model.double()),
))

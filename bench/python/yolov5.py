"""YOLOv5-s as MMYOLO builds it (widths 0.5, depths 0.33), in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import class_wise
from yolov8 import SPPF, STRIDES, Conv, ciou

# width and height by level, in pixels
ANCHORS = torch.tensor([[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]], [[116, 90], [156, 198], [373, 326]]]).float()
LEVEL_WEIGHTS = (4.0, 1.0, 0.4)
DIRECTIONS = torch.tensor([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]]).float() * 0.5


class Stem(Conv):
    def __init__(self, planes):
        super().__init__(3, planes, 6, 2)
        self.conv.padding = (2, 2)


class Bottleneck(nn.Module):
    def __init__(self, planes, add):
        super().__init__()
        self.conv1, self.conv2, self.add = Conv(planes, planes), Conv(planes, planes, 3), add

    def forward(self, x):
        y = self.conv2(self.conv1(x))
        return x + y if self.add else y


class CSPLayer(nn.Module):
    """Half of the channels goes through the blocks, half around them."""

    def __init__(self, inplanes, planes, blocks, add):
        super().__init__()
        middle = planes // 2
        self.main_conv, self.short_conv = Conv(inplanes, middle), Conv(inplanes, middle)
        self.blocks = nn.Sequential(*(Bottleneck(middle, add) for _ in range(blocks)))
        self.final_conv = Conv(planes, planes)

    def forward(self, x):
        return self.final_conv(torch.cat([self.blocks(self.main_conv(x)), self.short_conv(x)], 1))


class YOLOv5(nn.Module):
    def __init__(self, classes=80):
        super().__init__()
        self.classes = classes
        self.stem = Stem(32)
        stage = lambda a, b, n: nn.Sequential(Conv(a, b, 3, 2), CSPLayer(b, b, n, True))
        self.stages = nn.ModuleList([stage(32, 64, 1), stage(64, 128, 2), stage(128, 256, 3), stage(256, 512, 1)])
        self.stages[3].append(SPPF(512))
        self.reduce = Conv(512, 256)
        self.top_down = nn.ModuleList([nn.Sequential(CSPLayer(512, 256, 1, False), Conv(256, 128)), CSPLayer(256, 128, 1, False)])
        self.downsample = nn.ModuleList([Conv(128, 128, 3, 2), Conv(256, 256, 3, 2)])
        self.bottom_up = nn.ModuleList([CSPLayer(256, 256, 1, False), CSPLayer(512, 512, 1, False)])
        self.preds = nn.ModuleList(nn.Conv2d(c, 3 * (5 + classes), 1) for c in (128, 256, 512))
        for conv, stride in zip(self.preds, STRIDES):
            bias = conv.bias.data.view(3, -1)
            bias[:, 4] += math.log(8 / (640 / stride) ** 2)
            bias[:, 5:] += math.log(0.6 / (classes - 0.999999))

    def forward(self, images):
        """Codes, objectness and classes of each level [N, 3, H, W, 5 + classes]."""
        x, c = self.stem(images), []
        for stage in self.stages:
            c.append(x := stage(x))
        _, c3, c4, c5 = c
        p5 = self.reduce(c5)
        p4 = self.top_down[0](torch.cat([F.interpolate(p5, scale_factor=2), c4], 1))
        p3 = self.top_down[1](torch.cat([F.interpolate(p4, scale_factor=2), c3], 1))
        n4 = self.bottom_up[0](torch.cat([self.downsample[0](p3), p4], 1))
        n5 = self.bottom_up[1](torch.cat([self.downsample[1](n4), p5], 1))
        maps = [conv(level) for conv, level in zip(self.preds, (p3, n4, n5))]
        return [m.view(len(m), 3, -1, *m.shape[2:]).permute(0, 1, 3, 4, 2) for m in maps]

    @staticmethod
    def match(boxes, anchors, width, height):
        """Anchors of the shape of boxes (center and size in cells [K, 4]), in the cells near their centers: anchor, box, cell."""
        ratio = boxes[None, :, 2:] / anchors[:, None]
        anchor, box = (torch.maximum(ratio, 1 / ratio).amax(2) < 4).nonzero(as_tuple=True)
        center = boxes[box, :2]
        rest = torch.tensor([width, height]) - center
        near = lambda x: (x % 1 < 0.5) & (x > 1)
        directions = torch.stack([torch.ones(len(box), dtype=torch.bool), *near(center).T, *near(rest).T])
        which, index = directions.nonzero(as_tuple=True)
        cell = (center[index] - DIRECTIONS[which]).long()
        return anchor[index], box[index], cell[:, 0].clamp(0, width - 1), cell[:, 1].clamp(0, height - 1)

    def loss(self, images, truths, labels):
        count = len(images)
        image = torch.cat([torch.full((len(t),), i) for i, t in enumerate(truths)])
        label, boxes = torch.cat(list(labels)), torch.cat(list(truths))
        losses = {name: images.new_zeros(()) for name in ('loss_cls', 'loss_obj', 'loss_bbox')}
        for map_, anchors, stride, weight in zip(self(images), ANCHORS, STRIDES, LEVEL_WEIGHTS):
            map_ = map_.float()
            height, width = map_.shape[2:4]
            cells = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1) / stride
            anchor, box, x, y = self.match(cells, anchors / stride, width, height)
            target = torch.zeros_like(map_[..., 4])
            if len(box):
                rows = map_[image[box], anchor, y, x]
                code = rows[:, :4].sigmoid()
                center = code[:, :2] * 2 - 0.5 + torch.stack([x, y], 1)
                size = (code[:, 2:] * 2) ** 2 * (anchors / stride)[anchor]
                corners = lambda c, s: torch.cat([c - s / 2, c + s / 2], 1)
                iou = ciou(corners(center, size), corners(cells[box, :2], cells[box, 2:]))
                losses['loss_bbox'] = losses['loss_bbox'] + 0.05 * count * (1 - iou).mean()
                target[image[box], anchor, y, x] = iou.detach().clamp(min=0)
                wanted = F.one_hot(label[box], self.classes).float()
                losses['loss_cls'] = losses['loss_cls'] + 0.5 * count * F.binary_cross_entropy_with_logits(rows[:, 5:], wanted)
            losses['loss_obj'] = losses['loss_obj'] + weight * count * F.binary_cross_entropy_with_logits(map_[..., 4], target)
        return losses

    @torch.no_grad()
    def predict(self, images):
        scores, boxes = [], []
        for map_, anchors, stride in zip(self(images), ANCHORS, STRIDES):
            p = map_.float().sigmoid()
            height, width = p.shape[2:4]
            y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
            center = (p[..., :2] * 2 - 0.5 + torch.stack([x, y], -1)) * stride
            half = (p[..., 2:4] * 2) ** 2 * anchors[:, None, None] / 2
            boxes.append(torch.cat([center - half, center + half], -1).flatten(1, 3))
            scores.append((p[..., 5:] * p[..., 4:5]).flatten(1, 3))
        scores, boxes = torch.cat(scores, 1), torch.cat(boxes, 1)
        results = []
        for confidence, own in zip(scores, boxes):
            prior, label = (confidence > 0.001).nonzero(as_tuple=True)
            value, order = confidence[prior, label].topk(min(30000, len(prior)))
            results.append(class_wise(own[prior[order]], value, label[order], 0.65, 300))
        return results

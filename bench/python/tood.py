"""TOOD R50-FPN (Feng et al., 2021), anchor-free as MMDetection's config, in its first epochs (assignment by ATSS), in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import class_wise, giou, grid_anchors, overlaps
from resnet import ResNet
from retinanet import STRIDES, RetinaFPN

LAYERS = 6


class OutputFPN(RetinaFPN):
    """P3 to P7, the last two by strided convolutions of what comes before them."""

    def __init__(self, in_channels, channels=256):
        super().__init__(in_channels, channels)
        self.extra_convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, 2, 1) for _ in range(2))

    def forward(self, features):
        laterals = [conv(x) for conv, x in zip(self.lateral_convs, features)]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=laterals[i - 1].shape[2:])
        outputs = [conv(x) for conv, x in zip(self.fpn_convs, laterals)]
        for conv in self.extra_convs:
            outputs.append(conv(outputs[-1]))
        return outputs


def normed(inplanes, planes, kernel):
    conv = nn.Conv2d(inplanes, planes, kernel, padding=kernel // 2, bias=False)
    nn.init.normal_(conv.weight, std=0.01)
    return nn.Sequential(conv, nn.GroupNorm(32, planes), nn.ReLU(inplace=True))


class Decomposition(nn.Module):
    """Layers weighted by attention, then brought to 256 channels: the weights go into the filter."""

    def __init__(self, channels=256):
        super().__init__()
        joined = LAYERS * channels
        self.attention = nn.Sequential(nn.Conv2d(joined, joined // 8, 1), nn.ReLU(inplace=True), nn.Conv2d(joined // 8, LAYERS, 1), nn.Sigmoid())
        self.conv = nn.Conv2d(joined, channels, 1, bias=False)
        self.norm = nn.GroupNorm(32, channels)
        nn.init.normal_(self.conv.weight, std=0.01)

    def forward(self, x, mean):
        n, joined, height, width = x.shape
        weight = self.attention(mean).reshape(n, 1, LAYERS, 1)
        filters = (weight * self.conv.weight.reshape(1, -1, LAYERS, joined // LAYERS)).reshape(n, -1, joined)
        y = torch.bmm(filters, x.flatten(2)).reshape(n, -1, height, width)
        return F.relu(self.norm(y), inplace=True)


def alignment(joined, outputs):
    return nn.Sequential(nn.Conv2d(joined, 64, 1), nn.ReLU(inplace=True), nn.Conv2d(64, outputs, 3, padding=1))


def sampled(boxes, offsets):
    """Each side of the boxes [N, 4, H, W] read where its offset [N, 8, H, W] (y, x) points."""
    n, _, height, width = boxes.shape
    offsets = offsets.reshape(n * 4, 2, height, width)
    y = torch.arange(height)[:, None] + offsets[:, 0]
    x = torch.arange(width)[None] + offsets[:, 1]
    grid = torch.stack([(x + 0.5) * 2 / width - 1, (y + 0.5) * 2 / height - 1], -1)
    return F.grid_sample(boxes.reshape(n * 4, 1, height, width), grid, align_corners=False).reshape(n, 4, height, width)


def atss(anchors, counts, truths, candidates=9):
    """Index of the truth of each anchor, -1 for none."""
    assigned = torch.full((len(anchors),), -1)
    iou = overlaps(anchors, truths)
    centres, own = (anchors[:, :2] + anchors[:, 2:]) / 2, (truths[:, :2] + truths[:, 2:]) / 2
    distance = torch.cdist(centres, own)
    near, start = [], 0
    for count in counts:
        near.append(start + distance[start : start + count].topk(min(candidates, count), 0, largest=False).indices)
        start += count
    near = torch.cat(near)  # [candidates, truths]
    values = iou.gather(0, near)
    threshold = values.mean(0) + values.std(0)
    sides = torch.stack([centres[near] - truths[:, :2], truths[:, 2:] - centres[near]]).amin((0, 3))
    chosen = (values >= threshold) & (sides > 0.01)
    best = torch.full_like(iou, -1.0)
    columns = torch.arange(len(truths)).expand_as(near)
    best[near[chosen], columns[chosen]] = values[chosen]
    top, truth = best.max(1)
    return torch.where(top >= 0, truth, assigned)


class TOOD(nn.Module):
    def __init__(self, classes=80, channels=256):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=1, norm_eval=True)
        self.neck = OutputFPN(self.backbone.out_channels[1:])
        self.inter_convs = nn.ModuleList(normed(channels, channels, 3) for _ in range(LAYERS))
        self.cls_decomp, self.reg_decomp = Decomposition(), Decomposition()
        self.tood_cls, self.tood_reg = nn.Conv2d(channels, classes, 3, padding=1), nn.Conv2d(channels, 4, 3, padding=1)
        for conv, bias in ((self.tood_cls, -math.log(99)), (self.tood_reg, 0)):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, bias)
        self.cls_prob, self.reg_offset = alignment(LAYERS * channels, 1), alignment(LAYERS * channels, 8)
        nn.init.zeros_(self.reg_offset[-1].weight)
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))

    def forward(self, images):
        """Probabilities [N, A, classes] and boxes [N, A, 4] in pixels, by level, in float32."""
        scores, boxes, sizes = [], [], []
        for level, x in enumerate(self.neck(self.backbone(images)[1:])):
            layers = []
            for conv in self.inter_convs:
                x = conv(x)
                layers.append(x)
            joined = torch.cat(layers, 1)
            mean = joined.mean((2, 3), keepdim=True)
            logits = self.tood_cls(self.cls_decomp(joined, mean)).float()
            probability = (logits.sigmoid() * self.cls_prob(joined).float().sigmoid()).clamp(min=1e-9).sqrt()
            distances = (self.tood_reg(self.reg_decomp(joined, mean)) * self.scales[level]).float().exp()
            height, width = x.shape[2:]
            y, x_ = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
            centres = torch.stack([x_, y]).float()
            plain = torch.cat([centres - distances[:, :2], centres + distances[:, 2:]], 1)
            moved = sampled(plain, self.reg_offset(joined).float())
            valid = (moved[:, :2] <= moved[:, 2:]).all(1, keepdim=True)
            box = torch.where(valid, moved, plain) * STRIDES[level]
            scores.append(probability.flatten(2).transpose(1, 2))
            boxes.append(box.flatten(2).transpose(1, 2))
            sizes.append((height, width))
        return scores, boxes, sizes

    def loss(self, images, truths, labels):
        scores, boxes, sizes = self(images)
        probabilities, boxes = torch.cat(scores, 1), torch.cat(boxes, 1)
        levels = [anchors[::3] for anchors in grid_anchors(sizes, STRIDES)]  # of one shape
        half = torch.cat([torch.full((len(a), 1), 4.0 * stride) for a, stride in zip(levels, STRIDES)])
        centres = torch.cat([(a[:, :2] + a[:, 2:]) / 2 for a in levels])
        anchors = torch.cat([centres - half, centres + half], 1)
        counts = [len(a) for a in levels]
        loss_cls = loss_bbox = total = weights = 0
        for i, (truth, label) in enumerate(zip(truths, labels)):
            with torch.no_grad():
                assigned = atss(anchors, counts, truth)
                positive = (assigned >= 0).nonzero()[:, 0]
                own = truth[assigned[positive]]
                sides = torch.cat([centres[positive] - own[:, :2], own[:, 2:] - centres[positive]], 1)
                pairs = sides[:, [0, 2]], sides[:, [1, 3]]
                centredness = torch.stack([p.amin(1) / p.amax(1) for p in pairs]).prod(0).clamp(min=0).sqrt()
            target = torch.zeros_like(probabilities[i])
            target[positive, label[assigned[positive]]] = 1
            p = probabilities[i]
            miss = torch.where(target > 0, 1 - p, p)
            weight = torch.where(target > 0, 0.25, 0.75) * miss**2
            loss_cls = loss_cls + (F.binary_cross_entropy(p, target, reduction='none') * weight).sum()
            loss_bbox = loss_bbox + ((1 - giou(boxes[i, positive], own)) * centredness).sum()
            total, weights = total + len(positive), weights + centredness.sum()
        return {'loss_cls': loss_cls / max(total, 1), 'loss_bbox': 2 * loss_bbox / weights.clamp(min=1)}

    @torch.no_grad()
    def predict(self, images):
        scores, boxes, _ = self(images)
        limit = torch.tensor([images.shape[3], images.shape[2]] * 2)
        results = []
        for i in range(len(images)):
            found = []
            for level_scores, level_boxes in zip(scores, boxes):
                confidence = level_scores[i].flatten()
                index = (confidence > 0.05).nonzero()[:, 0]
                best, order = confidence[index].topk(min(1000, len(index)))
                index = index[order]
                box = torch.minimum(level_boxes[i, index // self.classes].clamp(min=0), limit)
                found.append((box, best, index % self.classes))
            results.append(class_wise(*(torch.cat(part) for part in zip(*found)), 0.6, 100))
        return results

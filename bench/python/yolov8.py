"""YOLOv8-s as MMYOLO builds it (widths 0.5, depths 0.33), in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import class_wise

STRIDES = (8, 16, 32)
BINS = 16


class Conv(nn.Module):
    def __init__(self, inplanes, planes, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inplanes, planes, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(planes, eps=0.001, momentum=0.03)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)), inplace=True)


class Bottleneck(nn.Module):
    def __init__(self, planes, add):
        super().__init__()
        self.conv1, self.conv2, self.add = Conv(planes, planes, 3), Conv(planes, planes, 3), add

    def forward(self, x):
        y = self.conv2(self.conv1(x))
        return x + y if self.add else y


class CSPLayer(nn.Module):
    """Two halves; one goes through the blocks, and all intermediate results are mixed."""

    def __init__(self, inplanes, planes, blocks, add):
        super().__init__()
        self.main_conv = Conv(inplanes, planes)
        self.blocks = nn.ModuleList(Bottleneck(planes // 2, add) for _ in range(blocks))
        self.final_conv = Conv((2 + blocks) * planes // 2, planes)

    def forward(self, x):
        parts = list(self.main_conv(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.final_conv(torch.cat(parts, 1))


class SPPF(nn.Module):
    def __init__(self, planes):
        super().__init__()
        self.conv1, self.conv2 = Conv(planes, planes // 2), Conv(planes * 2, planes)

    def forward(self, x):
        parts = [self.conv1(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.conv2(torch.cat(parts, 1))


class YOLOv8(nn.Module):
    def __init__(self, classes=80):
        super().__init__()
        self.classes = classes
        self.stem = Conv(3, 32, 3, 2)
        stage = lambda a, b, n: nn.Sequential(Conv(a, b, 3, 2), CSPLayer(b, b, n, True))
        self.stages = nn.ModuleList([stage(32, 64, 1), stage(64, 128, 2), stage(128, 256, 2), stage(256, 512, 1)])
        self.stages[3].append(SPPF(512))
        self.top_down = nn.ModuleList([CSPLayer(768, 256, 1, False), CSPLayer(384, 128, 1, False)])
        self.downsample = nn.ModuleList([Conv(128, 128, 3, 2), Conv(256, 256, 3, 2)])
        self.bottom_up = nn.ModuleList([CSPLayer(384, 256, 1, False), CSPLayer(768, 512, 1, False)])
        tower = lambda c, mid, out: nn.Sequential(Conv(c, mid, 3), Conv(mid, mid, 3), nn.Conv2d(mid, out, 1))
        middle = max(128, classes)  # MMYOLO's rule
        self.cls_preds = nn.ModuleList(tower(c, middle, classes) for c in (128, 256, 512))
        self.reg_preds = nn.ModuleList(tower(c, 64, 4 * BINS) for c in (128, 256, 512))
        for c, r, stride in zip(self.cls_preds, self.reg_preds, STRIDES):
            nn.init.ones_(r[-1].bias)
            nn.init.constant_(c[-1].bias, math.log(5 / classes / (640 / stride) ** 2))

    def features(self, images):
        x, c = self.stem(images), []
        for stage in self.stages:
            c.append(x := stage(x))
        _, c3, c4, c5 = c
        p4 = self.top_down[0](torch.cat([F.interpolate(c5, scale_factor=2), c4], 1))
        p3 = self.top_down[1](torch.cat([F.interpolate(p4, scale_factor=2), c3], 1))
        n4 = self.bottom_up[0](torch.cat([self.downsample[0](p3), p4], 1))
        n5 = self.bottom_up[1](torch.cat([self.downsample[1](n4), c5], 1))
        return [p3, n4, n5]

    def forward(self, images):
        """Scores [N, P, classes], distances in bins [N, P, 4, BINS], centres [P, 2] and strides [P, 1] in pixels."""
        scores, distances, centres, strides = [], [], [], []
        for x, cls_pred, reg_pred, stride in zip(self.features(images), self.cls_preds, self.reg_preds, STRIDES):
            height, width = x.shape[2:]
            scores.append(cls_pred(x).flatten(2).transpose(1, 2).float())
            distances.append(reg_pred(x).flatten(2).transpose(1, 2).reshape(len(x), -1, 4, BINS).float())
            y, x_ = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing='ij')
            centres.append(torch.stack([x_, y], -1).reshape(-1, 2) * stride)
            strides.append(torch.full((height * width, 1), float(stride)))
        return torch.cat(scores, 1), torch.cat(distances, 1), torch.cat(centres), torch.cat(strides)

    @staticmethod
    def decode(distances, centres, strides):
        reach = (distances.softmax(-1) @ torch.arange(BINS).float()) * strides
        return torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], -1)

    def loss(self, images, truths, labels):
        scores, distances, centres, strides = self(images)
        boxes = self.decode(distances, centres, strides)
        targets = torch.zeros_like(scores)
        box_loss = dfl_loss = 0
        matched = []
        with torch.no_grad():
            for i, (truth, label) in enumerate(zip(truths, labels)):
                matched.append(self.assign(scores[i].sigmoid(), boxes[i], centres, truth, label))
                positive, index, weight = matched[-1]
                targets[i, positive, label[index]] = weight
        total = targets.sum().clamp(min=1)
        loss_cls = F.binary_cross_entropy_with_logits(scores, targets, reduction='sum') / total
        for i, (positive, index, weight) in enumerate(matched):
            wanted = truths[i][index]
            box_loss = box_loss + ((1 - ciou(boxes[i, positive], wanted)) * weight).sum()
            centre, stride = centres[positive], strides[positive]
            reach = torch.cat([centre - wanted[:, :2], wanted[:, 2:] - centre], 1) / stride
            reach = reach.clamp(0, BINS - 1.01)
            low = reach.long()
            upper = reach - low
            logits = distances[i, positive].flatten(0, 1)
            ce = lambda bin_: F.cross_entropy(logits, bin_.flatten(), reduction='none').reshape(-1, 4)
            dfl_loss = dfl_loss + ((ce(low) * (1 - upper) + ce(low + 1) * upper).mean(1) * weight).sum()
        count = len(images)
        return {
            'loss_cls': 0.5 * loss_cls * count,
            'loss_bbox': 7.5 * box_loss / total * count,
            'loss_dfl': 0.375 * dfl_loss / total * count,
        }

    @staticmethod
    def assign(scores, boxes, centres, truth, label, topk=10):
        """Task-aligned: priors chosen, the truth of each, and the score it should reach."""
        inside = torch.cat([centres[None] - truth[:, None, :2], truth[:, None, 2:] - centres[None]], 2).amin(2) > 1e-9
        iou = ciou(boxes[None], truth[:, None]).clamp(min=0)
        metric = scores[:, label].T.sqrt() * iou**6 * inside
        best = metric.topk(topk, 1).indices
        chosen = torch.zeros_like(inside).scatter_(1, best, True) & inside
        contested = chosen.sum(0) > 1
        owner = iou.argmax(0)
        chosen[:, contested] = F.one_hot(owner[contested], len(truth)).T.bool()
        index, positive = chosen.nonzero(as_tuple=True)
        aligned = metric * chosen
        reached = (iou * chosen).amax(1, keepdim=True)
        weight = (aligned / aligned.amax(1, keepdim=True).clamp(min=1e-9) * reached)[index, positive]
        return positive, index, weight

    @torch.no_grad()
    def predict(self, images):
        scores, distances, centres, strides = self(images)
        boxes = self.decode(distances, centres, strides)
        results = []
        for i in range(len(images)):
            confidence = scores[i].sigmoid()
            prior, label = (confidence > 0.001).nonzero(as_tuple=True)
            value, order = confidence[prior, label].topk(min(30000, len(prior)))
            results.append(class_wise(boxes[i, prior[order]], value, label[order], 0.7, 300))
        return results


def ciou(a, b):
    """Complete IoU of pairs."""
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    union = size_a.prod(-1) + size_b.prod(-1) - inner + 1e-7
    iou = inner / union
    outer = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    centre = ((a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) ** 2).sum(-1) / 4
    ratio = lambda size: torch.atan(size[..., 0] / (size[..., 1] + 1e-7))
    v = 4 / math.pi**2 * (ratio(size_b) - ratio(size_a)) ** 2
    with torch.no_grad():
        alpha = v / (v - iou + 1 + 1e-7)
    return iou - centre / ((outer**2).sum(-1) + 1e-7) - alpha * v

"""RetinaNet (Lin et al., 2017) with MMDetection's defaults, in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import assign, class_wise, decode, encode, grid_anchors
from resnet import ConvModule, ResNet

STRIDES = (8, 16, 32, 64, 128)
SCALES = tuple(4 * 2 ** (i / 3) for i in range(3))
STDS = (1.0, 1.0, 1.0, 1.0)


class RetinaFPN(nn.Module):
    """C3 to C5 -> P3 to P7, the last two by strided convolutions, the first of them from C5."""

    def __init__(self, in_channels, channels=256):
        super().__init__()
        self.lateral_convs = nn.ModuleList(ConvModule(c, channels, 1) for c in in_channels)
        self.fpn_convs = nn.ModuleList(ConvModule(channels, channels, 3) for _ in in_channels)
        self.extra_convs = nn.ModuleList(
            nn.Conv2d(c, channels, 3, 2, 1) for c in (in_channels[-1], channels)
        )

    def forward(self, features):
        laterals = [conv(x) for conv, x in zip(self.lateral_convs, features)]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=laterals[i - 1].shape[2:])
        outputs = [conv(x) for conv, x in zip(self.fpn_convs, laterals)]
        outputs.append(self.extra_convs[0](features[-1]))
        outputs.append(self.extra_convs[1](outputs[-1]))
        return outputs


class RetinaNet(nn.Module):
    def __init__(self, classes=80, channels=256):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=1, norm_eval=True)
        self.neck = RetinaFPN(self.backbone.out_channels[1:])
        tower = lambda: nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(4))
        self.cls_convs, self.reg_convs = tower(), tower()
        self.retina_cls = nn.Conv2d(channels, 9 * classes, 3, padding=1)
        self.retina_reg = nn.Conv2d(channels, 36, 3, padding=1)
        for conv in [*self.cls_convs, *self.reg_convs, self.retina_cls, self.retina_reg]:
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.zeros_(conv.bias)
        nn.init.constant_(self.retina_cls.bias, -math.log(99))

    def forward(self, images):
        """Per level scores [N, H * W * 9, classes] and deltas [N, H * W * 9, 4], in float32, and the levels' sizes."""
        features = self.neck(self.backbone(images)[1:])
        scores, deltas = [], []
        for x in features:
            c = r = x
            for cls_conv, reg_conv in zip(self.cls_convs, self.reg_convs):
                c, r = F.relu(cls_conv(c), inplace=True), F.relu(reg_conv(r), inplace=True)
            scores.append(self.retina_cls(c).permute(0, 2, 3, 1).reshape(len(x), -1, self.classes).float())
            deltas.append(self.retina_reg(r).permute(0, 2, 3, 1).reshape(len(x), -1, 4).float())
        return scores, deltas, [x.shape[2:] for x in features]

    def loss(self, images, truths, labels):
        scores, deltas, sizes = self(images)
        scores, deltas = torch.cat(scores, 1), torch.cat(deltas, 1)
        anchors = torch.cat(grid_anchors(sizes, STRIDES, SCALES))
        loss_cls = loss_bbox = total = 0
        for i, (truth, label) in enumerate(zip(truths, labels)):
            assigned = assign(anchors, truth, 0.5, 0.4, 0.0, True)
            positive = (assigned >= 0).nonzero()[:, 0]
            used = assigned > -2
            target = torch.zeros_like(scores[i])
            target[positive, label[assigned[positive]]] = 1
            probability = scores[i].sigmoid()
            miss = torch.where(target > 0, 1 - probability, probability)
            weight = torch.where(target > 0, 0.25, 0.75) * miss**2 * used[:, None]
            loss_cls = loss_cls + (F.binary_cross_entropy_with_logits(scores[i], target, reduction='none') * weight).sum()
            wanted = encode(anchors[positive], truth[assigned[positive]], STDS)
            loss_bbox = loss_bbox + (deltas[i, positive] - wanted).abs().sum()
            total += len(positive)
        return {'loss_cls': loss_cls / max(total, 1), 'loss_bbox': loss_bbox / max(total, 1)}

    @torch.no_grad()
    def predict(self, images):
        scores, deltas, sizes = self(images)
        anchors = grid_anchors(sizes, STRIDES, SCALES)
        results = []
        for i in range(len(images)):
            boxes, confidences, labels = [], [], []
            for level_scores, level_deltas, level_anchors in zip(scores, deltas, anchors):
                confidence = level_scores[i].sigmoid().flatten()
                index = (confidence > 0.05).nonzero()[:, 0]
                best, order = confidence[index].topk(min(1000, len(index)))
                index = index[order]
                anchor = index // self.classes
                boxes.append(decode(level_anchors[anchor], level_deltas[i, anchor], STDS, images.shape[2:]))
                confidences.append(best)
                labels.append(index % self.classes)
            results.append(class_wise(torch.cat(boxes), torch.cat(confidences), torch.cat(labels), 0.5, 100))
        return results

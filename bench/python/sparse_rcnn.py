"""Sparse R-CNN R50-FPN (Sun et al., 2021) with MMDetection's defaults, 100 proposals, in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import MAX_RATIO, giou
from detr import linear_assignment
from resnet import ConvModule, ResNet
from roi_head import RoIExtractor

STAGES = 6
STDS = (0.5, 0.5, 1.0, 1.0)


class Pyramid(nn.Module):
    """P2 to P5."""

    def __init__(self, in_channels, channels=256):
        super().__init__()
        self.lateral_convs = nn.ModuleList(ConvModule(c, channels, 1) for c in in_channels)
        self.fpn_convs = nn.ModuleList(ConvModule(channels, channels, 3) for _ in in_channels)

    def forward(self, features):
        laterals = [conv(x) for conv, x in zip(self.lateral_convs, features)]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=laterals[i - 1].shape[2:])
        return [conv(x) for conv, x in zip(self.fpn_convs, laterals)]


class DynamicConv(nn.Module):
    """Two products of each region with filters that its proposal makes."""

    def __init__(self, channels=256, inner=64, cells=49):
        super().__init__()
        self.channels, self.inner = channels, inner
        self.filters = nn.Linear(channels, 2 * channels * inner)
        self.norm_in, self.norm_out, self.norm = nn.LayerNorm(inner), nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.out = nn.Linear(channels * cells, channels)

    def forward(self, proposals, regions):
        """[K, C] and [K, C, 7, 7] -> [K, C]."""
        filters = self.filters(proposals)
        first = filters[:, : self.channels * self.inner].reshape(-1, self.channels, self.inner)
        second = filters[:, self.channels * self.inner :].reshape(-1, self.inner, self.channels)
        x = regions.flatten(2).transpose(1, 2)
        x = F.relu(self.norm_in(torch.bmm(x, first)))
        x = F.relu(self.norm_out(torch.bmm(x, second)))
        return F.relu(self.norm(self.out(x.flatten(1))))


def layers(count, channels=256):
    parts = []
    for _ in range(count):
        parts += [nn.Linear(channels, channels, bias=False), nn.LayerNorm(channels), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts)


class Stage(nn.Module):
    def __init__(self, classes, channels=256):
        super().__init__()
        self.attention, self.attention_norm = nn.MultiheadAttention(channels, 8, batch_first=True), nn.LayerNorm(channels)
        self.interaction, self.interaction_norm = DynamicConv(channels), nn.LayerNorm(channels)
        self.ffn = nn.Sequential(nn.Linear(channels, 2048), nn.ReLU(inplace=True), nn.Linear(2048, channels))
        self.ffn_norm = nn.LayerNorm(channels)
        self.cls_fcs, self.reg_fcs = layers(1), layers(3)
        self.fc_cls, self.fc_reg = nn.Linear(channels, classes), nn.Linear(channels, 4)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.constant_(self.fc_cls.bias, -math.log(99))

    def forward(self, regions, features):
        """[N * P, C, 7, 7], [N, P, C] -> scores, deltas, features [N, P, ...]."""
        x = self.attention_norm(features + self.attention(features, features, features, need_weights=False)[0])
        x = self.interaction_norm(x + self.interaction(x.flatten(0, 1), regions).reshape(x.shape))
        x = self.ffn_norm(x + self.ffn(x))
        return self.fc_cls(self.cls_fcs(x)).float(), self.fc_reg(self.reg_fcs(x)).float(), x


def moved(boxes, deltas):
    """The boxes [..., 4] by deltas, not clipped."""
    deltas = deltas * deltas.new_tensor(STDS)
    size, centre = boxes[..., 2:] - boxes[..., :2], (boxes[..., 2:] + boxes[..., :2]) / 2
    centre = centre + deltas[..., :2] * size
    half = size * deltas[..., 2:].clamp(-MAX_RATIO, MAX_RATIO).exp() / 2
    return torch.cat([centre - half, centre + half], -1)


class SparseRCNN(nn.Module):
    def __init__(self, classes=80, proposals=100, channels=256):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=1, norm_eval=True)
        self.neck = Pyramid(self.backbone.out_channels)
        self.boxes, self.features = nn.Embedding(proposals, 4), nn.Embedding(proposals, channels)
        nn.init.constant_(self.boxes.weight[:, :2], 0.5)
        nn.init.constant_(self.boxes.weight[:, 2:], 1)
        self.bbox_roi_extractor = RoIExtractor()
        self.stages = nn.ModuleList(Stage(classes) for _ in range(STAGES))

    @property
    def roi_head(self):
        return self

    def forward(self, images):
        """Of each stage scores [N, P, classes] and boxes [N, P, 4] in pixels."""
        levels = self.neck(self.backbone(images))
        scale = torch.tensor([images.shape[3], images.shape[2]] * 2)
        centre, size = self.boxes.weight[:, :2], self.boxes.weight[:, 2:]
        boxes = (torch.cat([centre - size / 2, centre + size / 2], 1) * scale).expand(len(images), -1, -1)
        features = self.features.weight.expand(len(images), -1, -1)
        results = []
        for stage in self.stages:
            regions = self.bbox_roi_extractor(*levels, list(boxes.detach()))
            scores, deltas, features = stage(regions, features)
            boxes = moved(boxes, deltas)
            results.append((scores, boxes))
            boxes = boxes.detach()
        return results

    def loss(self, images, truths, labels):
        scale = torch.tensor([images.shape[3], images.shape[2]] * 2)
        count = max(sum(len(t) for t in truths), 1)
        losses = {}
        for number, (scores, boxes) in enumerate(self(images)):
            loss_cls = loss_bbox = loss_iou = 0
            for i, (truth, label) in enumerate(zip(truths, labels)):
                with torch.no_grad():
                    p = scores[i].sigmoid()
                    found = -(p + 1e-12).log() * 0.25 * (1 - p) ** 2
                    missed = -(1 - p + 1e-12).log() * 0.75 * p**2
                    cost = 2 * (found - missed)[:, label] + 5 * torch.cdist(boxes[i] / scale, truth / scale, p=1)
                    cost = cost - 2 * giou(boxes[i][:, None], truth[None])
                    match = torch.tensor(linear_assignment(cost.T.tolist()))
                target = torch.zeros_like(scores[i])
                target[match, label] = 1
                p = scores[i].sigmoid()
                weight = torch.where(target > 0, 0.25 * (1 - p) ** 2, 0.75 * p**2)
                loss_cls = loss_cls + (F.binary_cross_entropy_with_logits(scores[i], target, reduction='none') * weight).sum()
                loss_bbox = loss_bbox + ((boxes[i, match] - truth) / scale).abs().sum()
                loss_iou = loss_iou + (1 - giou(boxes[i, match], truth)).sum()
            losses[f's{number}.loss_cls'] = 2 * loss_cls / count
            losses[f's{number}.loss_bbox'] = 5 * loss_bbox / count
            losses[f's{number}.loss_iou'] = 2 * loss_iou / count
        return losses

    @torch.no_grad()
    def predict(self, images):
        scores, boxes = self(images)[-1]
        results = []
        for score, box in zip(scores, boxes):
            best, index = score.sigmoid().flatten().topk(100)
            results.append((box[index // self.classes], best, index % self.classes))
        return results

"""DETR (Carion et al., 2020) with MMDetection's defaults, in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from boxes import giou
from resnet import ResNet


class Attention(nn.Module):
    """Attention with positions added to queries and keys; the result is added to the query and normed."""

    def __init__(self, channels=256):
        super().__init__()
        self.attn = nn.MultiheadAttention(channels, 8, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x, memory, query_pos, key_pos):
        y = self.attn(x + query_pos, memory + key_pos, memory, need_weights=False)[0]
        return self.norm(x + F.dropout(y, 0.1, self.training))


class FeedForward(nn.Module):
    def __init__(self, channels=256, hidden=2048):
        super().__init__()
        self.first, self.second = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        y = self.second(F.dropout(F.relu(self.first(x)), 0.1, self.training))
        return self.norm(x + F.dropout(y, 0.1, self.training))


def sine_positions(height, width, channels=128, temperature=10000):
    """[H * W, 2 * channels]: y first, sine and cosine alternating."""
    scale = 2 * math.pi
    y = torch.arange(1, height + 1).float() / (height + 1e-6) * scale
    x = torch.arange(1, width + 1).float() / (width + 1e-6) * scale
    steps = temperature ** (2 * (torch.arange(channels) // 2) / channels)

    def wave(at):
        angle = at[:, None] / steps
        return torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1)

    return torch.cat(
        [wave(y)[:, None].expand(height, width, -1), wave(x)[None].expand(height, width, -1)], 2
    ).flatten(0, 1)


def linear_assignment(cost):
    """Columns of rows 0, 1, ... at the lowest sum (rows <= columns); shortest augmenting paths."""
    rows, columns = len(cost), len(cost[0])
    u, v = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        low, used = [math.inf] * (columns + 1), [False] * (columns + 1)
        while owner[at]:
            used[at] = True
            current, delta, following = owner[at], math.inf, 0
            line = cost[current - 1]
            for j in range(1, columns + 1):
                if used[j]:
                    continue
                reduced = line[j - 1] - u[current] - v[j]
                if reduced < low[j]:
                    low[j], way[j] = reduced, at
                if low[j] < delta:
                    delta, following = low[j], j
            for j in range(columns + 1):
                if used[j]:
                    u[owner[j]] += delta
                    v[j] -= delta
                else:
                    low[j] -= delta
            at = following
        while at:
            owner[at], at = owner[way[at]], way[at]
    result = [0] * rows
    for j in range(1, columns + 1):
        if owner[j]:
            result[owner[j] - 1] = j - 1
    return result


def corners(boxes):
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], -1)


class DETR(nn.Module):
    def __init__(self, classes=80, queries=100, channels=256):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=1, norm_eval=True)
        self.neck = nn.Conv2d(2048, channels, 1)
        self.encoder = nn.ModuleList(nn.ModuleList([Attention(), FeedForward()]) for _ in range(6))
        self.decoder = nn.ModuleList(nn.ModuleList([Attention(), Attention(), FeedForward()]) for _ in range(6))
        self.post_norm = nn.LayerNorm(channels)
        self.query_embedding = nn.Embedding(queries, channels)
        self.fc_cls = nn.Linear(channels, classes + 1)
        self.reg_ffn = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 4)
        )

    def forward(self, images):
        """Of every decoder layer scores [N, queries, classes + 1] and boxes (cx, cy, w, h in 0 to 1)."""
        x = self.neck(self.backbone(images)[-1])
        positions = sine_positions(*x.shape[2:])[None].to(x.dtype)
        memory = x.flatten(2).transpose(1, 2)
        for attention, ffn in self.encoder:
            memory = ffn(attention(memory, memory, positions, positions))
        query_pos = self.query_embedding.weight[None].expand(len(images), -1, -1)
        query, hidden = torch.zeros_like(query_pos), []
        for attention, cross, ffn in self.decoder:
            query = attention(query, query, query_pos, query_pos)
            query = ffn(cross(query, memory, query_pos, positions))
            hidden.append(self.post_norm(query))
        hidden = torch.stack(hidden)
        return self.fc_cls(hidden).float(), self.reg_ffn(hidden).float().sigmoid()

    def loss(self, images, truths, labels):
        scores, boxes = self(images)
        scale = torch.tensor([images.shape[3], images.shape[2]] * 2)
        class_weight = torch.ones(self.classes + 1)
        class_weight[-1] = 0.1
        losses = {}
        for layer in range(len(scores)):
            loss_cls = loss_bbox = loss_iou = total_weight = 0
            count = max(sum(len(t) for t in truths), 1)
            for i, (truth, label) in enumerate(zip(truths, labels)):
                corner = truth / scale
                wanted = torch.cat([(corner[:, :2] + corner[:, 2:]) / 2, corner[:, 2:] - corner[:, :2]], 1)
                with torch.no_grad():
                    own = boxes[layer, i]
                    cost = -scores[layer, i].softmax(1)[:, label] + 5 * torch.cdist(own, wanted, p=1)
                    cost = cost - 2 * giou(corners(own)[:, None], corner[None])
                    match = torch.tensor(linear_assignment(cost.T.tolist()))
                target = torch.full((len(own),), self.classes)
                target[match] = label
                loss_cls = loss_cls + F.cross_entropy(scores[layer, i], target, class_weight, reduction='sum')
                total_weight = total_weight + class_weight[target].sum()
                loss_bbox = loss_bbox + (boxes[layer, i, match] - wanted).abs().sum()
                loss_iou = loss_iou + (1 - giou(corners(boxes[layer, i, match]), corner)).sum()
            losses[f'd{layer}.loss_cls'] = loss_cls / total_weight
            losses[f'd{layer}.loss_bbox'] = 5 * loss_bbox / count
            losses[f'd{layer}.loss_iou'] = 2 * loss_iou / count
        return losses

    @torch.no_grad()
    def predict(self, images):
        scores, boxes = self(images)
        scale = torch.tensor([images.shape[3], images.shape[2]] * 2)
        confidence, labels = scores[-1].softmax(2)[..., :-1].max(2)
        best, index = confidence.topk(100)
        return [
            (corners(boxes[-1, i, index[i]]) * scale, best[i], labels[i, index[i]]) for i in range(len(images))
        ]

"""Mask2Former R50 of instances (Cheng et al., 2022) with MMDetection's defaults, in plain torch."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from detr import linear_assignment
from resnet import ResNet

LEVELS, POINTS, HEADS, LAYERS = 3, 4, 8, 9
SAMPLES = 12544


def sine_positions(height, width, channels=128):
    """[H * W, 2 * channels], y first."""
    y = torch.arange(1, height + 1).float() / (height + 1e-6) * 2 * math.pi
    x = torch.arange(1, width + 1).float() / (width + 1e-6) * 2 * math.pi
    steps = 10000 ** (2 * (torch.arange(channels) // 2) / channels)

    def wave(at):
        angle = at[:, None] / steps
        return torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1)

    return torch.cat([wave(y)[:, None].expand(height, width, -1), wave(x)[None].expand(height, width, -1)], 2).flatten(0, 1)


class DeformableAttention(nn.Module):
    def __init__(self, channels=256, levels=LEVELS, points=POINTS):
        super().__init__()
        self.levels, self.points = levels, points
        self.offsets = nn.Linear(channels, HEADS * levels * points * 2)
        self.weights = nn.Linear(channels, HEADS * levels * points)
        self.value, self.output = nn.Linear(channels, channels), nn.Linear(channels, channels)
        nn.init.zeros_(self.offsets.weight)
        angle = torch.arange(HEADS) * (2 * math.pi / HEADS)
        at = torch.stack([angle.cos(), angle.sin()], -1)
        at = (at / at.abs().amax(-1, keepdim=True)).reshape(HEADS, 1, 1, 2).repeat(1, levels, points, 1)
        with torch.no_grad():
            self.offsets.bias.copy_((at * torch.arange(1, points + 1).reshape(1, 1, -1, 1)).flatten())
        for layer in (self.weights,):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, query, memory, references, sizes):
        """query [N, Q, C], memory [N, S, C], references [N, Q, 2] or boxes [N, Q, 4] (0 to 1) -> [N, Q, C]."""
        n, count, channels = query.shape
        value = self.value(memory).reshape(n, -1, HEADS, channels // HEADS)
        offsets = self.offsets(query).reshape(n, count, HEADS, self.levels, self.points, 2)
        weights = self.weights(query).reshape(n, count, HEADS, -1).softmax(-1)
        if references.shape[-1] == 2:
            scale = torch.tensor([[width, height] for height, width in sizes])
            at = references[:, :, None, None, None] + offsets / scale[:, None]
        else:
            centre, size = references[:, :, None, None, None, :2], references[:, :, None, None, None, 2:]
            at = centre + offsets / self.points * size * 0.5
        sampled, start = [], 0
        for level, (height, width) in enumerate(sizes):
            own = value[:, start : start + height * width].permute(0, 2, 3, 1).reshape(n * HEADS, -1, height, width)
            grid = (2 * at[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)  # [N * heads, Q, points, 2]
            sampled.append(F.grid_sample(own, grid.to(own.dtype), align_corners=False))
            start += height * width
        weights = weights.permute(0, 2, 1, 3).reshape(n * HEADS, 1, count, -1)
        mixed = (torch.cat(sampled, -1) * weights).sum(-1)  # [N * heads, C / heads, Q]
        return self.output(mixed.reshape(n, channels, count).transpose(1, 2))


class EncoderLayer(nn.Module):
    def __init__(self, channels=256, hidden=1024):
        super().__init__()
        self.attention, self.norm1 = DeformableAttention(channels), nn.LayerNorm(channels)
        self.first, self.second, self.norm2 = nn.Linear(channels, hidden), nn.Linear(hidden, channels), nn.LayerNorm(channels)

    def forward(self, x, positions, references, sizes):
        x = self.norm1(x + self.attention(x + positions, x, references, sizes))
        return self.norm2(x + self.second(F.relu(self.first(x))))


def normed(inplanes, planes, kernel, act=True):
    parts = [nn.Conv2d(inplanes, planes, kernel, padding=kernel // 2, bias=False), nn.GroupNorm(32, planes)]
    return nn.Sequential(*parts, *([nn.ReLU(inplace=True)] if act else []))


def references(sizes):
    rows = []
    for height, width in sizes:
        y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing='ij')
        rows.append(torch.stack([x, y], -1).flatten(0, 1))
    return torch.cat(rows)[None]


class PixelDecoder(nn.Module):
    def __init__(self, in_channels, channels=256):
        super().__init__()
        self.inputs = nn.ModuleList(nn.Sequential(nn.Conv2d(c, channels, 1), nn.GroupNorm(32, channels)) for c in in_channels[:0:-1])
        self.level = nn.Embedding(LEVELS, channels)
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(6))
        self.lateral, self.smooth = normed(in_channels[0], channels, 1, False), normed(channels, channels, 3)
        self.mask_feature = nn.Conv2d(channels, channels, 1)

    def forward(self, features):
        """The map at stride 4, and those at strides 32, 16, 8."""
        maps = [conv(x) for conv, x in zip(self.inputs, features[:0:-1])]
        sizes = [x.shape[2:] for x in maps]
        positions = torch.cat([sine_positions(*size) + self.level.weight[i] for i, size in enumerate(sizes)])[None]
        x = torch.cat([m.flatten(2).transpose(1, 2) for m in maps], 1)
        points = references(sizes).expand(len(x), -1, -1)
        for layer in self.layers:
            x = layer(x, positions.to(x.dtype), points, sizes)
        parts = x.split([h * w for h, w in sizes], 1)
        maps = [part.transpose(1, 2).reshape(len(x), -1, *size) for part, size in zip(parts, sizes)]
        fine = self.lateral(features[0])
        fine = self.smooth(fine + F.interpolate(maps[-1], size=fine.shape[2:], mode='bilinear', align_corners=False))
        return self.mask_feature(fine), maps


class Attention(nn.Module):
    def __init__(self, channels=256):
        super().__init__()
        self.attn, self.norm = nn.MultiheadAttention(channels, HEADS, batch_first=True), nn.LayerNorm(channels)

    def forward(self, x, memory, value, query_pos, mask=None):
        return self.norm(x + self.attn(x + query_pos, memory, value, attn_mask=mask, need_weights=False)[0])


class DecoderLayer(nn.Module):
    def __init__(self, channels=256, hidden=2048):
        super().__init__()
        self.cross, self.own = Attention(), Attention()
        self.ffn, self.norm = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, channels)), nn.LayerNorm(channels)

    def forward(self, x, memory, positions, query_pos, mask):
        x = self.cross(x, memory + positions, memory, query_pos, mask)
        x = self.own(x, x + query_pos, x, query_pos)
        return self.norm(x + self.ffn(x))


def at_points(maps, points):
    """maps [K, H, W], points [K or 1, P, 2] -> [K, P]."""
    grid = (2 * points - 1).expand(len(maps), -1, -1)[:, None]
    return F.grid_sample(maps[:, None], grid, align_corners=False)[:, 0, 0]


def dice(predicted, target, pairs=False):
    p = predicted.sigmoid()
    if pairs:
        return 1 - (2 * p @ target.T + 1) / (p.sum(1)[:, None] + target.sum(1)[None] + 1)
    return 1 - (2 * (p * target).sum(1) + 1) / (p.sum(1) + target.sum(1) + 1)


class Mask2Former(nn.Module):
    def __init__(self, classes=80, queries=100, channels=256):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=-1, norm_eval=True)
        self.pixel_decoder = PixelDecoder(self.backbone.out_channels)
        self.layers, self.post_norm = nn.ModuleList(DecoderLayer() for _ in range(LAYERS)), nn.LayerNorm(channels)
        self.query_embed, self.query_feat, self.level_embed = (nn.Embedding(k, channels) for k in (queries, queries, LEVELS))
        self.cls_embed = nn.Linear(channels, classes + 1)
        self.mask_embed = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, channels), nn.ReLU(inplace=True),
                                        nn.Linear(channels, channels))

    def predictions(self, query, fine, size):
        x = self.post_norm(query)
        masks = torch.einsum('nqc,nchw->nqhw', self.mask_embed(x), fine)
        with torch.no_grad():
            hidden = F.interpolate(masks, size=size, mode='bilinear', align_corners=False).flatten(2).sigmoid() < 0.5
            hidden[hidden.all(-1)] = False  # a query that sees nothing sees all
            hidden = hidden[:, None].expand(-1, HEADS, -1, -1).flatten(0, 1)
        return self.cls_embed(x).float(), masks.float(), hidden

    def forward(self, images):
        """Of ten decoder outputs scores [N, Q, classes + 1] and masks [N, Q, H / 4, W / 4]."""
        fine, maps = self.pixel_decoder(self.backbone(images))
        memories = [m.flatten(2).transpose(1, 2) + self.level_embed.weight[i] for i, m in enumerate(maps)]
        positions = [sine_positions(*m.shape[2:])[None].to(m.dtype) for m in maps]
        query = self.query_feat.weight[None].expand(len(images), -1, -1)
        query_pos = self.query_embed.weight[None].expand(len(images), -1, -1)
        scores, masks, hidden = self.predictions(query, fine, maps[0].shape[2:])
        outputs = [(scores, masks)]
        for i, layer in enumerate(self.layers):
            level = i % LEVELS
            query = layer(query, memories[level], positions[level], query_pos, hidden)
            scores, masks, hidden = self.predictions(query, fine, maps[(i + 1) % LEVELS].shape[2:])
            outputs.append((scores, masks))
        return outputs

    @torch.no_grad()
    def match(self, scores, masks, labels, targets):
        points = torch.rand(1, SAMPLES, 2)
        own, wanted = at_points(masks, points), at_points(targets, points)
        found = F.binary_cross_entropy_with_logits(own, torch.ones_like(own), reduction='none')
        missed = F.binary_cross_entropy_with_logits(own, torch.zeros_like(own), reduction='none')
        binary = (found @ wanted.T + missed @ (1 - wanted).T) / SAMPLES
        cost = -2 * scores.softmax(1)[:, labels] + 5 * binary + 5 * dice(own, wanted, pairs=True)
        return torch.tensor(linear_assignment(cost.T.tolist()))

    @torch.no_grad()
    def uncertain_points(self, masks):
        """Points [K, P, 2], three quarters of them the least certain of three times as many."""
        points = torch.rand(len(masks), 3 * SAMPLES, 2)
        important = int(0.75 * SAMPLES)
        best = at_points(masks, points).abs().topk(important, 1, largest=False).indices
        chosen = points.gather(1, best[..., None].expand(-1, -1, 2))
        return torch.cat([chosen, torch.rand(len(masks), SAMPLES - important, 2)], 1)

    def loss(self, images, truths, labels, masks):
        """`masks`: per image bitmaps [K, H, W]."""
        weight = torch.ones(self.classes + 1)
        weight[-1] = 0.1
        count = max(sum(len(label) for label in labels), 1)
        targets = [m.float() for m in masks]
        losses = {}
        for number, (scores, logits) in enumerate(self(images)):
            classes, own, wanted = [], [], []
            for i, label in enumerate(labels):
                match = self.match(scores[i], logits[i], label, targets[i])
                target = torch.full((scores.shape[1],), self.classes)
                target[match] = label
                classes.append(target)
                own.append(logits[i, match])
                wanted.append(targets[i])
            own, wanted = torch.cat(own), torch.cat(wanted)
            points = self.uncertain_points(own)
            values, truth = at_points(own, points), at_points(wanted, points)
            binary = F.binary_cross_entropy_with_logits(values, truth, reduction='sum') / (count * SAMPLES)
            losses[f'd{number}.loss_cls'] = 2 * F.cross_entropy(scores.flatten(0, 1), torch.cat(classes), weight)
            losses[f'd{number}.loss_mask'] = 5 * binary
            losses[f'd{number}.loss_dice'] = 5 * dice(values, truth).sum() / count
        return losses

    @torch.no_grad()
    def predict(self, images):
        scores, masks = self(images)[-1]
        masks = F.interpolate(masks, size=images.shape[2:], mode='bilinear', align_corners=False)
        results = []
        for score, mask in zip(scores, masks):
            best, index = score.softmax(1)[:, :-1].flatten().topk(100)
            own = mask[index // self.classes]
            binary = own > 0
            quality = (own.sigmoid() * binary).flatten(1).sum(1) / (binary.flatten(1).sum(1) + 1e-6)
            results.append((best * quality, index % self.classes, binary))
        return results

"""SOLOv2 R50-FPN (Wang et al., 2020) as MMDetection builds it, in plain torch."""

import torch
import torch.nn.functional as F
from torch import nn

from resnet import FPN, ResNet

GRIDS = (40, 36, 24, 16, 12)
STRIDES = (8, 8, 16, 32, 32)
RANGES = ((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048))
MASK_STRIDE = 4


def resize(x, size):
    return F.interpolate(x, size=size, mode='bilinear', align_corners=False)


def with_coordinates(x):
    height, width = x.shape[2:]
    y, x_ = torch.linspace(-1, 1, height, device=x.device), torch.linspace(-1, 1, width, device=x.device)
    grid = torch.stack([x_.expand(height, width), y[:, None].expand(height, width)])
    return torch.cat([x, grid.expand(len(x), 2, height, width).to(x.dtype)], 1)


class ConvGN(nn.Module):
    def __init__(self, inplanes, planes, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(inplanes, planes, kernel, padding=kernel // 2, bias=False)
        self.gn = nn.GroupNorm(32, planes)
        nn.init.normal_(self.conv.weight, std=0.01)

    def forward(self, x):
        return F.relu(self.gn(self.conv(x)), inplace=True)


class MaskFeatures(nn.Module):
    """One map at stride 4 from P2 to P5: a convolution for each doubling."""

    def __init__(self, channels=128, out_channels=256):
        super().__init__()
        inputs = (256, 256, 256, 258)
        self.levels = nn.ModuleList(
            nn.ModuleList(ConvGN(inputs[i] if j == 0 else channels, channels) for j in range(max(i, 1))) for i in range(4))
        self.pred = ConvGN(channels, out_channels, 1)

    def forward(self, features):
        total = None
        for i, convs in enumerate(self.levels):
            x = with_coordinates(features[i]) if i == 3 else features[i]
            for j, conv in enumerate(convs):
                x = conv(x)
                if i > 0:
                    x = resize(x, features[i - j - 1].shape[2:])
            total = x if total is None else total + x
        return self.pred(total)


class SOLOv2(nn.Module):
    def __init__(self, classes=80, channels=512):
        super().__init__()
        self.classes = classes
        self.backbone = ResNet(50, frozen_stages=1, norm_eval=True)
        self.neck = FPN(self.backbone.out_channels)
        tower = lambda inplanes: nn.Sequential(*(ConvGN(inplanes if i == 0 else channels, channels) for i in range(4)))
        self.cls_convs, self.kernel_convs = tower(256), tower(258)
        self.conv_cls, self.conv_kernel = nn.Conv2d(channels, classes, 3, padding=1), nn.Conv2d(channels, 256, 3, padding=1)
        for layer in (self.conv_cls, self.conv_kernel):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.conv_cls.bias, -4.595)
        self.mask_features = MaskFeatures()

    def forward(self, images):
        """Logits [N, S, S, classes] and filters [N, S * S, 256] by level, and the map [N, 256, H / 4, W / 4]."""
        features = self.neck(self.backbone(images))
        levels = [resize(features[0], tuple(s // 2 for s in features[0].shape[2:])), *features[1:4],
                  resize(features[4], features[3].shape[2:])]
        logits, filters = [], []
        for x, grid in zip(levels, GRIDS):
            cells = resize(with_coordinates(x), (grid, grid))
            filters.append(self.conv_kernel(self.kernel_convs(cells)).flatten(2).transpose(1, 2))
            logits.append(self.conv_cls(self.cls_convs(cells[:, :-2])).permute(0, 2, 3, 1))
        return logits, filters, self.mask_features(features)

    @torch.no_grad()
    def assign(self, boxes, labels, masks, size):
        """By level: labels of all cells, cells and the object of each."""
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(1).sqrt()
        y, x = torch.arange(masks.shape[1]), torch.arange(masks.shape[2])
        count = masks.sum((1, 2)).clamp(min=1e-6)
        centres = torch.stack([(masks.sum(1) * x).sum(1) / count, (masks.sum(2) * y).sum(1) / count], 1)
        half = 0.1 * (boxes[:, 2:] - boxes[:, :2])
        scale = torch.tensor([size[1], size[0]])
        levels = []
        for grid, (low, high) in zip(GRIDS, RANGES):
            cls = torch.full((grid, grid), self.classes)
            cells, objects = [], []
            own = (centres / scale * grid).long()
            first = torch.maximum(((centres - half) / scale * grid).long().clamp(min=0), own - 1)
            last = torch.minimum(((centres + half) / scale * grid).long().clamp(max=grid - 1), own + 1)
            for k in ((areas >= low) & (areas <= high)).nonzero().flatten().tolist():
                (left, top), (right, bottom) = first[k].tolist(), last[k].tolist()
                cls[top:bottom + 1, left:right + 1] = labels[k]
                found = [r * grid + c for r in range(top, bottom + 1) for c in range(left, right + 1)]
                cells += found
                objects += [k] * len(found)
            levels.append((cls.flatten(), cells, objects))
        return levels

    def loss(self, images, truths, labels, masks):
        """`masks`: per image bitmaps [K, H, W]."""
        logits, filters, features = self(images)
        size = images.shape[2:]
        assigned = [self.assign(b, l, m, size) for b, l, m in zip(truths, labels, masks)]
        dice, positives = [], 0
        for i, levels in enumerate(assigned):
            small = resize(masks[i][:, None].float(), features.shape[2:])[:, 0] >= 0.5
            pixels = features[i].flatten(1)
            for level, (_, cells, objects) in enumerate(levels):
                if not cells:
                    continue
                positives += len(set(cells))
                predicted = (filters[level][i, cells] @ pixels).float().sigmoid()
                target = small[objects].flatten(1).float()
                overlap = 2 * (predicted * target).sum(1)
                dice.append(1 - overlap / (predicted.square().sum(1) + target.square().sum(1) + 2e-3))
        cls = torch.cat([torch.cat([levels[level][0] for levels in assigned]) for level in range(len(GRIDS))])
        rows = torch.cat([level.reshape(-1, self.classes) for level in logits]).float()
        target = F.one_hot(cls, self.classes + 1)[:, :-1].float()
        p = rows.sigmoid()
        wrong = p + target - 2 * p * target
        focal = F.binary_cross_entropy_with_logits(rows, target, reduction='none') * wrong.square() * (0.75 - 0.5 * target)
        mask = 3 * torch.cat(dice).sum() / positives if positives else features.sum() * 0
        return {'loss_mask': mask, 'loss_cls': focal.sum() / (positives + 1)}

    def predict(self, images):
        logits, filters, features = self(images)
        scores = []
        for level in logits:
            p = level.permute(0, 3, 1, 2).float().sigmoid()
            peaks = F.max_pool2d(p, 2, 1, 1)[:, :, :-1, :-1] == p
            scores.append((p * peaks).permute(0, 2, 3, 1).flatten(1, 2))
        scores, filters = torch.cat(scores, 1), torch.cat(filters, 1)
        strides = torch.cat([torch.full((grid * grid,), float(stride)) for grid, stride in zip(GRIDS, STRIDES)])
        return [self.select(s, f, m, strides, images.shape[2:]) for s, f, m in zip(scores, filters, features)]

    def select(self, scores, filters, features, strides, size):
        cells, labels = (scores > 0.1).nonzero(as_tuple=True)
        scores = scores[cells, labels]
        probabilities = (filters[cells] @ features.flatten(1)).float().sigmoid()
        masks = probabilities > 0.5
        areas = masks.sum(1).float()
        keep = areas > strides[cells]
        if not keep.any():
            return scores[:0], labels[:0], masks.new_zeros(0, *size)
        scores = scores[keep] * (probabilities * masks)[keep].sum(1) / areas[keep]
        scores, order = scores.sort(descending=True)
        scores, order = scores[:500], keep.nonzero().flatten()[order[:500]]
        labels, areas, probabilities = labels[order], areas[order], probabilities[order]
        flat = masks[order].float()
        shared = flat @ flat.T
        iou = (shared / (areas[:, None] + areas - shared) * (labels[:, None] == labels)).triu(1)
        decay = torch.exp(-2 * iou.square()) / torch.exp(-2 * iou.max(0)[0].square())[:, None]
        scores = scores * decay.min(0)[0]
        scores, best = scores[scores >= 0.05].sort(descending=True)
        best = best[:100]
        probabilities = probabilities[best].view(-1, 1, *features.shape[1:])
        return scores[:100], labels[best], resize(probabilities, size)[:, 0] > 0.5

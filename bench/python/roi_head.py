"""RoI pooling and the Shared2FC box head, with MMDetection's defaults.

RoIAlign is vectorised over all boxes of a level by `grid_sample` with two samples per bin and side (MMDetection's
compiled kernel adapts the number of samples to the box). Its time, forward and backward, is kept in `RoIExtractor`.
"""

import time

import torch
import torch.nn.functional as F
from torch import nn

from boxes import STRIDES, assign, class_wise, decode, encode, sample

STDS = (0.1, 0.1, 0.2, 0.2)


def roi_align(feature, boxes, stride, size=7, samples=2):
    """feature [1, C, H, W], boxes [K, 4] in image pixels -> [K, C, size, size], aligned by half a pixel."""
    _, channels, height, width = feature.shape
    points = size * samples
    at = (torch.arange(points) + 0.5) / points
    low, extent = boxes[:, :2] / stride - 0.5, (boxes[:, 2:] - boxes[:, :2]) / stride
    x = (low[:, :1] + extent[:, :1] * at + 0.5) * 2 / width - 1  # [K, points], grid_sample's -1 .. 1
    y = (low[:, 1:] + extent[:, 1:] * at + 0.5) * 2 / height - 1
    grid = torch.stack([x[:, None].expand(-1, points, -1), y[:, :, None].expand(-1, -1, points)], -1)
    grid = grid.reshape(1, -1, points, 2).to(feature.dtype)
    sampled = F.grid_sample(feature, grid, mode='bilinear', padding_mode='border', align_corners=False)
    pooled = F.avg_pool2d(sampled, samples)  # [1, C, K * size, size]
    return pooled.reshape(channels, -1, size, size).transpose(0, 1)


class RoIExtractor(nn.Module):
    """Pools every box from the level that fits its size; measures its own time."""

    def __init__(self, size=7):
        super().__init__()
        self.seconds, self.size = 0.0, size
        self.register_full_backward_pre_hook(self._start)
        self.register_full_backward_hook(self._stop)

    def _start(self, *_):
        self.started = time.perf_counter()

    def _stop(self, *_):
        self.seconds += time.perf_counter() - self.started

    def forward(self, p2, p3, p4, p5, boxes):
        """`boxes` holds one [K, 4] tensor per image; returns [sum of K, C, size, size]."""
        started = time.perf_counter()
        features = [p2, p3, p4, p5]
        rows = []
        for image, own in enumerate(boxes):
            scale = (own[:, 2:] - own[:, :2]).prod(1).sqrt()
            level = (scale / 56 + 1e-6).log2().floor().clamp(0, 3)
            out = p2.new_zeros(len(own), p2.shape[1], self.size, self.size)
            for i, feature in enumerate(features):
                index = (level == i).nonzero()[:, 0]
                if len(index):
                    pooled = roi_align(feature[image : image + 1], own[index], STRIDES[i], self.size)
                    out = out.index_copy(0, index, pooled.to(out.dtype))
            rows.append(out)
        result = torch.cat(rows)
        self.seconds += time.perf_counter() - started
        return result


class BBoxHead(nn.Module):
    def __init__(self, classes, channels=256):
        super().__init__()
        self.shared_fcs = nn.ModuleList([nn.Linear(channels * 49, 1024), nn.Linear(1024, 1024)])
        self.fc_cls = nn.Linear(1024, classes + 1)
        self.fc_reg = nn.Linear(1024, classes * 4)
        for layer in self.shared_fcs:
            nn.init.xavier_uniform_(layer.weight)
        nn.init.normal_(self.fc_cls.weight, std=0.01)
        nn.init.normal_(self.fc_reg.weight, std=0.001)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.shared_fcs:
            x = F.relu(layer(x), inplace=True)
        return self.fc_cls(x).float(), self.fc_reg(x).float()


class RoIHead(nn.Module):
    def __init__(self, classes, samples=512):
        super().__init__()
        self.classes, self.samples = classes, samples
        self.bbox_roi_extractor = RoIExtractor()
        self.bbox_head = BBoxHead(classes)

    def run(self, features, boxes):
        return self.bbox_head(self.bbox_roi_extractor(*features[:4], boxes))

    def loss(self, features, proposals, truths, labels):
        boxes, classes, targets, self.positives = [], [], [], []
        with torch.no_grad():
            for own, truth, label in zip(proposals, truths, labels):
                candidates = torch.cat([truth, own])
                assigned = assign(candidates, truth, 0.5, 0.5, 0.5, False)
                positives, negatives = sample(assigned, self.samples, 0.25)
                boxes.append(candidates[torch.cat([positives, negatives])])
                classes.append(torch.cat([label[assigned[positives]], torch.full((len(negatives),), self.classes)]))
                self.positives.append((candidates[positives], assigned[positives]))
                targets.append(encode(candidates[positives], truth[assigned[positives]], STDS))
        scores, deltas = self.run(features, boxes)
        classes, targets = torch.cat(classes), torch.cat(targets)
        positive = (classes < self.classes).nonzero()[:, 0]
        own = deltas.reshape(len(deltas), -1, 4)[positive, classes[positive]]
        return {
            'loss_cls': F.cross_entropy(scores, classes),
            'loss_bbox': (own - targets).abs().sum() / len(classes),
        }

    def predict(self, features, proposals, score_thr=0.05, max_per_img=100):
        """Per image (boxes, scores, labels) after suppression within each class."""
        scores, deltas = self.run(features, proposals)
        shape = (features[0].shape[2] * 4, features[0].shape[3] * 4)
        results, start = [], 0
        for boxes in proposals:
            rows = slice(start, start + len(boxes))
            start += len(boxes)
            confidence = scores[rows].softmax(1)[:, :-1]
            box, label = (confidence > score_thr).nonzero(as_tuple=True)
            picked = deltas[rows].reshape(len(boxes), -1, 4)[box, label]
            decoded, confidence = decode(boxes[box], picked, STDS, shape), confidence[box, label]
            results.append(class_wise(decoded, confidence, label, 0.5, max_per_img))
        return results

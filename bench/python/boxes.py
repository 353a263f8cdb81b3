"""Anchors, box coding, overlaps, suppression, assignment and sampling, vectorised in torch."""

import math

import torch

STRIDES = (4, 8, 16, 32, 64)
MAX_RATIO = abs(math.log(16 / 1000))


def base_anchors(stride, scales=(8.0,), ratios=(0.5, 1.0, 2.0)):
    h_ratio = torch.tensor(ratios).sqrt()[:, None]
    scales = torch.tensor(scales)
    h, w = (stride * scales * h_ratio).flatten(), (stride * scales / h_ratio).flatten()
    return torch.stack([-w / 2, -h / 2, w / 2, h / 2], 1)


def grid_anchors(sizes, strides=STRIDES, scales=(8.0,)):
    """One [H * W * anchors, 4] tensor per feature level of height and width `sizes`."""
    levels = []
    for (height, width), stride in zip(sizes, strides):
        y, x = torch.meshgrid(torch.arange(height) * stride, torch.arange(width) * stride, indexing='ij')
        shifts = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4).float()
        levels.append((shifts + base_anchors(stride, scales)).reshape(-1, 4))
    return levels


def encode(boxes, targets, stds):
    size, target_size = boxes[:, 2:] - boxes[:, :2], targets[:, 2:] - targets[:, :2]
    centre, target_centre = (boxes[:, 2:] + boxes[:, :2]) / 2, (targets[:, 2:] + targets[:, :2]) / 2
    deltas = torch.cat([(target_centre - centre) / size, (target_size / size).log()], 1)
    return deltas / deltas.new_tensor(stds)


def decode(boxes, deltas, stds, shape):
    """boxes [N, 4], deltas [N, 4] -> [N, 4] clipped to the image of height and width `shape`."""
    deltas = deltas * deltas.new_tensor(stds)
    size, centre = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    centre = centre + deltas[:, :2] * size
    half = size * deltas[:, 2:].clamp(-MAX_RATIO, MAX_RATIO).exp() / 2
    limit = boxes.new_tensor([shape[1], shape[0]])
    corners = [torch.minimum((centre + sign * half).clamp(min=0), limit) for sign in (-1, 1)]
    return torch.cat(corners, 1)


def overlaps(a, b):
    """IoU of every pair, [len(a), len(b)]."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (high - low).clamp_(min=0).prod(2)
    area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return inner / (area(a)[:, None] + area(b)[None] - inner).clamp_(min=1e-6)


def nms(boxes, scores, threshold):
    """Indices kept, best first: all overlaps at once, then one pass over rows of booleans."""
    order = scores.argsort(descending=True)
    ranked = boxes[order]
    covers = (overlaps(ranked, ranked) > threshold).numpy()
    dropped = covers[0] & False if len(covers) else covers
    keep = []
    for i in range(len(covers)):
        if not dropped[i]:
            keep.append(i)
            dropped |= covers[i]
    return order[torch.tensor(keep, dtype=torch.long)]


def class_wise(boxes, scores, labels, threshold, count):
    """(boxes, scores, labels) left by suppression within each class, best first, at most `count`."""
    keep = [torch.zeros(0, dtype=torch.long)]
    for value in labels.unique():
        own = (labels == value).nonzero()[:, 0]
        keep.append(own[nms(boxes[own], scores[own], threshold)])
    keep = torch.cat(keep)
    keep = keep[scores[keep].argsort(descending=True)[:count]]
    return boxes[keep], scores[keep], labels[keep]


def giou(a, b):
    """Generalised IoU of the pairs (a[i], b[i])."""
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    outer = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    area = lambda boxes: (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    union = (area(a) + area(b) - inner).clamp(min=1e-6)
    return inner / union - (outer - union) / outer.clamp(min=1e-6)


def assign(boxes, truths, positive, negative, minimum, low_quality):
    """MaxIoUAssigner: per box the index of its truth, -1 for background, -2 for ignored."""
    if len(truths) == 0:
        return torch.full((len(boxes),), -1, dtype=torch.long)
    iou = overlaps(truths, boxes)
    best, truth = iou.max(0)
    assigned = torch.full((len(boxes),), -2, dtype=torch.long)
    assigned[best < negative] = -1
    assigned = torch.where(best >= positive, truth, assigned)
    if low_quality:
        top = iou.max(1).values
        for i in range(len(truths)):
            if top[i] >= minimum:
                assigned[iou[i] == top[i]] = i
    return assigned


def sample(assigned, count, fraction):
    """RandomSampler: indices of the positive and the negative boxes drawn."""
    positives, negatives = (assigned >= 0).nonzero()[:, 0], (assigned == -1).nonzero()[:, 0]
    positives = positives[torch.randperm(len(positives))[: int(count * fraction)]]
    negatives = negatives[torch.randperm(len(negatives))[: count - len(positives)]]
    return positives, negatives

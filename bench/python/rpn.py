"""Region proposal network (Ren et al., 2015) with MMDetection's defaults."""

import torch
import torch.nn.functional as F
from torch import nn

from boxes import assign, decode, encode, grid_anchors, nms, sample

STDS = (1.0, 1.0, 1.0, 1.0)


class RPNHead(nn.Module):
    def __init__(self, channels=256, nms_pre=2000, max_per_img=1000):
        super().__init__()
        self.nms_pre, self.max_per_img = nms_pre, max_per_img
        self.rpn_conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.rpn_cls = nn.Conv2d(channels, 3, 1)
        self.rpn_reg = nn.Conv2d(channels, 12, 1)
        for conv in (self.rpn_conv, self.rpn_cls, self.rpn_reg):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.zeros_(conv.bias)

    def forward(self, features):
        """Per level scores [N, H * W * 3] and deltas [N, H * W * 3, 4], in float32."""
        scores, deltas = [], []
        for x in features:
            x = F.relu(self.rpn_conv(x), inplace=True)
            scores.append(self.rpn_cls(x).permute(0, 2, 3, 1).flatten(1).float())
            deltas.append(self.rpn_reg(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4).float())
        return scores, deltas

    def loss(self, features, truths):
        scores, deltas = self(features)
        anchors = grid_anchors([x.shape[2:] for x in features])
        every = torch.cat(anchors)
        all_scores, all_deltas = torch.cat(scores, 1), torch.cat(deltas, 1)
        loss_cls = loss_bbox = total = 0
        for i, truth in enumerate(truths):
            assigned = assign(every, truth, 0.7, 0.3, 0.3, True)
            positives, negatives = sample(assigned, 256, 0.5)
            chosen = torch.cat([positives, negatives])
            labels = torch.zeros(len(chosen))
            labels[: len(positives)] = 1
            loss_cls = loss_cls + F.binary_cross_entropy_with_logits(all_scores[i, chosen], labels, reduction='sum')
            targets = encode(every[positives], truth[assigned[positives]], STDS)
            loss_bbox = loss_bbox + (all_deltas[i, positives] - targets).abs().sum()
            total += len(chosen)
        proposals = self.proposals(scores, deltas, anchors, features)
        return {'loss_rpn_cls': loss_cls / total, 'loss_rpn_bbox': loss_bbox / total}, proposals

    @torch.no_grad()
    def proposals(self, scores, deltas, anchors, features):
        """Per image the best boxes after suppression within each level."""
        shape = (features[0].shape[2] * 4, features[0].shape[3] * 4)
        results = []
        for i in range(len(features[0])):
            boxes, confidences = [], []
            for level_scores, level_deltas, level_anchors in zip(scores, deltas, anchors):
                count = min(self.nms_pre, level_scores.shape[1])
                best, index = level_scores[i].sigmoid().topk(count)
                candidates = decode(level_anchors[index], level_deltas[i, index], STDS, shape)
                keep = nms(candidates, best, 0.7)
                boxes.append(candidates[keep])
                confidences.append(best[keep])
            ranked = torch.cat(confidences).argsort(descending=True)[: self.max_per_img]
            results.append(torch.cat(boxes)[ranked])
        return results

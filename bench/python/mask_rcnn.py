"""Mask R-CNN (He et al., 2017): Faster R-CNN with a head that draws a 28x28 mask into every positive region."""

import torch
import torch.nn.functional as F
from torch import nn

from faster_rcnn import FasterRCNN
from roi_head import RoIExtractor, roi_align


class MaskHead(nn.Module):
    def __init__(self, classes, channels=256):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(4))
        self.upsample = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.conv_logits = nn.Conv2d(channels, classes, 1)
        for layer in [*self.convs, self.upsample, self.conv_logits]:
            nn.init.kaiming_normal_(layer.weight, mode='fan_out', nonlinearity='relu')
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x), inplace=True)
        return self.conv_logits(F.relu(self.upsample(x), inplace=True)).float()


class MaskRCNN(FasterRCNN):
    def __init__(self, classes=80):
        super().__init__(50, classes, frozen_stages=1, norm_eval=True)
        self.mask_roi_extractor = RoIExtractor(14)
        self.mask_head = MaskHead(classes)

    def loss(self, images, truths, labels, masks):
        """`masks`: per image bitmaps [K, H, W]."""
        self.rpn_head.nms_pre, self.rpn_head.max_per_img = self.limits[0]
        features = self(images)
        losses, proposals = self.rpn_head.loss(features, truths)
        losses |= self.roi_head.loss(features, proposals, truths, labels)
        positives = self.roi_head.positives
        logits = self.mask_head(self.mask_roi_extractor(*features[:4], [boxes for boxes, _ in positives]))
        wanted, classes = [], []
        for (boxes, index), bitmaps, label in zip(positives, masks, labels):
            classes.append(label[index])
            # every positive crops its own truth's bitmap
            for box, i in zip(boxes, index):
                wanted.append(roi_align(bitmaps[i][None, None].float(), box[None], 1, 28)[0, 0] >= 0.5)
        if not wanted:
            return losses | {'loss_mask': logits.sum() * 0}
        own = logits[torch.arange(len(logits)), torch.cat(classes)]
        return losses | {'loss_mask': F.binary_cross_entropy_with_logits(own, torch.stack(wanted).float())}

    @torch.no_grad()
    def predict(self, images):
        self.rpn_head.nms_pre, self.rpn_head.max_per_img = self.limits[1]
        features = self(images)
        found = self.predict_from(features)
        logits = self.mask_head(self.mask_roi_extractor(*features[:4], [boxes for boxes, _, _ in found]))
        results, start = [], 0
        for boxes, scores, labels in found:
            own = logits[start : start + len(boxes)][torch.arange(len(boxes)), labels].sigmoid()
            start += len(boxes)
            results.append((boxes, scores, labels, [paste(m, b, images.shape[2:]) for m, b in zip(own, boxes)]))
        return results


def paste(mask, box, shape):
    """A 28x28 mask as a bitmap of the whole image."""
    height, width = shape
    y = ((torch.arange(height) + 0.5 - box[1]) / (box[3] - box[1])) * 2 - 1
    x = ((torch.arange(width) + 0.5 - box[0]) / (box[2] - box[0])) * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing='xy'), -1)
    return F.grid_sample(mask[None, None], grid[None], align_corners=False)[0, 0] >= 0.5

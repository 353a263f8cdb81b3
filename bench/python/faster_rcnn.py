"""Faster R-CNN with FPN, put together of the parts in this folder; parameter names are MMDetection's."""

import torch

from resnet import ResNetFPN
from boxes import grid_anchors
from roi_head import RoIHead
from rpn import RPNHead


class FasterRCNN(ResNetFPN):
    def __init__(self, depth, classes, frozen_stages, norm_eval, nms_pre=(2000, 1000), max_per_img=(1000, 1000), samples=512):
        super().__init__(depth, frozen_stages, norm_eval)
        self.rpn_head = RPNHead()
        self.roi_head = RoIHead(classes, samples)
        self.limits = list(zip(nms_pre, max_per_img))

    def loss(self, images, truths, labels):
        self.rpn_head.nms_pre, self.rpn_head.max_per_img = self.limits[0]
        features = self(images)
        losses, proposals = self.rpn_head.loss(features, truths)
        return losses | self.roi_head.loss(features, proposals, truths, labels)

    @torch.no_grad()
    def predict(self, images):
        self.rpn_head.nms_pre, self.rpn_head.max_per_img = self.limits[1]
        return self.predict_from(self(images))

    def predict_from(self, features):
        scores, deltas = self.rpn_head(features)
        anchors = grid_anchors([x.shape[2:] for x in features])
        return self.roi_head.predict(features, self.rpn_head.proposals(scores, deltas, anchors, features))

"""R-FCN (Dai et al., NeurIPS 2016) by its formulas, as modules that MMDetection builds: zoo.py runs it whole. Position-sensitive pooling is
torchvision's formula, but for the last row and column, which its forward pass leaves out and its backward pass has; differentiated by
torch. Run as a program it writes ../ps_roi_pool.json: values in float64, gradients of sum(value * sgn('g')).
Needs mmdet 3.3.0, mmcv 2.1.0. Run: python rfcn_reference.py"""
import json
import math

import mmcv.ops
import numpy as np
import torch
from mmcv.cnn import ConvModule
from mmdet.models.detectors import TwoStageDetector
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.registry import MODELS
from torch import nn

from deform_roi_pool import deform_roi_pool


def away(v):
    return int(math.copysign(math.floor(abs(v) + 0.5), v))


def ps_roi_pool(x, rois, size, scale):
    """[N, C h w, H, W], [K, 5] -> [K, C, h, w]"""
    h, w = size
    H, W = x.shape[2:]
    pooled = []
    for roi in rois.detach().numpy().astype(np.float32):
        maps = x[int(roi[0])].reshape(-1, h, w, H, W)
        x1, y1, x2, y2 = (away(np.float32(v * np.float32(scale))) for v in roi[1:])
        bw, bh = np.float32(max(x2 - x1, 1)) / np.float32(w), np.float32(max(y2 - y1, 1)) / np.float32(h)
        rows = []
        for i in range(h):
            top, bottom = (min(max(v + y1, 0), H) for v in (math.floor(np.float32(i) * bh), math.ceil(np.float32(i + 1) * bh)))
            for j in range(w):
                left, right = (min(max(v + x1, 0), W) for v in (math.floor(np.float32(j) * bw), math.ceil(np.float32(j + 1) * bw)))
                empty = bottom <= top or right <= left
                rows.append(x.new_zeros(maps.shape[0]) if empty else maps[:, i, j, top:bottom, left:right].mean((1, 2)))
        pooled.append(torch.stack(rows, 1).reshape(-1, h, w))
    return torch.stack(pooled)


def ps_roi_align(x, rois, size, scale, sampling_ratio=0):
    """RoIAlign, of each bin the channels of its own."""
    h, w = size
    pooled = deform_roi_pool(x, rois, None, size, scale, sampling_ratio).reshape(len(rois), -1, h, w, h, w)
    return torch.stack([torch.stack([pooled[:, :, i, j, i, j] for j in range(w)], -1) for i in range(h)], -2)


class PSRoIPool(nn.Module):
    def __init__(self, output_size, spatial_scale):
        super().__init__()
        self.output_size, self.spatial_scale = (output_size, output_size), spatial_scale

    def forward(self, x, rois):
        return ps_roi_pool(x, rois, self.output_size, self.spatial_scale)


class PSRoIAlign(PSRoIPool):
    def forward(self, x, rois):
        return ps_roi_align(x, rois, self.output_size, self.spatial_scale)


mmcv.ops.PSRoIPool, mmcv.ops.PSRoIAlign = PSRoIPool, PSRoIAlign


@MODELS.register_module()
class RFCNBBoxHead(BBoxHead):
    def __init__(self, **options):
        super().__init__(with_avg_pool=True, **options)
        del self.fc_cls, self.fc_reg
        self._is_init = True

    def forward(self, x):
        votes = x.mean((2, 3))
        return votes[:, :self.num_classes + 1], votes[:, self.num_classes + 1:]


@MODELS.register_module()
class RFCNRoIHead(StandardRoIHead):
    def __init__(self, in_channels, feat_channels, **options):
        super().__init__(**options)
        head = self.bbox_head
        h, w = self.bbox_roi_extractor.roi_layers[0].output_size
        self.conv_new = ConvModule(in_channels, feat_channels, 1)
        self.rfcn_cls = nn.Conv2d(feat_channels, h * w * (head.num_classes + 1), 1)
        self.rfcn_reg = nn.Conv2d(feat_channels, h * w * 4 * (1 if head.reg_class_agnostic else head.num_classes), 1)

    def maps(self, x):
        y = self.conv_new(x[-1])
        return (torch.cat([self.rfcn_cls(y), self.rfcn_reg(y)], 1), )

    def loss(self, x, *rest, **more):
        return super().loss(self.maps(x), *rest, **more)

    def predict(self, x, *rest, **more):
        return super().predict(self.maps(x), *rest, **more)


@MODELS.register_module()
class RFCN(TwoStageDetector):
    def __init__(self, **options):
        super().__init__(**options)
        both, predict = self.rpn_head.loss_and_predict, self.rpn_head.predict
        self.rpn_head.loss_and_predict = lambda x, *rest, **more: both(x[:1], *rest, **more)
        self.rpn_head.predict = lambda x, *rest, **more: predict(x[:1], *rest, **more)


if __name__ == '__main__':
    from deform_roi_pool import ROIS, rounded
    from heads_single import OUT, sgn

    def case(pool, size, **more):
        h, w = size
        x = torch.as_tensor(sgn('x', (2, 3 * h * w, 11, 13))).double().requires_grad_()
        y = pool(x, torch.tensor(ROIS).double(), size, 0.25, **more)
        (y * torch.as_tensor(sgn('g', tuple(y.shape))).double()).sum().backward()
        return dict(size=size, shape=list(y.shape), out=rounded(y), grad=rounded(x.grad[:, ::5]), **more)

    cases = dict(pool=case(ps_roi_pool, [3, 3]), pool_oblong=case(ps_roi_pool, [1, 2]), align=case(ps_roi_align, [3, 2]),
                 align_fixed=case(ps_roi_align, [2, 2], sampling_ratio=2))
    (OUT / 'ps_roi_pool.json').write_text(json.dumps(dict(rois=ROIS, cases=cases), separators=(',', ':')) + '\n')

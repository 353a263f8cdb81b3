"""mmcv's deformable RoI pooling by its formula, since mmcv has it for GPUs alone: on tensors of any precision, differentiated by
torch. Run as a program it writes ../deform_roi_pool.json: values in float64, gradients of sum(value * sgn('g')).
Needs what heads_single.py needs. Run: python deform_roi_pool.py"""
import json
import math
import pathlib

import numpy as np
import torch


def bilinear(feature, y, x):
    """[C, H, W] at points [P] -> [C, P]; 0 beyond a pixel outside, the border's value nearer than that."""
    _, h, w = feature.shape
    inside = (y >= -1) & (y <= h) & (x >= -1) & (x <= w)
    y, x = y.clamp(0, h - 1), x.clamp(0, w - 1)
    y0, x0 = y.detach().floor().long(), x.detach().floor().long()
    y1, x1 = (y0 + 1).clamp(max=h - 1), (x0 + 1).clamp(max=w - 1)
    ly, lx = y - y0, x - x0
    value = (feature[:, y0, x0] * ((1 - ly) * (1 - lx)) + feature[:, y0, x1] * ((1 - ly) * lx) +
             feature[:, y1, x0] * (ly * (1 - lx)) + feature[:, y1, x1] * (ly * lx))
    return value * inside


def deform_roi_pool(x, rois, offset, output_size, spatial_scale=1.0, sampling_ratio=0, gamma=0.1):
    """[N, C, H, W], [K, 5], [K, 2, h, w] or None -> [K, C, h, w]"""
    h, w = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    f = np.float32
    pooled = []
    for k, roi in enumerate(rois.detach().numpy().astype(f)):
        x1, y1, x2, y2 = (f(f(v * f(spatial_scale)) - f(0.5)) for v in roi[1:])
        width, height = f(x2 - x1), f(y2 - y1)
        rows = sampling_ratio if sampling_ratio > 0 else math.ceil(f(height / f(h)))
        columns = sampling_ratio if sampling_ratio > 0 else math.ceil(f(width / f(w)))
        x1, y1, width, height = map(float, (x1, y1, width, height))
        by, bx, iy, ix = np.mgrid[:h, :w, :rows, :columns]
        ys = torch.from_numpy(y1 + height / h * (by + (iy + 0.5) / max(rows, 1))).to(x.dtype)
        xs = torch.from_numpy(x1 + width / w * (bx + (ix + 0.5) / max(columns, 1))).to(x.dtype)
        if offset is not None:
            xs = xs + gamma * width * offset[k, 0][:, :, None, None]
            ys = ys + gamma * height * offset[k, 1][:, :, None, None]
        value = bilinear(x[int(roi[0])], ys.reshape(-1), xs.reshape(-1)).reshape(x.shape[1], h, w, -1)
        pooled.append(value.sum(-1) / max(rows * columns, 1))
    return torch.stack(pooled) if pooled else x.new_zeros(0, x.shape[1], h, w)


# within the map, across each border, outside of it, without a size, larger than it
ROIS = [[0, 3, 5, 30, 28], [1, -9, -6, 21, 40], [0, 25, 12, 60, 47], [1, 200, 200, 240, 230], [0, 8, 8, 8, 8], [1, -20, -20, 70, 60],
        [1, 1, 30, 44, 33], [0, 10.3, 4.1, 16.2, 39.7]]
CASES = dict(adaptive=dict(sampling_ratio=0), fixed=dict(sampling_ratio=2), far=dict(sampling_ratio=0, gamma=0.5, output_size=[2, 4]),
             plain=dict(sampling_ratio=0))


def rounded(t):
    return [float(f'{v:.7g}') for v in t.detach().flatten().tolist()]


def case(name, sampling_ratio, gamma=0.1, output_size=(3, 3)):
    from heads_single import sgn
    x = torch.as_tensor(sgn('x', (2, 3, 11, 13))).double().requires_grad_()
    rois = torch.tensor(ROIS).double()
    h, w = output_size
    offset = None if name == 'plain' else torch.as_tensor(sgn('o', (len(ROIS), 2, h, w))).double().requires_grad_()
    y = deform_roi_pool(x, rois, offset, output_size, 0.25, sampling_ratio, gamma)
    (y * torch.as_tensor(sgn('g', tuple(y.shape))).double()).sum().backward()
    grads = dict(x=rounded(x.grad), **({} if offset is None else dict(offset=rounded(offset.grad))))
    return dict(options=dict(samplingRatio=sampling_ratio, gamma=gamma, outputSize=list(output_size), spatialScale=0.25),
                shape=list(y.shape), out=rounded(y), grads=grads)


if __name__ == '__main__':
    path = pathlib.Path(__file__).parent.parent / 'deform_roi_pool.json'
    path.write_text(json.dumps(dict(rois=ROIS, cases={k: case(k, **v) for k, v in CASES.items()}), separators=(',', ':')) + '\n')
    print(path.name, path.stat().st_size)

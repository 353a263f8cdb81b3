"""Values of options that are rarely set, ../legal_options.json: Pillow's resizing, its transparent gray images, NormedLinear,
NormedConv2d and CrossEntropyLoss with one number as class_weight.

Needs what heads_single.py needs, and Pillow 10 (13 resizes along y first where that is cheaper, which rounds otherwise). Run: python legal_options.py
"""
import base64
import io
import json
import pathlib

import mmcv
import numpy as np
import torch
from mmdet.registry import MODELS
from PIL import Image

import mmdet.models  # noqa: F401

y, x = np.mgrid[:23, :31]
image = np.stack([(3 * x + 5 * y) % 256, (x * x // 7 + 11 * y) % 256, (x // 4 + y // 4) % 2 * 160 + x * y % 96], -1).astype(np.uint8)
text = lambda array: base64.b64encode(np.ascontiguousarray(array)).decode()
sizes = [(31, 12), (12, 23), (7, 5), (30, 22), (62, 46), (50, 9), (1, 1)]
resized = [dict(size=s, pixels=text(mmcv.imresize(image, s, backend='pillow'))) for s in sizes]

gray, alpha = (x * 8).astype(np.uint8), (y * 11).astype(np.uint8)
file = io.BytesIO()
Image.fromarray(np.stack([gray, alpha], -1), 'LA').save(file, 'png')
bgr = mmcv.imfrombytes(file.getvalue(), backend='pillow', channel_order='rgb')

r = lambda *shape: torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape).sin()
layer = MODELS.build(dict(type='NormedLinear', in_features=6, out_features=4, tempearture=15, power=1.5, eps=1e-4))
layer.weight.data, layer.bias.data = r(4, 6) * 0.3, r(4) * 0.1
v = (r(3, 6) + 0.2).requires_grad_()
v.data[1] = 0
out = layer(v)
(out * r(3, 4)).sum().backward()
normed = dict(out=out.tolist(), grad=v.grad.tolist(), grad_weight=layer.weight.grad.tolist())

normed_conv = {}
for name, over_kernel in dict(position=False, kernel=True).items():
    layer = MODELS.build(dict(type='NormedConv2d', in_channels=2, out_channels=3, kernel_size=(1, 3), padding=(0, 1), tempearture=15,
                              power=1.5, eps=1e-4, norm_over_kernel=over_kernel))
    layer.weight.data, layer.bias.data = r(3, 2, 1, 3) * 0.3, r(3) * 0.1
    v = (r(1, 2, 2, 4) + 0.2).requires_grad_()
    v.data[:, :, 0, 1] = 0
    out = layer(v)
    (out * r(1, 3, 2, 4)).sum().backward()
    normed_conv[name] = {key: t.flatten().tolist() for key, t in dict(out=out, grad=v.grad, grad_weight=layer.weight.grad).items()}

losses = {}
for name, cfg in dict(sigmoid=dict(use_sigmoid=True), mask=dict(use_mask=True)).items():
    loss = MODELS.build(dict(type='CrossEntropyLoss', class_weight=2.5, loss_weight=0.5, **cfg))
    if name == 'mask':
        losses[name] = float(loss(r(2, 3, 4, 4) * 3, (r(2, 4, 4) > 0).float(), torch.tensor([0, 2])))
    else:
        losses[name] = float(loss(r(5, 3) * 3, torch.tensor([0, 1, 2, 3, 1])))
path = pathlib.Path(__file__).parent.parent / 'legal_options.json'
path.write_text(json.dumps(dict(resized=resized, transparent=dict(file=base64.b64encode(file.getvalue()).decode(), rgb=text(bgr)),
                                normed=normed, normed_conv=normed_conv, losses=losses), separators=(',', ':')) + '\n')

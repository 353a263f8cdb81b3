# Writes test/golden/deformable.json: deformable convolution (v1, v2) and multi-scale deformable attention, outputs and
# gradients of sum(output * sgn("g")) in every input. Tensors are by formula (golden README); maps are NCHW.
# Needs mmcv 2.1.0 with deform_conv and modulated_deform_conv compiled for the CPU, and torch.
# Run: python test/golden/generate/deformable.py
import json
import pathlib

import torch
from mmcv.ops import DeformConv2d, DeformConv2dPack, ModulatedDeformConv2d, ModulatedDeformConv2dPack
from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

MASK = 0xFFFFFFFF


def fnv(name):
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & MASK
    return h


def sgn(name, shape, scale=1.0, shift=0.0):
    out, start, n = [], fnv(name), 1
    for d in shape:
        n *= d
    for i in range(n):
        x = (i + start) & MASK
        x ^= x >> 16
        x = (x * 0x85EBCA6B) & MASK
        x ^= x >> 13
        x = (x * 0xC2B2AE35) & MASK
        x ^= x >> 16
        out.append((2 * (x / 2**32) - 1) * scale + shift)
    return torch.tensor(out, dtype=torch.float64).reshape(shape).float()


def rounded(t):
    return [float(f'{v:.6g}') for v in t.detach().double().flatten().tolist()]


def entry(y, leaves):
    (y * sgn('g', y.shape)).sum().backward()
    return {'shape': list(y.shape), 'out': rounded(y), 'grads': {k: rounded(t.grad) for k, t in leaves.items()}}


def convolution(modulated, n, cin, cout, h, w, kernel=3, deform_groups=1, spread=2.0, **options):
    kind = ModulatedDeformConv2d if modulated else DeformConv2d
    more = {'bias': True} if modulated else {}
    module = kind(cin, cout, kernel, deform_groups=deform_groups, **options, **more)
    module.weight.data = sgn('w', module.weight.shape)
    leaves = {'weight': module.weight}
    if modulated:
        module.bias.data = sgn('b', module.bias.shape)
        leaves['bias'] = module.bias
    taps = kernel * kernel if isinstance(kernel, int) else kernel[0] * kernel[1]
    plain = torch.nn.Conv2d(cin, 1, kernel, **{k: v for k, v in options.items() if k != 'groups'})
    padded = torch.zeros(1, cin, max(h, module.kernel_size[0]), max(w, module.kernel_size[1]))
    oh, ow = plain(padded).shape[2:] if h >= module.kernel_size[0] else plain(torch.zeros(1, cin, h, w)).shape[2:]
    leaves['x'] = sgn('x', (n, cin, h, w)).requires_grad_()
    leaves['offset'] = sgn('o', (n, 2 * taps * deform_groups, oh, ow), spread, 0.013).requires_grad_()
    arguments = [leaves['x'], leaves['offset']]
    if modulated:
        leaves['mask'] = sgn('m', (n, taps * deform_groups, oh, ow), 0.5, 0.5).requires_grad_()
        arguments.append(leaves['mask'])
    options = {'kernel': kernel, 'deform_groups': deform_groups, 'spread': spread, 'input': [n, cin, h, w], **options}
    return {'modulated': modulated, 'options': options, **entry(module(*arguments), leaves)}


def pack(kind, n, cin, cout, h, w, **options):
    """The layer with its own offset branch, every parameter by formula of its name (biases too)."""
    module = kind(cin, cout, 3, padding=1, **options)
    leaves = {}
    for name, p in module.named_parameters():
        p.data = sgn(name, p.shape, 0.3)
        leaves[name] = p
    leaves['x'] = sgn('x', (n, cin, h, w)).requires_grad_()
    order = [name for name, _ in module.named_parameters()]
    return {'input': [n, cin, h, w], 'out_channels': cout, 'options': options, 'order': order, **entry(module(leaves['x']), leaves)}


def attention(n, queries, heads, width, points, shapes, dtype=torch.float64):
    area = sum(h * w for h, w in shapes)
    leaves = {
        'value': sgn('v', (n, area, heads * width)).to(dtype).requires_grad_(),
        'locations': sgn('l', (n, queries, heads, len(shapes), points, 2), 0.62, 0.5).to(dtype).requires_grad_(),
        'weights': sgn('a', (n, queries, heads, len(shapes), points)).to(dtype).requires_grad_(),
    }
    value = leaves['value'].view(n, area, heads, width)
    y = multi_scale_deformable_attn_pytorch(value, torch.tensor(shapes), leaves['locations'], leaves['weights'])
    return {'options': {'n': n, 'queries': queries, 'heads': heads, 'width': width, 'points': points, 'shapes': shapes},
            **entry(y, leaves)}


result = {
    'convolutions': [
        convolution(False, 2, 4, 6, 6, 7, padding=1),
        convolution(False, 1, 4, 4, 7, 8, padding=2, dilation=2, stride=2, groups=2, deform_groups=2),
        convolution(True, 2, 4, 6, 6, 7, padding=1),
        convolution(True, 1, 8, 4, 9, 7, padding=1, stride=2, groups=2, deform_groups=4),
        convolution(True, 1, 4, 4, 6, 5, kernel=1, groups=4, spread=7.0),
        convolution(True, 1, 2, 3, 6, 6, dilation=2, padding=2, deform_groups=2, spread=0.4),
    ],
    'packs': {
        'DCN': pack(DeformConv2dPack, 1, 4, 6, 5, 6, deform_groups=2),
        'DCNv2': pack(ModulatedDeformConv2dPack, 1, 4, 6, 5, 6, deform_groups=2, stride=2),
        'DCNv2 without bias': pack(ModulatedDeformConv2dPack, 1, 4, 4, 5, 6, groups=2, bias=False),
    },
    'attentions': [
        attention(2, 3, 2, 4, 2, [[4, 5], [2, 3]]),
        attention(1, 5, 4, 3, 4, [[5, 4], [3, 2], [1, 1]]),
        attention(1, 2, 1, 40, 1, [[3, 3]]),
    ],
}
target = pathlib.Path(__file__).parent.parent / 'deformable.json'
target.write_text(json.dumps(result, separators=(',', ':')) + '\n')
print(target, target.stat().st_size)

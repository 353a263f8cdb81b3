"""The blocks that MMDetection has no module of: BiFPN, ASFF, SFAM, SPP, ASPP, RFB, SAM and CBAM as necks, by the formulas of their
papers in plain torch, in double precision. Writes ../neck_<name>.safetensors in the format of necks.py, which it needs beside it.
CBAM's layer is MMYOLO's. Run: python test/golden/generate/blocks.py [part of a name]..."""
import sys

import torch
from mmyolo.models.plugins.cbam import CBAM
from torch import nn
from torch.nn import functional as F

from necks import reference

swish = lambda x: x * torch.sigmoid(x)
leaky = lambda x: torch.where(x > 0, x, 0.1 * x)
same = lambda x: x
larger = lambda x, y: F.interpolate(x, size=y.shape[2:], mode='nearest')


class Conv(nn.Module):
    """Convolution, batch norm (or a bias) and activation."""

    def __init__(self, a, b, k=1, stride=1, dilation=1, act=F.relu, norm=True, eps=1e-5):
        super().__init__()
        self.conv = nn.Conv2d(a, b, k, stride, dilation * (k // 2), dilation, bias=not norm)
        if norm:
            self.bn = nn.BatchNorm2d(b, eps=eps)
        self.act = act

    def forward(self, x):
        return self.act(self.bn(self.conv(x)) if hasattr(self, 'bn') else self.conv(x))


class OnLevels(nn.Module):
    """A block on each of some levels."""

    def __init__(self, levels, build, channels):
        super().__init__()
        self.levels = [level % len(channels) for level in levels]
        self.blocks = nn.ModuleDict({str(i): build(channels[i]) for i in sorted(self.levels)})

    def forward(self, xs):
        return [self.blocks[str(i)](x) if i in self.levels else x + 0 for i, x in enumerate(xs)]


class SPP(nn.Module):
    def __init__(self, a, b, sizes):
        super().__init__()
        self.conv1 = Conv(a, a // 2, act=swish, eps=1e-3)
        self.conv2 = Conv(a // 2 * (len(sizes) + 1), b, act=swish, eps=1e-3)
        self.sizes = sizes

    def forward(self, x):
        x = self.conv1(x)
        return self.conv2(torch.cat([x] + [F.max_pool2d(x, k, 1, k // 2) for k in self.sizes], 1))


class ASPP(nn.Module):
    def __init__(self, a, b, dilations, mid, pooling):
        super().__init__()
        self.branches = nn.ModuleList([Conv(a, mid, 3 if d > 1 else 1, dilation=d) for d in dilations])
        self.image_pool = Conv(a, mid) if pooling else None
        self.project = Conv(mid * (len(dilations) + pooling), b)

    def forward(self, x):
        maps = [branch(x) for branch in self.branches]
        if self.image_pool is not None:
            maps.append(self.image_pool(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:]))
        return self.project(torch.cat(maps, 1))


class RFB(nn.Module):
    def __init__(self, a, b, scale, visual, reduction):
        super().__init__()
        h = a // reduction
        reach = lambda d: Conv(2 * h, 2 * h, 3, dilation=d, act=same)
        self.branches = nn.ModuleList([
            nn.Sequential(Conv(a, 2 * h), reach(visual)),
            nn.Sequential(Conv(a, h), Conv(h, 2 * h, 3), reach(visual + 1)),
            nn.Sequential(Conv(a, h), Conv(h, h // 2 * 3, 3), Conv(h // 2 * 3, 2 * h, 3), reach(2 * visual + 1))])
        self.conv_linear, self.shortcut, self.scale = Conv(6 * h, b, act=same), Conv(a, b, act=same), scale

    def forward(self, x):
        joined = self.conv_linear(torch.cat([branch(x) for branch in self.branches], 1))
        return F.relu(self.scale * joined + self.shortcut(x))


class Spatial(nn.Module):
    """M_s(F) = sigma(f([mean; max]))."""

    def __init__(self, k):
        super().__init__()
        self.conv = Conv(2, 1, k, act=torch.sigmoid, norm=False)

    def forward(self, x):
        return self.conv(torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1))


class SAM(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def forward(self, x):
        return x * self.attention(x)


class Fusion(nn.Module):
    """y = alpha x_1 + beta x_2 + gamma x_3 of ASFF, for the level l."""

    def __init__(self, l, channels, out, compressed):
        super().__init__()
        c, self.l = channels[l], l
        self.resizes = nn.ModuleList([
            nn.ModuleList([]) if i == l else nn.ModuleList([Conv(n, c, 3, 2, act=leaky)]) if i < l else Conv(n, c, act=leaky)
            for i, n in enumerate(channels)])
        self.weights = nn.ModuleList([Conv(c, compressed, act=leaky) for _ in channels])
        self.weight_levels = nn.Conv2d(compressed * len(channels), len(channels), 1)
        self.expand = Conv(c, out, 3, act=leaky)

    def forward(self, xs):
        maps = []
        for i, x in enumerate(xs):
            if i > self.l:
                x = larger(self.resizes[i](x), xs[self.l])
            elif i < self.l:
                for _ in range(self.l - i - 1):
                    x = F.max_pool2d(x, 3, 2, 1)
                x = self.resizes[i][0](x)
            maps.append(x)
        lambdas = self.weight_levels(torch.cat([w(x) for w, x in zip(self.weights, maps)], 1))
        e = torch.exp(lambdas)
        alpha = e / e.sum(1, keepdim=True)
        return self.expand(sum(alpha[:, i:i + 1] * x for i, x in enumerate(maps)))


class ASFF(nn.Module):
    def __init__(self, channels, out, compressed):
        super().__init__()
        self.fusions = nn.ModuleList([Fusion(l, channels, n, compressed) for l, n in enumerate(out)])

    def forward(self, xs):
        return [fusion(xs) for fusion in self.fusions]


def halved(x):
    """A 3x3 pooling of every second pixel, aligned as TensorFlow's."""
    h, w = x.shape[2:]
    return F.max_pool2d(F.pad(x, (w % 2, 1, h % 2, 1), value=float('-inf')), 3, 2)


class Block(nn.Module):
    """The convolutions of a node, or of an entering level."""

    def __init__(self, a, b, after, norm, separable):
        super().__init__()
        if separable:
            self.depthwise_conv = nn.Conv2d(a, a, 3, padding=1, groups=a, bias=False)
            self.pointwise_conv = nn.Conv2d(a, b, 1)
        else:
            self.down_conv = nn.Conv2d(a, b, 1)
        self.bn = nn.BatchNorm2d(b, eps=1e-3) if norm else nn.Identity()
        self.after = after

    def forward(self, x):
        for conv in (m for m in self.children() if isinstance(m, nn.Conv2d)):
            x = conv(x)
        x = self.bn(x)
        return swish(x) if self.after else x


class BiFPNStage(nn.Module):
    """EfficientDet's section 3: O = sum w_i I_i / (epsilon + sum w_j), of levels 3, 4, ..."""

    def __init__(self, channels, c, outs, first, epsilon, after, norm):
        super().__init__()
        self.own, self.top = [i + 3 for i in range(len(channels))], outs + 2
        self.levels, self.first, self.epsilon, self.after = list(range(3, outs + 3)), first, epsilon, after
        for l in self.levels[-2::-1]:
            setattr(self, f'p{l}_w1', nn.Parameter(torch.ones(2)))
        for l in self.levels[1:]:
            setattr(self, f'p{l}_w2', nn.Parameter(torch.ones(2 if l == self.top else 3)))
        block = lambda a, separable: Block(a, c, after, norm, separable)
        if first:
            last = self.own[-1]
            for l in reversed(self.own):
                self.add_module(f'p{l}_down_channel', block(channels[l - 3], False))
            if self.top > last:
                self.add_module(f'p{last}_to_p{last + 1}', nn.Sequential(block(channels[-1], False)))
            for l in self.own[1:]:
                if l < self.top:
                    self.add_module(f'p{l}_level_connection', block(channels[l - 3], False))
        for l in self.levels[-2::-1]:
            self.add_module(f'conv{l}_up', block(c, True))
        for l in self.levels[1:]:
            self.add_module(f'conv{l}_down', block(c, True))

    def fuse(self, weights, conv, maps):
        w = F.relu(getattr(self, weights))
        x = sum(v * m for v, m in zip(w / (w.sum() + self.epsilon), maps))
        return getattr(self, conv)(x if self.after else swish(x))

    def forward(self, xs):
        p = dict(zip(self.levels, xs))
        again = {}
        if self.first:
            last = self.own[-1]
            p = {l: getattr(self, f'p{l}_down_channel')(x) for l, x in zip(self.own, xs)}
            again = {l: getattr(self, f'p{l}_level_connection')(x) for l, x in zip(self.own, xs) if hasattr(self, f'p{l}_level_connection')}
            for l in self.levels[len(xs):]:
                p[l] = halved(getattr(self, f'p{last}_to_p{l}')(xs[-1]) if l == last + 1 else p[l - 1])
        up = dict(p)
        for l in self.levels[-2::-1]:
            up[l] = self.fuse(f'p{l}_w1', f'conv{l}_up', [p[l], larger(up[l + 1], p[l])])
        outs = [up[3]]
        for l in self.levels[1:]:
            maps = [again.get(l, p[l])] + ([up[l]] if l < self.top else []) + [halved(outs[-1])]
            outs.append(self.fuse(f'p{l}_w2', f'conv{l}_down', maps))
        return outs


class BiFPN(nn.Module):
    def __init__(self, num_stages, in_channels, out_channels, num_outs=5, start_level=0, epsilon=1e-4, conv_bn_act_pattern=False,
                 apply_bn_for_resampling=True):
        super().__init__()
        self.start = start_level
        self.bifpn = nn.ModuleList([BiFPNStage(in_channels[start_level:], out_channels, num_outs, i == 0, epsilon, conv_bn_act_pattern,
                                               apply_bn_for_resampling) for i in range(num_stages)])

    def forward(self, xs):
        xs = xs[self.start:]
        for stage in self.bifpn:
            xs = stage(xs)
        return xs


class TUM(nn.Module):
    def __init__(self, a, c, scales, smooth):
        super().__init__()
        steps = range(scales - 1)
        self.layers = nn.ModuleList([Conv(a if i == 0 else c, c, 3, 2) for i in steps])
        self.toplayer = Conv(c, c)
        self.latlayer = nn.ModuleList([Conv(a if i == scales - 2 else c, c, 3) for i in steps])
        self.smooth = nn.ModuleList([Conv(c, c) for _ in steps]) if smooth else None

    def forward(self, x):
        down = [x]
        for layer in self.layers:
            down.append(layer(down[-1]))
        up = [self.toplayer(down.pop())]
        for lateral in self.latlayer:
            own = lateral(down.pop())
            up.append(larger(up[-1], own) + own)
        return up if self.smooth is None else up[:1] + [s(y) for s, y in zip(self.smooth, up[1:])]


class SE(nn.Module):
    def __init__(self, c, hidden):
        super().__init__()
        self.fc1, self.fc2 = Conv(c, hidden, norm=False), Conv(hidden, c, act=torch.sigmoid, norm=False)

    def forward(self, x):
        return x * self.fc2(self.fc1(x.mean((2, 3), keepdim=True)))


class SFAM(nn.Module):
    def __init__(self, in_channels, levels, base_channels, planes, num_levels, num_scales, compress_ratio=16, smooth=True, channel_attention=True):
        super().__init__()
        (a, b), half, self.levels = base_channels, planes // 2, levels
        self.reduce, self.up_reduce = Conv(in_channels[levels[0]], a, 3), Conv(in_channels[levels[1]], b)
        self.leach = nn.ModuleList([Conv(a + b, half) for _ in range(num_levels)])
        self.tums = nn.ModuleList([TUM(half if i == 0 else half + planes, planes, num_scales, smooth) for i in range(num_levels)])
        c = planes * num_levels
        self.attention = nn.ModuleList([SE(c, c // compress_ratio) for _ in range(num_scales)]) if channel_attention else None

    def forward(self, xs):
        x = self.reduce(xs[self.levels[0]])
        base = torch.cat([x, larger(self.up_reduce(xs[self.levels[1]]), x)], 1)
        pyramids = []
        for leach, tum in zip(self.leach, self.tums):
            own = leach(base)
            pyramids.append(tum(torch.cat([own, pyramids[-1][-1]], 1) if pyramids else own))
        joined = [torch.cat(maps, 1) for maps in zip(*pyramids)][::-1]
        return joined if self.attention is None else [se(x) for se, x in zip(self.attention, joined)]


def of(cls):
    return lambda cfg: cls(**{k: v for k, v in cfg.items() if k != 'type'})


def on_levels(build):
    return lambda cfg: OnLevels(cfg['levels'], lambda c: build(c, cfg), cfg['in_channels'])


pyramid = [[2, 8, 12, 10], [2, 12, 6, 5], [2, 16, 3, 3]]
C = [8, 12, 16]
last, every = dict(in_channels=C, levels=[-1]), dict(in_channels=C, levels=[0, 1, 2])
CASES = {
    'spp': (on_levels(lambda c, cfg: SPP(c, cfg['out_channels'], cfg['kernel_sizes'])), dict(type='SPP', **last, out_channels=12, kernel_sizes=[3, 5])),
    'aspp': (on_levels(lambda c, cfg: ASPP(c, cfg['out_channels'], cfg['dilations'], cfg['mid_channels'], True)),
             dict(type='ASPP', in_channels=C, levels=[0, 2], out_channels=8, mid_channels=4, dilations=[1, 2, 3])),
    'rfb': (on_levels(lambda c, cfg: RFB(c, c, cfg['scale'], 1, cfg['reduction'])), dict(type='RFB', in_channels=C, levels=[0, -1], scale=0.5, reduction=4)),
    'sam': (on_levels(lambda c, cfg: SAM(Spatial(7))), dict(type='SAM', **every)),
    'sam_pointwise': (on_levels(lambda c, cfg: SAM(Conv(c, c, act=torch.sigmoid))), dict(type='SAM', **every, mode='pointwise', norm_cfg=dict(type='BN'))),
    'cbam': (on_levels(lambda c, cfg: CBAM(c, cfg['reduce_ratio'], cfg['kernel_size'])), dict(type='CBAM', **every, reduce_ratio=4, kernel_size=3)),
    'asff': (lambda cfg: ASFF(C, cfg['out_channels'], cfg['compress_channels']), dict(type='ASFF', in_channels=C, out_channels=[6, 8, 10], compress_channels=4)),
    'bifpn': (of(BiFPN), dict(type='BiFPN', num_stages=2, in_channels=[4, *C], out_channels=6, start_level=1)),
    'bifpn_after': (of(BiFPN), dict(type='BiFPN', num_stages=2, in_channels=C, out_channels=4, num_outs=3, conv_bn_act_pattern=True, epsilon=0.1)),
    'sfam': (of(SFAM), dict(type='SFAM', in_channels=C, levels=[0, 1], base_channels=[6, 4], planes=4, num_levels=2, num_scales=3, compress_ratio=4)),
    'sfam_joined': (of(SFAM), dict(type='SFAM', in_channels=C, levels=[1, 2], base_channels=[4, 4], planes=4, num_levels=2, num_scales=2, smooth=False, channel_attention=False)),
}

if __name__ == '__main__':
    for name, (build, cfg) in CASES.items():
        if not sys.argv[1:] or any(part in name for part in sys.argv[1:]):
            shapes = [[2, 4, 24, 20]] + pyramid if len(cfg['in_channels']) == 4 else pyramid
            reference(f'neck_{name}', build, cfg, shapes, exact=True)

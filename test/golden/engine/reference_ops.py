"""Reference implementations of the engine's operations in plain torch, run in float64.

Tensors are laid out as TensorFlow.js has them (activations NHWC, filters HWIO). Names and attributes are those of the
conformance table in test/engine/conformance.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

OPS = {}


def op(function):
    OPS[function.__name__.rstrip('_')] = function
    return function


def simple(**functions):
    for name, function in functions.items():
        # torch's own functions name their argument otherwise
        own = getattr(function, '__name__', '') == '<lambda>'
        OPS[name] = function if own else (lambda a, f=function: f(a))


# Elementwise ---------------------------------------------------------------------------------------------------------

simple(
    add=lambda a, b: a + b,
    sub=lambda a, b: a - b,
    mul=lambda a, b: a * b,
    div=lambda a, b: a / b,
    maximum=lambda a, b: torch.maximum(a, b),
    minimum=lambda a, b: torch.minimum(a, b),
    pow=lambda a, b: torch.pow(a, b),
    squaredDifference=lambda a, b: (a - b) ** 2,
    floorDiv=lambda a, b: torch.div(a, b, rounding_mode='floor'),
    mod=lambda a, b: torch.remainder(a, b),
    atan2=lambda a, b: torch.atan2(a, b),
    greater=lambda a, b: a > b,
    greaterEqual=lambda a, b: a >= b,
    less=lambda a, b: a < b,
    lessEqual=lambda a, b: a <= b,
    equal=lambda a, b: a == b,
    notEqual=lambda a, b: a != b,
    logicalAnd=lambda a, b: a & b,
    logicalOr=lambda a, b: a | b,
    logicalNot=lambda a: ~a,
    abs=torch.abs,
    neg=torch.neg,
    exp=torch.exp,
    expm1=torch.expm1,
    log=torch.log,
    log1p=torch.log1p,
    sqrt=torch.sqrt,
    rsqrt=torch.rsqrt,
    square=torch.square,
    reciprocal=torch.reciprocal,
    sin=torch.sin,
    cos=torch.cos,
    atan=torch.atan,
    tanh=torch.tanh,
    sigmoid=torch.sigmoid,
    logSigmoid=F.logsigmoid,
    softplus=F.softplus,
    relu=F.relu,
    relu6=F.relu6,
    elu=F.elu,
    erf=torch.erf,
    floor=torch.floor,
    ceil=torch.ceil,
    round=torch.round,
    sign=torch.sign,
    step=lambda a: (a > 0).to(a.dtype),
    isNaN=torch.isnan,
    isFinite=torch.isfinite,
    leakyRelu=lambda a, alpha: F.leaky_relu(a, alpha),
    prelu=lambda a, slope: torch.where(a > 0, a, a * slope),
    clipByValue=lambda a, low, high: torch.clamp(a, low, high),
    zerosLike=torch.zeros_like,
    onesLike=torch.ones_like,
    where=lambda condition, a, b: torch.where(condition, a, b),
)


@op
def cast(a, dtype):
    return a.to({'float32': torch.float64, 'int32': torch.int32, 'bool': torch.bool}[dtype])


# Reductions ----------------------------------------------------------------------------------------------------------


def axes_of(a, axis):
    if axis is None:
        return list(range(a.dim()))
    return [axis] if isinstance(axis, int) else list(axis)


@op
def sum_(a, axis=None, keepDims=False):
    dims = axes_of(a, axis)
    return a.sum(dims, keepdim=keepDims) if dims else a.clone()


@op
def mean(a, axis=None, keepDims=False):
    return a.mean(axes_of(a, axis), keepdim=keepDims)


@op
def max_(a, axis=None, keepDims=False):
    return a.amax(axes_of(a, axis), keepdim=keepDims)


@op
def min_(a, axis=None, keepDims=False):
    return a.amin(axes_of(a, axis), keepdim=keepDims)


@op
def prod(a, axis=None, keepDims=False):
    return a.prod() if axis is None else a.prod(axis, keepdim=keepDims)


@op
def all_(a, axis=None, keepDims=False):
    return a.all() if axis is None else a.all(axis, keepdim=keepDims)


@op
def any_(a, axis=None, keepDims=False):
    return a.any() if axis is None else a.any(axis, keepdim=keepDims)


@op
def logSumExp(a, axis=None, keepDims=False):
    return a.logsumexp(axes_of(a, axis), keepdim=keepDims)


@op
def argMax(a, axis=0):
    return a.argmax(axis)


@op
def argMin(a, axis=0):
    return a.argmin(axis)


@op
def cumsum(a, axis=0, exclusive=False, reverse=False):
    x = a.flip(axis) if reverse else a
    y = x.cumsum(axis)
    if exclusive:
        y = y - x
    return y.flip(axis) if reverse else y


simple(softmax=lambda a, dim=-1: a.softmax(dim), logSoftmax=lambda a, axis=-1: a.log_softmax(axis))


@op
def topk(a, k):
    values, indices = a.topk(k, dim=-1)
    return values, indices


# Shapes and indexing -------------------------------------------------------------------------------------------------

simple(
    reshape=lambda a, shape: a.reshape(shape),
    transpose=lambda a, perm=None: a.permute(perm if perm is not None else list(range(a.dim()))[::-1]),
    expandDims=lambda a, axis: a.unsqueeze(axis),
    squeeze=lambda a, axis: a.squeeze(axis),
    reverse=lambda a, axis: a.flip(axis),
    tile=lambda a, reps: a.repeat(reps),
    broadcastTo=lambda a, shape: a.expand(shape),
    identity=lambda a: a.clone(),
    concat2=lambda a, b, axis: torch.cat([a, b], axis),
    concat3=lambda a, b, c, axis: torch.cat([a, b, c], axis),
    stack2=lambda a, b, axis: torch.stack([a, b], axis),
    unstack=lambda a, axis: torch.unbind(a, axis),
    split=lambda a, sizes, axis: torch.split(a, sizes if isinstance(sizes, int) else list(sizes), axis),
    addN=lambda a, b, c: a + b + c,
)


@op
def slice_(a, begin, size):
    for axis, (b, s) in enumerate(zip(begin, size)):
        a = a.narrow(axis, b, a.shape[axis] - b if s < 0 else s)
    return a


@op
def stridedSlice(a, begin, end, strides):
    index = tuple(torch.arange(b, e, s) for b, e, s in zip(begin, end, strides))
    for axis, i in enumerate(index):
        a = a.index_select(axis, i)
    return a


@op
def pad(a, paddings, value=0):
    flat = [n for pair in reversed(paddings) for n in pair]
    return F.pad(a, flat, value=value)


@op
def mirrorPad(a, paddings, mode):
    for axis, (before, after) in enumerate(paddings):
        n, edge = a.shape[axis], 1 if mode == 'reflect' else 0
        order = [before - 1 - i + edge for i in range(before)] + list(range(n)) + [n - 1 - i - edge for i in range(after)]
        a = a.index_select(axis, torch.tensor(order))
    return a


@op
def gather(a, indices, axis=0, batchDims=0):
    index = indices.long()
    if batchDims == 0:
        return a.index_select(axis, index.reshape(-1)).reshape(a.shape[:axis] + index.shape + a.shape[axis + 1 :])
    return torch.stack([gather(x, i, axis - 1) for x, i in zip(a, index)])


@op
def gatherND(a, indices):
    index = indices.long()
    return a[tuple(index[..., i] for i in range(index.shape[-1]))]


@op
def scatterND(indices, updates, shape):
    index = tuple(indices.long()[..., i] for i in range(indices.shape[-1]))
    return torch.zeros(shape, dtype=updates.dtype).index_put(index, updates, accumulate=True)


@op
def tensorScatterUpdate(a, indices, updates):
    return a.index_put(tuple(indices.long()[..., i] for i in range(indices.shape[-1])), updates)


@op
def unsortedSegmentSum(a, ids, segments):
    out = torch.zeros((segments + 1,) + a.shape[1:], dtype=a.dtype)
    target = torch.where((ids < 0) | (ids >= segments), segments, ids).long()
    return out.index_add(0, target, a)[:segments]


@op
def oneHot(indices, depth):
    return (indices[..., None] == torch.arange(depth)).to(torch.float64)


simple(
    fill=lambda shape, value: torch.full(shape, value, dtype=torch.float64),
    range=lambda start, stop, step=1, dtype='float32': torch.arange(start, stop, step).to(
        torch.int32 if dtype == 'int32' else torch.float64
    ),
    linspace=lambda start, stop, num: torch.linspace(start, stop, num, dtype=torch.float64),
)


@op
def depthToSpace(a, blockSize):
    n, h, w, c = a.shape
    out = c // blockSize**2
    split = a.reshape(n, h, w, blockSize, blockSize, out).permute(0, 1, 3, 2, 4, 5)
    return split.reshape(n, h * blockSize, w * blockSize, out)


# Matrix products and convolutions ------------------------------------------------------------------------------------


@op
def matMul(a, b, transposeA=False, transposeB=False):
    return torch.matmul(a.transpose(-1, -2) if transposeA else a, b.transpose(-1, -2) if transposeB else b)


@op
def einsum(a, b, equation):
    return torch.einsum(equation, a, b)


@op
def einsum1(a, equation):
    return torch.einsum(equation, a)


ACTIVATIONS = {'linear': lambda y: y, 'relu': F.relu, 'relu6': F.relu6, 'sigmoid': torch.sigmoid, 'elu': F.elu}


@op
def fusedMatMul(a, b, bias, transposeB=False, activation='linear'):
    return ACTIVATIONS[activation](matMul(a, b, False, transposeB) + bias)


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def pads_of(pad, size, kernel, strides, dilations):
    """[[top, bottom], [left, right]] of TensorFlow's 'same', 'valid', a number or an explicit list."""
    if pad == 'valid':
        return [[0, 0], [0, 0]]
    if isinstance(pad, int):
        return [[pad, pad], [pad, pad]]
    if isinstance(pad, list):
        return [pad[1], pad[2]]
    result = []
    for n, k, s, d in zip(size, kernel, strides, dilations):
        total = max((math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n, 0)
        result.append([total // 2, total - total // 2])
    return result


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def padded(x, pads, value=0.0):
    return F.pad(x, [*pads[1], *pads[0]], value=value)


@op
def conv2d(x, filter, strides=1, pad='valid', dilations=1):
    strides, dilations = pair(strides), pair(dilations)
    pads = pads_of(pad, x.shape[1:3], filter.shape[:2], strides, dilations)
    return nhwc(F.conv2d(padded(nchw(x), pads), filter.permute(3, 2, 0, 1), stride=strides, dilation=dilations))


@op
def fusedConv2d(x, filter, bias, strides=1, pad='valid', activation='linear'):
    return ACTIVATIONS[activation](conv2d(x, filter, strides, pad) + bias)


@op
def depthwiseConv2d(x, filter, strides=1, pad='valid', dilations=1):
    strides, dilations = pair(strides), pair(dilations)
    pads = pads_of(pad, x.shape[1:3], filter.shape[:2], strides, dilations)
    kh, kw, c, m = filter.shape
    weight = filter.permute(2, 3, 0, 1).reshape(c * m, 1, kh, kw)
    return nhwc(F.conv2d(padded(nchw(x), pads), weight, stride=strides, dilation=dilations, groups=c))


@op
def conv2dTranspose(x, filter, outputShape, strides=1, pad='valid'):
    strides = pair(strides)
    [top, _], [left, _] = pads_of(pad, outputShape[1:3], filter.shape[:2], strides, (1, 1))
    full = F.conv_transpose2d(nchw(x), filter.permute(3, 2, 0, 1), stride=strides)
    height, width = outputShape[1:3]
    full = F.pad(full, [0, max(0, left + width - full.shape[3]), 0, max(0, top + height - full.shape[2])])
    return nhwc(full[:, :, top : top + height, left : left + width])


@op
def maxPool(x, size, strides, pad):
    size, strides = pair(size), pair(strides)
    pads = pads_of(pad, x.shape[1:3], size, strides, (1, 1))
    return nhwc(F.max_pool2d(padded(nchw(x), pads, -math.inf), size, strides))


@op
def avgPool(x, size, strides, pad):
    size, strides = pair(size), pair(strides)
    pads = pads_of(pad, x.shape[1:3], size, strides, (1, 1))

    def total(t):
        return F.avg_pool2d(padded(t, pads), size, strides) * (size[0] * size[1])

    return nhwc(total(nchw(x)) / total(torch.ones_like(nchw(x))))


@op
def batchNorm(x, mean, variance, offset=None, scale=None, epsilon=1e-3):
    y = (x - mean) * torch.rsqrt(variance + epsilon)
    if scale is not None:
        y = y * scale
    return y if offset is None else y + offset


def resize_scale(size, out, alignCorners):
    return (size - 1) / (out - 1) if alignCorners and out > 1 else size / out


@op
def resizeBilinear(x, size, alignCorners=False, halfPixelCenters=False):
    for axis, out in zip((1, 2), size):
        n = x.shape[axis]
        at = torch.arange(out, dtype=torch.float64)
        scale = resize_scale(n, out, alignCorners)
        source = (at + 0.5) * scale - 0.5 if halfPixelCenters else at * scale
        low = source.floor()
        shape = [1, 1, 1, 1]
        shape[axis] = out
        weight = (source - low).reshape(shape)
        first = x.index_select(axis, low.clamp(0, n - 1).long())
        second = x.index_select(axis, (low + 1).clamp(0, n - 1).long())
        x = first * (1 - weight) + second * weight
    return x


@op
def resizeNearestNeighbor(x, size, alignCorners=False, halfPixelCenters=False):
    for axis, out in zip((1, 2), size):
        n = x.shape[axis]
        at = torch.arange(out, dtype=torch.float64)
        source = (at + (0.5 if halfPixelCenters else 0)) * resize_scale(n, out, alignCorners)
        index = torch.floor(source + 0.5) if alignCorners else source.floor()
        x = x.index_select(axis, index.clamp(0, n - 1).long())
    return x


# The project's own operations (src/ops) ------------------------------------------------------------------------------


@op
def detConv2d(
    x, filter, bias=None, scale=None, residual=None, strides=(1, 1), padding=(0, 0), dilations=(1, 1), groups=1,
    activation='linear',
):
    weight = filter if scale is None else filter * scale
    y = F.conv2d(
        nchw(x), weight.permute(3, 2, 0, 1), bias, tuple(strides), tuple(padding), tuple(dilations), groups
    )
    y = nhwc(y)
    return ACTIVATIONS[activation](y if residual is None else y + residual)


@op
def batchNormTrain(x, scale, offset, residual=None, epsilon=1e-5, activation='linear'):
    y = nhwc(F.batch_norm(nchw(x), None, None, scale, offset, True, 0.0, epsilon))
    mean = x.mean((0, 1, 2)).detach()
    variance = x.var((0, 1, 2), unbiased=False).detach()
    return ACTIVATIONS[activation](y if residual is None else y + residual), mean, variance


@op
def maxPool2d(x, size, strides=None, padding=(0, 0), ceilMode=False):
    return nhwc(F.max_pool2d(nchw(x), tuple(size), strides and tuple(strides), tuple(padding), ceil_mode=ceilMode))


@op
def resizeNearest(x, size):
    return nhwc(F.interpolate(nchw(x), size=tuple(size), mode='nearest'))


@op
def roiAlign(x, rois, outputSize, spatialScale, samplingRatio=0, aligned=True):
    """mmcv's RoIAlign: averages of bilinear samples; a sample more than a pixel outside counts as zero."""
    _, height, width, channels = x.shape
    f = np.float32
    bins = []
    for image, *box in rois.detach().numpy().astype(np.float32):
        shift = f(0.5 if aligned else 0)
        x1, y1, x2, y2 = [f(f(v * f(spatialScale)) - shift) for v in box]
        w, h = f(x2 - x1), f(y2 - y1)
        if not aligned:
            w, h = max(w, f(1)), max(h, f(1))
        ph, pw = outputSize
        ny = samplingRatio or math.ceil(f(h / f(ph)))
        nx = samplingRatio or math.ceil(f(w / f(pw)))
        for i in range(ph):
            for j in range(pw):
                total = torch.zeros(channels, dtype=torch.float64)
                for a in range(ny):
                    for b in range(nx):
                        v = float(y1) + (i + (a + 0.5) / ny) * float(h) / ph
                        u = float(x1) + (j + (b + 0.5) / nx) * float(w) / pw
                        total = total + bilinear_sample(x[int(image)], v, u, height, width)
                bins.append(total / max(ny * nx, 1))
    return torch.stack(bins).reshape(-1, *outputSize, channels)


def bilinear_sample(feature, v, u, height, width):
    if v < -1 or v > height or u < -1 or u > width:
        return torch.zeros(feature.shape[-1], dtype=torch.float64)
    v, u = max(v, 0.0), max(u, 0.0)
    top, left = min(int(v), height - 1), min(int(u), width - 1)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    ly, lx = (0.0 if top == height - 1 else v - top), (0.0 if left == width - 1 else u - left)
    return (
        (1 - ly) * (1 - lx) * feature[top, left]
        + (1 - ly) * lx * feature[top, right]
        + ly * (1 - lx) * feature[bottom, left]
        + ly * lx * feature[bottom, right]
    )


@op
def nms(boxes, scores, iouThreshold, offset=0):
    b = boxes.numpy().astype(np.float64)
    order = list(np.argsort(-scores.numpy(), kind='stable'))
    areas = (b[:, 2] - b[:, 0] + offset) * (b[:, 3] - b[:, 1] + offset)
    keep = []
    while order:
        i = order.pop(0)
        keep.append(i)
        rest = []
        for j in order:
            w = max(0.0, min(b[i, 2], b[j, 2]) - max(b[i, 0], b[j, 0]) + offset)
            h = max(0.0, min(b[i, 3], b[j, 3]) - max(b[i, 1], b[j, 1]) + offset)
            if w * h / (areas[i] + areas[j] - w * h) <= iouThreshold:
                rest.append(j)
        order = rest
    return torch.tensor(keep, dtype=torch.int32)


@op
def layerNorm(x, scale=None, offset=None, epsilon=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, offset, epsilon)


@op
def attention(query, key, value, heads, mask=None, scale=None):
    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)

    q, k, v = split(query), split(key), split(value)
    scores = q @ k.transpose(2, 3) * (q.shape[-1] ** -0.5 if scale is None else scale)
    weights = (scores if mask is None else scores + mask).softmax(-1)
    return (weights @ v).transpose(1, 2).flatten(2)


@op
def activate(x, name):
    return {'gelu': F.gelu, 'silu': F.silu, 'mish': F.mish, 'hardswish': F.hardswish}[name](x)

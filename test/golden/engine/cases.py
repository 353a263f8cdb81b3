"""The cases of the engine conformance suite: operation, input shapes and distributions, attributes."""

import numpy as np

CASES = []


def normal(*shape):
    """Normal numbers kept away from zero, where relu, abs and sign have their kinks."""

    def make(random):
        x = random.normal(size=shape)
        return np.where(np.abs(x) < 0.05, 0.1, x)

    return make


def positive(*shape):
    return lambda random: random.uniform(0.3, 2.5, size=shape)


def between(low, high, *shape):
    return lambda random: random.uniform(low, high, size=shape)


def distinct(*shape):
    """Numbers at least 0.05 apart: one largest element everywhere, whatever is compared."""

    def make(random):
        size = int(np.prod(shape))
        return (random.permutation(size).astype(np.float64) * 0.05 - size * 0.025).reshape(shape)

    return make


def integers(low, high, *shape):
    return lambda random: random.integers(low, high, size=shape).astype(np.int32)


def booleans(*shape):
    return lambda random: random.random(size=shape) > 0.5


def values(data, dtype=np.float64):
    return lambda random: np.array(data, dtype=dtype)


def case(op, label, inputs, grad=None, **attrs):
    """`grad` lists the inputs differentiated; all float inputs by default."""
    CASES.append(dict(name=f'{op}: {label}', op=op, inputs=inputs, attrs=attrs, grad=grad))


# Elementwise: every pair of shapes that broadcasts differently -------------------------------------------------------

BROADCASTS = {
    'same shape': ((2, 3, 4), (2, 3, 4)),
    'scalar right': ((2, 3), ()),
    'scalar left': ((), (2, 3)),
    'channel vector': ((2, 4, 5, 3), (3,)),
    'vector left': ((3,), (2, 4, 3)),
    'middle ones': ((2, 1, 4), (3, 1)),
    'both sides': ((4, 1), (1, 5)),
    'size one': ((1,), (1, 1)),
    'empty': ((0, 3), (3,)),
    'rank 5': ((2, 1, 2, 1, 3), (2, 2, 1, 3)),
}
for name in ['add', 'sub', 'mul']:
    for label, (a, b) in BROADCASTS.items():
        case(name, label, dict(a=normal(*a), b=normal(*b)))
for label, (a, b) in BROADCASTS.items():
    case('div', label, dict(a=normal(*a), b=positive(*b)))
for name in ['maximum', 'minimum', 'squaredDifference']:
    for label in ['same shape', 'scalar right', 'channel vector', 'both sides', 'empty']:
        a, b = BROADCASTS[label]
        case(name, label, dict(a=between(-1, 0.9, *a), b=between(-0.95, 1.03, *b)))
case('pow', 'float exponents', dict(a=positive(2, 3), b=between(0.5, 3, 2, 3)))
case('pow', 'scalar exponent', dict(a=normal(2, 3), b=values(2.0)), grad=['a'])
case('pow', 'broadcast', dict(a=positive(4, 1), b=between(0.5, 2, 3)))
case('atan2', 'same shape', dict(a=normal(2, 3), b=positive(2, 3)))
case('floorDiv', 'int32', dict(a=integers(-9, 10, 12), b=values([3] * 6 + [-2] * 6, np.int32)))
case('mod', 'float', dict(a=normal(3, 4), b=positive(4)), grad=[])
case('mod', 'int32', dict(a=integers(0, 30, 12), b=values([4], np.int32)))
for name in ['add', 'sub', 'mul', 'maximum', 'minimum']:
    case(name, 'int32', dict(a=integers(-9, 10, 3, 4), b=integers(-9, 10, 4)))
for name in ['greater', 'greaterEqual', 'less', 'lessEqual', 'equal', 'notEqual']:
    for label in ['same shape', 'channel vector', 'both sides', 'scalar right', 'empty']:
        a, b = BROADCASTS[label]
        # few distinct values, so that equality happens
        case(name, label, dict(a=integers(-2, 3, *a), b=integers(-2, 3, *b)))
    case(name, 'float32', dict(a=values([-1.5, 0, 2.25, 3]), b=values([-1.5, 0.5, 2, 3])), grad=[])
for name in ['logicalAnd', 'logicalOr']:
    case(name, 'same shape', dict(a=booleans(3, 4), b=booleans(3, 4)))
    case(name, 'broadcast', dict(a=booleans(3, 1), b=booleans(4)))
case('logicalNot', 'matrix', dict(a=booleans(3, 4)))

for name in ['abs', 'neg', 'exp', 'expm1', 'square', 'sin', 'cos', 'atan', 'tanh', 'sigmoid', 'logSigmoid', 'softplus',
             'relu', 'relu6', 'elu', 'erf', 'sign', 'step', 'zerosLike', 'onesLike', 'identity']:
    case(name, 'rank 4', dict(a=normal(2, 3, 1, 5)))
    case(name, 'scalar', dict(a=normal()))
    case(name, 'empty', dict(a=normal(0, 4)))
for name in ['log', 'log1p', 'sqrt', 'rsqrt', 'reciprocal']:
    case(name, 'rank 3', dict(a=positive(2, 3, 5)))
    case(name, 'empty', dict(a=positive(0, 4)))
for name in ['sigmoid', 'softplus', 'tanh', 'logSigmoid']:
    case(name, 'far from zero', dict(a=values([-100, -30, -8, 8, 30, 100])))
for name in ['floor', 'ceil', 'round']:
    case(name, 'matrix', dict(a=between(-4.4, 4.4, 4, 5)), grad=[])
case('round', 'halves to even', dict(a=values([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])), grad=[])
case('isNaN', 'mixed', dict(a=values([0.0, np.nan, np.inf, -np.inf, 1.0])), grad=[])
case('isFinite', 'mixed', dict(a=values([0.0, np.nan, np.inf, -np.inf, 1.0])), grad=[])
case('abs', 'int32', dict(a=integers(-9, 10, 3, 4)))
case('neg', 'int32', dict(a=integers(-9, 10, 3, 4)))
case('relu6', 'beyond six', dict(a=values([-3, 1, 5.5, 6.5, 9])))
case('leakyRelu', 'slope 0.1', dict(a=normal(3, 4)), alpha=0.1)
case('leakyRelu', 'slope 0.2', dict(a=normal(2, 2, 3)), alpha=0.2)
case('prelu', 'per channel', dict(a=normal(2, 3, 4), slope=positive(4)))
case('clipByValue', 'both bounds', dict(a=between(-3, 3, 4, 5)), low=-1.0, high=1.5)
case('clipByValue', 'empty', dict(a=normal(0)), low=-1.0, high=1.5)
case('where', 'same shape', dict(condition=booleans(3, 4), a=normal(3, 4), b=normal(3, 4)))
case('where', 'broadcast', dict(condition=booleans(3, 1), a=normal(3, 4), b=normal(4)))
case('where', 'scalar branch', dict(condition=booleans(2, 3, 4), a=normal(2, 3, 4), b=values(0.0)), grad=['a'])
for source, make in {'float32': between(-3.7, 3.7, 3, 4), 'int32': integers(-2, 3, 3, 4), 'bool': booleans(3, 4)}.items():
    for target in ['float32', 'int32', 'bool']:
        if source != target:
            case('cast', f'{source} to {target}', dict(a=make), grad=[], dtype=target)

# Reductions ----------------------------------------------------------------------------------------------------------

AXES = {
    'everything': dict(),
    'first': dict(axis=0),
    'last': dict(axis=-1),
    'middle': dict(axis=1),
    'two': dict(axis=[0, 2]),
    'negative pair': dict(axis=[-1, -3]),
    'leading pair': dict(axis=[0, 1]),
    'keepDims': dict(axis=1, keepDims=True),
    'pair, keepDims': dict(axis=[0, 2], keepDims=True),
}
for name in ['sum', 'mean', 'max', 'min']:
    for label, attrs in AXES.items():
        case(name, label, dict(a=distinct(3, 4, 5)), **attrs)
    case(name, 'size-1 axis', dict(a=distinct(3, 1, 5)), axis=1)
    case(name, 'channels of a map', dict(a=distinct(2, 5, 6, 3)), axis=[0, 1, 2])
    case(name, 'scalar', dict(a=normal()))
case('sum', 'empty', dict(a=normal(0, 3)))
case('sum', 'empty axis', dict(a=normal(0, 3)), axis=0)
case('sum', 'int32', dict(a=integers(-9, 10, 3, 4)), axis=1)
case('max', 'int32', dict(a=integers(-9, 10, 3, 4)), axis=1)
case('sum', 'many terms', dict(a=normal(8000)))
case('prod', 'last axis', dict(a=positive(3, 4)), grad=[], axis=-1)
case('prod', 'everything', dict(a=positive(2, 3)), grad=[])
for name in ['all', 'any']:
    case(name, 'everything', dict(a=booleans(3, 4)))
    case(name, 'axis', dict(a=booleans(4, 3)), axis=1)
for name in ['argMax', 'argMin']:
    case(name, 'first axis', dict(a=distinct(4, 5)), axis=0)
    case(name, 'last axis', dict(a=distinct(3, 4, 5)), axis=-1)
    case(name, 'middle axis', dict(a=distinct(3, 4, 5)), axis=1)
case('logSumExp', 'last axis', dict(a=normal(3, 4)), axis=-1)
case('logSumExp', 'everything', dict(a=normal(3, 4)))
case('cumsum', 'plain', dict(a=normal(3, 4)), axis=1)
case('cumsum', 'exclusive', dict(a=normal(3, 4)), axis=1, exclusive=True)
case('cumsum', 'reverse', dict(a=normal(3, 4)), axis=1, reverse=True)
for shape in [(4, 5), (2, 3, 4), (1, 1), (6,)]:
    case('softmax', f'{shape}', dict(a=normal(*shape)))
    case('logSoftmax', f'{shape}', dict(a=normal(*shape)))
case('softmax', 'large values', dict(a=values([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0]])))
case('logSoftmax', 'large values', dict(a=values([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0]])))
case('topk', 'vector', dict(a=distinct(12)), grad=[], k=5)
case('topk', 'rows', dict(a=distinct(3, 7)), grad=[], k=3)
case('topk', 'all', dict(a=distinct(6)), grad=[], k=6)

# Shapes and indexing -------------------------------------------------------------------------------------------------

case('reshape', 'flatten', dict(a=normal(2, 3, 4)), shape=[-1])
case('reshape', 'split', dict(a=normal(6, 4)), shape=[2, 3, 2, 2])
case('reshape', 'to scalar', dict(a=normal(1, 1)), shape=[])
case('reshape', 'empty', dict(a=normal(0, 4)), shape=[2, 0])
case('transpose', 'default', dict(a=normal(3, 4)))
for perm in [[1, 0], [0, 2, 1], [2, 0, 1], [2, 1, 0], [0, 3, 1, 2], [0, 2, 3, 1], [3, 2, 0, 1], [2, 3, 1, 0], [0, 2, 1, 3, 4], [2, 4, 0, 1, 3]]:
    case('transpose', f'{perm}', dict(a=normal(*[2, 3, 4, 5, 2][: len(perm)])), perm=perm)
case('transpose', 'int32', dict(a=integers(0, 9, 3, 4)), perm=[1, 0])
case('transpose', 'empty', dict(a=normal(0, 4)), perm=[1, 0])
case('expandDims', 'front', dict(a=normal(3, 4)), axis=0)
case('expandDims', 'back', dict(a=normal(3, 4)), axis=-1)
case('squeeze', 'middle', dict(a=normal(3, 1, 4)), axis=1)
case('reverse', 'one axis', dict(a=normal(3, 4)), axis=[1])
case('reverse', 'two axes', dict(a=normal(2, 3, 4)), axis=[0, 2])
case('tile', 'matrix', dict(a=normal(2, 3)), reps=[2, 3])
case('tile', 'rank 4', dict(a=normal(1, 2, 1, 3)), reps=[2, 1, 3, 1])
case('broadcastTo', 'new axis', dict(a=normal(3)), shape=[2, 3])
case('broadcastTo', 'ones', dict(a=normal(2, 1, 3)), shape=[2, 4, 3])
for axis in [0, 1, 2, -1]:
    shapes = [[2, 3, 4], [2, 3, 4]]
    shapes[1][axis] = 5
    case('concat2', f'axis {axis}', dict(a=normal(*shapes[0]), b=normal(*shapes[1])), axis=axis)
case('concat2', 'vectors', dict(a=normal(3), b=normal(2)), axis=0)
case('concat2', 'an empty part', dict(a=normal(0, 4), b=normal(3, 4)), axis=0)
case('concat2', 'int32', dict(a=integers(0, 9, 2, 3), b=integers(0, 9, 4, 3)), axis=0)
case('concat3', 'channels', dict(a=normal(1, 2, 2, 3), b=normal(1, 2, 2, 1), c=normal(1, 2, 2, 2)), axis=3)
case('stack2', 'front', dict(a=normal(3, 4), b=normal(3, 4)), axis=0)
case('stack2', 'back', dict(a=normal(3, 4), b=normal(3, 4)), axis=2)
case('stack2', 'scalars', dict(a=normal(), b=normal()), axis=0)
case('unstack', 'first', dict(a=normal(3, 4)), axis=0)
case('unstack', 'last', dict(a=normal(2, 3, 2)), axis=2)
case('split', 'sizes', dict(a=normal(5, 6)), sizes=[1, 2, 3], axis=1)
case('split', 'rows', dict(a=normal(5, 6)), sizes=[2, 3], axis=0)
case('addN', 'three', dict(a=normal(3, 4), b=normal(3, 4), c=normal(3, 4)))
case('slice', 'inner', dict(a=normal(4, 5, 6)), begin=[1, 2, 0], size=[2, 2, 3])
case('slice', 'to the end', dict(a=normal(4, 5)), begin=[2, 1], size=[-1, -1])
case('slice', 'rank 4', dict(a=normal(2, 5, 6, 3)), begin=[0, 1, 2, 1], size=[2, 3, 4, 1])
case('slice', 'nothing', dict(a=normal(4, 5)), begin=[1, 0], size=[0, 5])
case('slice', 'int32', dict(a=integers(0, 99, 10)), begin=[3], size=[4])
case('stridedSlice', 'every second', dict(a=normal(2, 6, 7, 3)), grad=[], begin=[0, 0, 1, 0], end=[2, 6, 7, 3], strides=[1, 2, 2, 1])
case('stridedSlice', 'columns', dict(a=normal(5, 4)), grad=[], begin=[0, 1], end=[5, 4], strides=[1, 2])
case('pad', 'matrix', dict(a=normal(2, 3)), paddings=[[1, 0], [2, 1]])
case('pad', 'image', dict(a=normal(2, 3, 4, 2)), paddings=[[0, 0], [1, 1], [2, 0], [0, 0]])
case('pad', 'value', dict(a=normal(2, 3)), paddings=[[1, 1], [0, 2]], value=1.5)
case('pad', 'vector', dict(a=normal(3)), paddings=[[0, 4]])
case('mirrorPad', 'reflect', dict(a=normal(3, 4)), grad=[], paddings=[[1, 2], [2, 0]], mode='reflect')
case('mirrorPad', 'symmetric', dict(a=normal(3, 4)), grad=[], paddings=[[1, 2], [2, 0]], mode='symmetric')
case('gather', 'rows', dict(a=normal(5, 3), indices=values([0, 3, 3, 4], np.int32)))
case('gather', 'columns', dict(a=normal(3, 5), indices=values([4, 0], np.int32)), axis=1)
case('gather', 'middle axis', dict(a=normal(2, 5, 3), indices=values([4, 0, 4], np.int32)), axis=1)
case('gather', 'matrix of indices', dict(a=normal(5, 3), indices=values([[0, 3], [3, 1]], np.int32)))
case('gather', 'nothing', dict(a=normal(5, 3), indices=lambda random: np.zeros(0, np.int32)))
case('gather', 'vector', dict(a=normal(6), indices=values([5, 0, 0], np.int32)))
case('gather', 'int32', dict(a=integers(0, 99, 6), indices=values([5, 0, 0], np.int32)))
case('gather', 'batched', dict(a=normal(2, 5, 3), indices=values([[0, 3], [4, 4]], np.int32)), grad=[], axis=1, batchDims=1)
case('gatherND', 'elements', dict(a=normal(4, 5), indices=values([[0, 1], [3, 4], [2, 2]], np.int32)), grad=[])
case('gatherND', 'rows', dict(a=normal(4, 5), indices=values([[3], [0]], np.int32)), grad=[])
case('scatterND', 'rows', dict(indices=values([[4], [3], [1], [7]], np.int32), updates=normal(4, 3)), grad=[], shape=[8, 3])
case('scatterND', 'repeated', dict(indices=values([[1], [1], [0]], np.int32), updates=normal(3)), grad=[], shape=[4])
case('tensorScatterUpdate', 'elements', dict(a=normal(6), indices=values([[1], [4]], np.int32), updates=normal(2)), grad=[])
case('unsortedSegmentSum', 'rows', dict(a=normal(5, 3), ids=values([0, 2, 0, 3, 2], np.int32)), segments=4)
case('unsortedSegmentSum', 'vector', dict(a=normal(4), ids=values([1, 1, 0, 1], np.int32)), segments=3)
case('oneHot', 'vector', dict(indices=values([0, 3, 1], np.int32)), depth=4)
case('oneHot', 'matrix', dict(indices=values([[0, 2], [1, 1]], np.int32)), depth=3)
case('fill', 'matrix', dict(), shape=[2, 3], value=1.5)
case('fill', 'empty', dict(), shape=[0, 3], value=1.5)
case('range', 'float32', dict(), start=0, stop=7)
case('range', 'int32', dict(), start=2, stop=11, step=3, dtype='int32')
case('linspace', 'five', dict(), start=-1, stop=3, num=5)
case('depthToSpace', 'block 2', dict(a=normal(2, 2, 3, 8)), grad=[], blockSize=2)

# Matrix products and convolutions ------------------------------------------------------------------------------------

for ta in [False, True]:
    for tb in [False, True]:
        a = (5, 4) if ta else (4, 5)
        b = (3, 5) if tb else (5, 3)
        tag = f"{'T' if ta else 'N'}{'T' if tb else 'N'}"
        case('matMul', f'{tag} matrices', dict(a=normal(*a), b=normal(*b)), transposeA=ta, transposeB=tb)
        case('matMul', f'{tag} batch', dict(a=normal(2, *a), b=normal(2, *b)), transposeA=ta, transposeB=tb)
case('matMul', 'rank 4', dict(a=normal(2, 3, 4, 5), b=normal(2, 3, 5, 2)))
case('matMul', 'long sum', dict(a=normal(3, 700), b=normal(700, 4)))
case('matMul', 'one column', dict(a=normal(6, 5), b=normal(5, 1)))
case('matMul', 'large batch', dict(a=normal(2, 20, 30), b=normal(2, 30, 20)))
case('matMul', 'no rows', dict(a=normal(0, 5), b=normal(5, 3)))
case('matMul', 'one matrix for the batch', dict(a=normal(3, 4, 5), b=normal(1, 5, 6)), grad=[])
for activation in ['linear', 'relu', 'sigmoid']:
    case('fusedMatMul', activation, dict(a=normal(4, 5), b=normal(5, 3), bias=normal(3)), activation=activation)
case('fusedMatMul', 'transposed', dict(a=normal(4, 5), b=normal(3, 5), bias=normal(3)), transposeB=True, activation='relu')
case('einsum', 'bij,bkj->bki', dict(a=normal(2, 3, 4), b=normal(2, 5, 4)), equation='bij,bkj->bki')
case('einsum', 'bqhd,bkhd->bhqk', dict(a=normal(2, 3, 2, 4), b=normal(2, 5, 2, 4)), equation='bqhd,bkhd->bhqk')
case('einsum', 'i,j->ij', dict(a=normal(3), b=normal(4)), equation='i,j->ij')
case('einsum', 'ij,jk->k', dict(a=normal(3, 4), b=normal(4, 5)), equation='ij,jk->k')
case('einsum1', 'ij->ji', dict(a=normal(3, 4)), equation='ij->ji')
case('einsum1', 'ijk->j', dict(a=normal(3, 4, 2)), equation='ijk->j')

CONVOLUTIONS = {
    '3x3 same': ((2, 7, 9, 3), (3, 3, 3, 5), dict(strides=1, pad='same')),
    '3x3 valid': ((1, 6, 5, 2), (3, 3, 2, 4), dict(strides=1, pad='valid')),
    '3x3 padded': ((2, 6, 5, 2), (3, 3, 2, 4), dict(strides=1, pad=1)),
    '3x3 over-padded': ((1, 5, 5, 2), (3, 3, 2, 3), dict(strides=1, pad=4)),
    '3x3 uneven padding': ((1, 6, 7, 2), (3, 3, 2, 3), dict(strides=[2, 2], pad=[[0, 0], [0, 1], [1, 0], [0, 0]])),
    '3x3 stride 2 same, even': ((2, 8, 10, 3), (3, 3, 3, 4), dict(strides=2, pad='same')),
    '3x3 stride 2 same, odd': ((1, 7, 9, 3), (3, 3, 3, 4), dict(strides=2, pad='same')),
    '3x3 stride 2 valid': ((1, 8, 9, 2), (3, 3, 2, 4), dict(strides=2, pad='valid')),
    '7x7 stride 2 same': ((1, 15, 18, 3), (7, 7, 3, 4), dict(strides=2, pad='same')),
    '1x1': ((2, 4, 5, 6), (1, 1, 6, 3), dict(strides=1, pad='valid')),
    '1x1 stride 2': ((2, 7, 8, 3), (1, 1, 3, 5), dict(strides=2, pad='valid')),
    '1x1 padded': ((1, 3, 4, 3), (1, 1, 3, 2), dict(strides=1, pad=1)),
    '1x3': ((1, 5, 6, 2), (1, 3, 2, 3), dict(strides=1, pad='same')),
    '2x2 stride 2': ((1, 6, 8, 3), (2, 2, 3, 4), dict(strides=2, pad='valid')),
    '2x3 strides 3, 1': ((1, 9, 7, 2), (2, 3, 2, 3), dict(strides=[3, 1], pad='valid')),
    '3x3 dilation 2': ((1, 9, 8, 2), (3, 3, 2, 3), dict(strides=1, pad='same', dilations=2)),
    '3x3 dilations 1, 3': ((1, 7, 9, 2), (3, 3, 2, 3), dict(strides=1, pad='valid', dilations=[1, 3])),
    'one pixel': ((1, 1, 1, 4), (3, 3, 4, 5), dict(strides=1, pad='same')),
    'one channel': ((2, 5, 5, 1), (3, 3, 1, 1), dict(strides=1, pad='same')),
    'many channels': ((1, 4, 5, 40), (3, 3, 40, 24), dict(strides=1, pad='same')),
    'wide image': ((1, 2, 40, 3), (3, 3, 3, 4), dict(strides=1, pad='same')),
}
for label, (x, filter, attrs) in CONVOLUTIONS.items():
    case('conv2d', label, dict(x=normal(*x), filter=normal(*filter)), **attrs)
for activation in ['linear', 'relu', 'relu6']:
    case(
        'fusedConv2d', activation, dict(x=normal(1, 6, 5, 3), filter=normal(3, 3, 3, 4), bias=normal(4)),
        strides=1, pad='same', activation=activation,
    )
for label, (x, filter, attrs) in {
    '3x3 same': ((2, 6, 7, 3), (3, 3, 3, 1), dict(strides=1, pad='same')),
    'multiplier 2': ((1, 6, 5, 3), (3, 3, 3, 2), dict(strides=1, pad='valid')),
    'stride 2': ((1, 7, 8, 3), (3, 3, 3, 1), dict(strides=2, pad='same')),
    '5x5 same': ((1, 8, 7, 2), (5, 5, 2, 1), dict(strides=1, pad='same')),
    'dilation 2': ((1, 8, 9, 2), (3, 3, 2, 1), dict(strides=1, pad='same', dilations=2)),
}.items():
    case('depthwiseConv2d', label, dict(x=normal(*x), filter=normal(*filter)), **attrs)
case('conv2dTranspose', '2x2 stride 2', dict(x=normal(1, 3, 4, 3), filter=normal(2, 2, 5, 3)), outputShape=[1, 6, 8, 5], strides=2, pad='valid')
case('conv2dTranspose', '3x3 stride 2 same', dict(x=normal(2, 4, 3, 3), filter=normal(3, 3, 2, 3)), outputShape=[2, 8, 6, 2], strides=2, pad='same')
case('conv2dTranspose', '3x3 stride 1', dict(x=normal(1, 4, 3, 3), filter=normal(3, 3, 2, 3)), outputShape=[1, 4, 3, 2], strides=1, pad='same')

POOLS = {
    '3x3 stride 2 same': ((2, 7, 10, 3), dict(size=3, strides=2, pad='same')),
    '2x2 stride 2': ((1, 6, 8, 2), dict(size=2, strides=2, pad='valid')),
    '2x2 stride 2, odd': ((1, 7, 9, 2), dict(size=2, strides=2, pad='valid')),
    '3x3 stride 1': ((2, 5, 5, 2), dict(size=3, strides=1, pad='same')),
    '1x1 stride 2': ((1, 5, 6, 3), dict(size=1, strides=2, pad='valid')),
    '3x2 strides 2, 1': ((1, 6, 5, 2), dict(size=[3, 2], strides=[2, 1], pad='valid')),
}
for label, (shape, attrs) in POOLS.items():
    case('maxPool', label, dict(x=distinct(*shape)), **attrs)
    case('avgPool', label, dict(x=normal(*shape)), **attrs)
case('batchNorm', 'scale and offset', dict(x=normal(2, 3, 4, 5), mean=normal(5), variance=positive(5), offset=normal(5), scale=normal(5)))
case('batchNorm', 'epsilon 1e-5', dict(x=normal(1, 3, 4, 5), mean=normal(5), variance=positive(5), offset=normal(5), scale=normal(5)), epsilon=1e-5)
case('batchNorm', 'without scale', dict(x=normal(1, 3, 4, 5), mean=normal(5), variance=positive(5), offset=normal(5)))
case('batchNorm', 'without either', dict(x=normal(1, 3, 4, 5), mean=normal(5), variance=positive(5)))
for label, attrs in {
    'legacy up': dict(size=[8, 10]),
    'legacy down': dict(size=[3, 2]),
    'half pixel': dict(size=[7, 9], halfPixelCenters=True),
    'align corners': dict(size=[7, 9], alignCorners=True),
}.items():
    half = 'halfPixelCenters' in attrs
    case('resizeBilinear', label, dict(x=normal(2, 4, 5, 3)), grad=[] if half else None, **attrs)
for label, attrs in {
    'doubled': dict(size=[8, 10]),
    'half pixel': dict(size=[7, 9], halfPixelCenters=True),
    'down': dict(size=[2, 3]),
}.items():
    case('resizeNearestNeighbor', label, dict(x=normal(2, 4, 5, 3)), grad=None if label == 'doubled' else [], **attrs)

# The project's own operations ----------------------------------------------------------------------------------------

case('detConv2d', 'plain', dict(x=normal(2, 6, 7, 3), filter=normal(3, 3, 3, 4)), padding=[1, 1])
case('detConv2d', 'bias and relu', dict(x=normal(1, 6, 7, 3), filter=normal(3, 3, 3, 4), bias=normal(4)), padding=[1, 1], activation='relu')
case('detConv2d', 'stride 2', dict(x=normal(1, 7, 8, 3), filter=normal(3, 3, 3, 4), bias=normal(4)), padding=[1, 1], strides=[2, 2])
case('detConv2d', '1x1 stride 2', dict(x=normal(1, 7, 8, 3), filter=normal(1, 1, 3, 4)), strides=[2, 2])
case('detConv2d', 'stem', dict(x=normal(1, 16, 18, 3), filter=normal(7, 7, 3, 4), scale=positive(4), bias=normal(4)), padding=[3, 3], strides=[2, 2], activation='relu')
case(
    'detConv2d', 'folded norm, residual, relu',
    dict(x=normal(2, 5, 6, 4), filter=normal(1, 1, 4, 6), bias=normal(6), scale=positive(6), residual=normal(2, 5, 6, 6)),
    activation='relu',
)
case('detConv2d', 'residual alone', dict(x=normal(1, 5, 6, 4), filter=normal(3, 3, 4, 6), residual=normal(1, 5, 6, 6)), padding=[1, 1])
case('detConv2d', 'scale alone', dict(x=normal(1, 5, 6, 4), filter=normal(3, 3, 4, 6), scale=positive(6)), padding=[1, 1])
case('detConv2d', 'dilation 2', dict(x=normal(1, 8, 9, 2), filter=normal(3, 3, 2, 3), bias=normal(3)), padding=[2, 2], dilations=[2, 2])
case('detConv2d', 'two groups', dict(x=normal(1, 5, 6, 4), filter=normal(3, 3, 2, 6), bias=normal(6)), padding=[1, 1], groups=2)
case('detConv2d', 'uneven padding', dict(x=normal(1, 5, 6, 2), filter=normal(3, 1, 2, 3)), padding=[1, 0])
case('batchNormTrain', 'plain', dict(x=normal(2, 4, 5, 3), scale=positive(3), offset=normal(3)))
case('batchNormTrain', 'relu', dict(x=normal(2, 4, 5, 3), scale=positive(3), offset=normal(3)), activation='relu')
case(
    'batchNormTrain', 'residual and relu',
    dict(x=normal(2, 4, 5, 3), scale=positive(3), offset=normal(3), residual=normal(2, 4, 5, 3)), activation='relu',
)
case('batchNormTrain', 'epsilon 1e-3', dict(x=normal(1, 3, 3, 2), scale=positive(2), offset=normal(2)), epsilon=1e-3)
for label, (shape, attrs) in {
    'stem': ((2, 8, 9, 3), dict(size=[3, 3], strides=[2, 2], padding=[1, 1])),
    'no padding': ((1, 6, 7, 2), dict(size=[2, 2])),
    'subsample': ((1, 5, 6, 2), dict(size=[1, 1], strides=[2, 2])),
    'ceil mode': ((1, 6, 8, 2), dict(size=[3, 3], strides=[2, 2], ceilMode=True)),
    'same size': ((1, 6, 5, 2), dict(size=[5, 5], strides=[1, 1], padding=[2, 2])),
}.items():
    case('maxPool2d', label, dict(x=distinct(*shape)), **attrs)
    case('maxPool2d', f'{label}, all negative', dict(x=lambda random, s=shape: distinct(*s)(random) - 100), **attrs)
for size in [[8, 10], [7, 9], [4, 5], [2, 3], [5, 5]]:
    case('resizeNearest', f'{size}', dict(x=normal(2, 4, 5, 3)), size=size)

ROIS = [
    [0, 3.3, 2.1, 20.7, 25.2], [1, 0, 0, 31.5, 30.25], [0, -6.5, -4.25, 10.1, 12.3], [1, 20.2, 22.6, 45.5, 47.75],
    [0, 9.1, 9.2, 9.9, 10.4], [1, 12.0, 8.0, 12.0, 8.0], [0, 1.7, 3.1, 30.9, 9.4],
]
for aligned in [True, False]:
    for ratio in [0, 2]:
        case(
            'roiAlign', f"{'aligned' if aligned else 'not aligned'}, sampling {ratio}",
            dict(x=normal(2, 8, 9, 3), rois=values(ROIS)), grad=['x'],
            outputSize=[3, 4], spatialScale=0.25, samplingRatio=ratio, aligned=aligned,
        )
case('roiAlign', '7x7', dict(x=normal(1, 10, 12, 2), rois=values([[0, 5.2, 6.1, 80.3, 70.7]])), grad=['x'], outputSize=[7, 7], spatialScale=0.125)


def clustered_boxes(count):
    def make(random):
        centre = random.choice([20, 60, 100], size=(count, 2)) + random.normal(scale=4, size=(count, 2))
        half = random.uniform(8, 16, size=(count, 2))
        return np.concatenate([centre - half, centre + half], 1)

    return make


for count, threshold, offset in [(1, 0.5, 0), (30, 0.5, 0), (30, 0.3, 1), (200, 0.7, 0)]:
    case(
        'nms', f'{count} boxes, IoU {threshold}, offset {offset}',
        dict(boxes=clustered_boxes(count), scores=distinct(count)), grad=[], iouThreshold=threshold, offset=offset,
    )

# Transformers ---------------------------------------------------------------------------------------------------------

case('layerNorm', 'with scale and offset', dict(x=normal(2, 5, 12), scale=normal(12), offset=normal(12)))
case('layerNorm', 'bare, of a map', dict(x=normal(2, 3, 4, 7)), epsilon=1e-3)
case('attention', 'two heads', dict(query=normal(2, 5, 8), key=normal(2, 7, 8), value=normal(2, 7, 8)), heads=2)
case(
    'attention', 'values of another width, own scale',
    dict(query=normal(1, 4, 6), key=normal(1, 9, 6), value=normal(1, 9, 4)), heads=2, scale=0.7,
)
case(
    'attention', 'padded keys',
    dict(query=normal(2, 5, 8), key=normal(2, 4, 8), value=normal(2, 4, 8),
         mask=values([[[[0, 0, 0, -1e9]]], [[[0, -1e9, 0, 0]]]])),
    grad=['query', 'key', 'value'], heads=4,
)
case(
    'attention', 'a learnt bias per head',
    dict(query=normal(3, 4, 6), key=normal(3, 4, 6), value=normal(3, 4, 6), mask=normal(1, 2, 4, 4)), heads=2,
)
for name in ['gelu', 'silu', 'mish', 'hardswish']:
    case('activate', name, dict(x=normal(2, 3, 4, 5)), name=name)

# Optimizer steps -----------------------------------------------------------------------------------------------------

OPTIMIZER_CASES = [
    dict(name='sgd: plain', options=dict(lr=0.1), maxNorm=None),
    dict(name='sgd: momentum', options=dict(lr=0.05, momentum=0.9), maxNorm=None),
    dict(name='sgd: momentum and weight decay', options=dict(lr=0.02, momentum=0.9, weight_decay=1e-2), maxNorm=None),
    dict(name='sgd: Nesterov', options=dict(lr=0.05, momentum=0.9, weight_decay=1e-2, nesterov=True), maxNorm=None),
    dict(name='sgd: dampening', options=dict(lr=0.05, momentum=0.9, dampening=0.5), maxNorm=None),
    dict(name='sgd: clipped', options=dict(lr=0.05, momentum=0.9), maxNorm=1.5),
    dict(name='sgd: clipping above the norm', options=dict(lr=0.05), maxNorm=1000.0),
]

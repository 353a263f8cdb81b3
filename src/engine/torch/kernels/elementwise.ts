// Unary, binary and comparison kernels.

import type * as tf from '@tensorflow/tfjs';
import { typeCode } from '../backend';
import { kernel } from '../native';
import { define } from './define';

const unary = (kernelName: string, name: string, dtype?: tf.DataType) =>
  define(kernelName, ({ inputs: { x }, backend, slot }) => backend.make(kernel[name](slot(x)), dtype ?? x.dtype));

const binary = (kernelName: string, name: string, dtype?: tf.DataType) =>
  define(kernelName, ({ inputs: { a, b }, backend, slot }) =>
    backend.make(kernel[name](slot(a), slot(b)), dtype ?? a.dtype),
  );

/** These keep the type of their input. */
const SAME_TYPE = {
  Abs: 'abs',
  Neg: 'neg',
  Relu: 'relu',
  Relu6: 'relu6',
  Square: 'square',
  Floor: 'floor',
  Ceil: 'ceil',
  Round: 'round',
  Sign: 'sign',
  ZerosLike: 'zerosLike',
  OnesLike: 'onesLike',
};

/** These give float32. */
const REAL = {
  Exp: 'exp',
  Expm1: 'expm1',
  Log: 'log',
  Log1p: 'log1p',
  Sqrt: 'sqrt',
  Rsqrt: 'rsqrt',
  Reciprocal: 'reciprocal',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Softplus: 'softplus',
  Elu: 'elu',
  Selu: 'selu',
  Erf: 'erf',
  Sin: 'sin',
  Cos: 'cos',
  Tan: 'tan',
  Sinh: 'sinh',
  Cosh: 'cosh',
  Asin: 'asin',
  Acos: 'acos',
  Atan: 'atan',
  Asinh: 'asinh',
  Acosh: 'acosh',
  Atanh: 'atanh',
};

const ARITHMETIC = {
  Add: 'add',
  Sub: 'sub',
  Multiply: 'mul',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'mod',
  Pow: 'pow',
  SquaredDifference: 'squaredDifference',
  BitwiseAnd: 'bitwiseAnd',
};

const LOGICAL = {
  Equal: 'equal',
  NotEqual: 'notEqual',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'logicalAnd',
  LogicalOr: 'logicalOr',
  LogicalXor: 'logicalXor',
};

export const elementwiseKernels: tf.KernelConfig[] = [
  ...Object.entries(SAME_TYPE).map(([kernelName, name]) => unary(kernelName, name)),
  ...Object.entries(REAL).map(([kernelName, name]) => unary(kernelName, name, 'float32')),
  ...Object.entries(ARITHMETIC).map(([kernelName, name]) => binary(kernelName, name)),
  ...Object.entries(LOGICAL).map(([kernelName, name]) => binary(kernelName, name, 'bool')),
  unary('IsNan', 'isNan', 'bool'),
  unary('IsInf', 'isInf', 'bool'),
  unary('IsFinite', 'isFinite', 'bool'),
  unary('LogicalNot', 'logicalNot', 'bool'),
  binary('RealDiv', 'div', 'float32'),
  binary('Atan2', 'atan2', 'float32'),
  binary('FloorDiv', 'floorDiv', 'int32'),
  define('Step', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.step(slot(x), attrs.alpha ?? 0), x.dtype),
  ),
  define('LeakyRelu', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.leakyRelu(slot(x), attrs.alpha ?? 0.2), 'float32'),
  ),
  define('Prelu', ({ inputs: { x, alpha }, backend, slot }) =>
    backend.make(kernel.prelu(slot(x), slot(alpha)), 'float32'),
  ),
  define('ClipByValue', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.clip(slot(x), attrs.clipValueMin, attrs.clipValueMax), x.dtype),
  ),
  define('Cast', ({ inputs: { x }, attrs, backend, slot }) =>
    // float32 to float32 too: in mixed precision the slot may hold bfloat16, and losses cast it back by this
    backend.make(kernel.cast(slot(x), typeCode(attrs.dtype)), attrs.dtype),
  ),
  define('AddN', ({ inputs, backend, slot }) => {
    const terms = Object.values(inputs);
    return backend.make(kernel.addN(terms.map(slot)), terms[0].dtype);
  }),
  define('Select', ({ inputs: { condition, t, e }, backend, slot }) =>
    backend.make(kernel.select(slot(condition), slot(t), slot(e)), t.dtype),
  ),
];

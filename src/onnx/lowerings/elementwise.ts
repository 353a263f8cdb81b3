// Unary, binary and comparison kernels.

import { DetLabError } from '../../errors';
import type { ElementType } from '../graph';
import { castCode, type Lowered } from '../lowered';
import type { Call, Halves, Lowering } from '../lowering';

const unary =
  (opType: string, halves: Halves = 'follows'): Lowering =>
  (call) => {
    const [x] = call.operands;
    const variant = { layout: call.layoutOf(), type: call.typeOf(halves) };
    const type = call.output.type === 'bool' ? 'bool' : variant.type;
    call.give(opType, [x.get(variant)], {}, { ...variant, type });
  };

/** Several nodes on one value. */
const formula =
  (write: (call: Call, x: string, type: ElementType) => string, halves: Halves = 'follows'): Lowering =>
  (call) => {
    const [x] = call.operands;
    const variant = { layout: call.layoutOf(), type: call.typeOf(halves) };
    call.output.set(write(call, x.get(variant), variant.type), variant);
  };

/** Both operands as the node reads them. */
function pair(call: Call, halves: Halves, a: Lowered, b: Lowered) {
  const variant = { layout: call.layoutOf([a, b]), type: call.typeOf(halves, [a, b]) };
  return { variant, inputs: [call.broadcast(a, variant), call.broadcast(b, variant)] };
}

const binary =
  (opType: string, halves: Halves = 'follows'): Lowering =>
  (call) => {
    const { a, b } = call.inputs;
    const { variant, inputs } = pair(call, halves, a, b);
    const type = call.output.type === 'bool' ? 'bool' : variant.type;
    call.give(opType, inputs, {}, { ...variant, type });
  };

const combined =
  (write: (call: Call, inputs: string[], type: ElementType) => string, halves: Halves = 'follows'): Lowering =>
  (call) => {
    const { a, b } = call.inputs;
    const { variant, inputs } = pair(call, halves, a, b);
    const type = call.output.type === 'bool' ? 'bool' : variant.type;
    call.output.set(write(call, inputs, variant.type), { ...variant, type });
  };

/** The activations that kernels fuse or that tfjs lacks. */
export function activation(call: Call, x: string, name: string, type: ElementType): string {
  const { graph } = call;
  if (name === 'linear') return x;
  if (name === 'relu') return graph.node('Relu', [x]);
  if (name === 'relu6') return graph.node('Clip', [x, call.scalar(0, type), call.scalar(6, type)]);
  if (name === 'silu') return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
  if (name === 'gelu') return graph.node('Gelu', [x], { approximate: 'none' });
  if (name === 'hardswish') return graph.node('HardSwish', [x]);
  if (name === 'mish') return graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]);
  if (name === 'sigmoid') return graph.node('Sigmoid', [x]);
  throw new DetLabError(`its activation "${name}" has no form in ONNX`);
}

const clip: Lowering = (call) => {
  const [x] = call.operands;
  const { clipValueMin: min, clipValueMax: max } = call.attrs;
  const variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  const bound = (value: number) => (Number.isFinite(value) ? call.scalar(value, variant.type) : '');
  const bounds = [bound(min), bound(max)];
  call.give('Clip', [x.get(variant), ...(bounds[1] ? bounds : bounds.slice(0, 1))], {}, variant);
};

const cast: Lowering = (call) => {
  const [x] = call.operands;
  const layout = call.layoutOf();
  const { type } = call.output;
  // from float32 to float32: mixed precision ends here
  const held = x.type === 'float32' && type === 'float32';
  const value = held
    ? x.get({ layout, type })
    : call.graph.node('Cast', [x.get({ layout, type: x.type })], { to: castCode(type) });
  call.output.set(value, { layout, type });
};

const select: Lowering = (call) => {
  const { condition, t, e } = call.inputs;
  const variant = { layout: call.layoutOf([condition, t, e]), type: call.typeOf('follows', [t, e]) };
  const when = call.broadcast(condition, { ...variant, type: 'bool' });
  call.give('Where', [when, call.broadcast(t, variant), call.broadcast(e, variant)], {}, variant);
};

const addN: Lowering = (call) => {
  const variant = { layout: call.layoutOf(), type: call.typeOf('follows') };
  call.give(
    'Sum',
    call.operands.map((x) => call.broadcast(x, variant)),
    {},
    variant,
  );
};

const filled =
  (value: number): Lowering =>
  (call) => {
    const [x] = call.operands;
    const layout = call.layoutOf();
    const shape = call.graph.node('Shape', [x.get({ layout, type: x.type })]);
    const { type } = call.output;
    call.give('Expand', [call.scalar(value, type), shape], {}, { layout, type });
  };

const floorDiv: Lowering = (call) => {
  const { a, b } = call.inputs;
  const { variant, inputs } = pair(call, 'never', a, b);
  const toFloat = (x: string) => call.graph.node('Cast', [x], { to: castCode('float32') });
  const quotient = call.graph.node('Div', variant.type === 'float32' ? inputs : inputs.map(toFloat));
  const floor = call.graph.node('Floor', [quotient]);
  call.give('Cast', [floor], { to: castCode('int32') }, { ...variant, type: 'int32' });
};

const prelu: Lowering = (call) => {
  const { x, alpha } = call.inputs;
  const variant = { layout: call.layoutOf([x]), type: call.typeOf('follows', [x]) };
  call.give('PRelu', [x.get(variant), call.broadcast(alpha, variant)], {}, variant);
};

export const elementwiseLowerings: Record<string, Lowering> = {
  Abs: unary('Abs'),
  Neg: unary('Neg'),
  Relu: unary('Relu'),
  Relu6: formula((call, x, type) => activation(call, x, 'relu6', type)),
  Square: formula((call, x) => call.graph.node('Mul', [x, x])),
  Floor: unary('Floor'),
  Ceil: unary('Ceil'),
  Round: unary('Round'),
  Sign: unary('Sign'),
  ZerosLike: filled(0),
  OnesLike: filled(1),
  Exp: unary('Exp', 'never'),
  Expm1: formula(
    (call, x, type) => call.graph.node('Sub', [call.graph.node('Exp', [x]), call.scalar(1, type)]),
    'never',
  ),
  Log: unary('Log', 'never'),
  Log1p: formula(
    (call, x, type) => call.graph.node('Log', [call.graph.node('Add', [x, call.scalar(1, type)])]),
    'never',
  ),
  Sqrt: unary('Sqrt', 'never'),
  Rsqrt: formula((call, x) => call.graph.node('Reciprocal', [call.graph.node('Sqrt', [x])]), 'never'),
  Reciprocal: unary('Reciprocal', 'never'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Softplus: unary('Softplus', 'never'),
  Erf: unary('Erf'),
  Sin: unary('Sin', 'never'),
  Cos: unary('Cos', 'never'),
  Elu: formula((call, x) => call.graph.node('Elu', [x], { alpha: { float: 1 } })),
  LeakyRelu: formula((call, x) => call.graph.node('LeakyRelu', [x], { alpha: { float: call.attrs.alpha ?? 0.2 } })),
  Step: formula((call, x, type) => {
    const positive = call.graph.node('Greater', [x, call.scalar(0, type)]);
    return call.graph.node('Where', [positive, call.scalar(1, type), call.scalar(call.attrs.alpha ?? 0, type)]);
  }),
  Prelu: prelu,
  ClipByValue: clip,
  Cast: cast,
  IsNan: unary('IsNaN'),
  LogicalNot: unary('Not'),
  DetActivate: formula((call, x, type) => activation(call, x, call.attrs.name, type)),
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: combined((call, inputs, type) => {
    if (type !== 'int32') return call.graph.node('Div', inputs);
    return call.graph.node(
      'Div',
      inputs.map((x) => call.graph.node('Cast', [x], { to: castCode('float32') })),
    );
  }),
  FloorDiv: floorDiv,
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow', 'never'),
  SquaredDifference: combined((call, inputs) => {
    const difference = call.graph.node('Sub', inputs);
    return call.graph.node('Mul', [difference, difference]);
  }, 'never'),
  Equal: binary('Equal', 'never'),
  NotEqual: combined((call, inputs) => call.graph.node('Not', [call.graph.node('Equal', inputs)]), 'never'),
  Greater: binary('Greater', 'never'),
  GreaterEqual: binary('GreaterOrEqual', 'never'),
  Less: binary('Less', 'never'),
  LessEqual: binary('LessOrEqual', 'never'),
  LogicalAnd: binary('And'),
  LogicalOr: binary('Or'),
  LogicalXor: binary('Xor'),
  Select: select,
  AddN: addN,
};

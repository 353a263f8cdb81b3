// Elementwise operations of the conformance table.

import * as tf from '@tensorflow/tfjs';
import type { Operations } from './operation';

type Unary = (a: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const unary: Record<string, Unary> = {
  abs: tf.abs,
  neg: tf.neg,
  exp: tf.exp,
  expm1: tf.expm1,
  log: tf.log,
  log1p: tf.log1p,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  square: tf.square,
  reciprocal: tf.reciprocal,
  sin: tf.sin,
  cos: tf.cos,
  atan: tf.atan,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  logSigmoid: tf.logSigmoid,
  softplus: tf.softplus,
  relu: tf.relu,
  relu6: tf.relu6,
  elu: tf.elu,
  erf: tf.erf,
  floor: tf.floor,
  ceil: tf.ceil,
  round: tf.round,
  sign: tf.sign,
  step: (a) => tf.step(a),
  isNaN: tf.isNaN,
  isFinite: tf.isFinite,
  zerosLike: tf.zerosLike,
  onesLike: tf.onesLike,
  identity: tf.clone,
  logicalNot: tf.logicalNot,
};

const binary: Record<string, Binary> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  pow: tf.pow,
  squaredDifference: tf.squaredDifference,
  floorDiv: tf.floorDiv,
  mod: tf.mod,
  atan2: tf.atan2,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
  logicalAnd: tf.logicalAnd,
  logicalOr: tf.logicalOr,
};

const operations: Operations = {
  leakyRelu: ({ a }, { alpha }) => tf.leakyRelu(a, alpha),
  prelu: ({ a, slope }) => tf.prelu(a, slope),
  clipByValue: ({ a }, { low, high }) => tf.clipByValue(a, low, high),
  where: ({ condition, a, b }) => tf.where(condition, a, b),
  cast: ({ a }, { dtype }) => tf.cast(a, dtype),
  addN: ({ a, b, c }) => tf.addN([a, b, c]),
};
for (const [name, f] of Object.entries(unary)) operations[name] = ({ a }) => f(a);
for (const [name, f] of Object.entries(binary)) operations[name] = ({ a, b }) => f(a, b);

export const elementwise = operations;

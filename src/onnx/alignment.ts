// Tapes of one network on inputs of different sizes, step by step beside each other: what is equal in all is a constant, what
// differs depends on the size.

import { DetLabError } from '../errors';
import type { Step, Tape, TapeTensor } from './tape';

/** A size on each tape. */
export type Sizes = readonly number[];

export interface AlignedTensor {
  id: number;
  /** Of each axis its size on each tape. */
  shape: readonly Sizes[];
  dtype: TapeTensor['dtype'];
  name?: string;
  /** Of constants, their values on each tape. */
  values?: readonly ArrayLike<number>[];
}

export interface AlignedStep {
  kernel: string;
  inputs: Readonly<Record<string, AlignedTensor>>;
  /** On each tape. */
  attrs: readonly Step['attrs'][];
  outputs: readonly AlignedTensor[];
  exact: boolean;
}

export interface AlignedTapes {
  count: number;
  steps: readonly AlignedStep[];
  inputs: readonly AlignedTensor[];
  outputs: readonly AlignedTensor[];
}

/** @throws DetLabError when other steps are run at another size */
export function alignTapes(tapes: readonly Tape[]): AlignedTapes {
  const [first] = tapes;
  const known = new Map<number, AlignedTensor>();
  /** The tensor with these ids, one on each tape. */
  const tensorOf = (ids: readonly number[]): AlignedTensor => {
    const found = known.get(ids[0]);
    if (found) return found;
    const each = ids.map((id, t) => tapes[t].tensors.get(id)!);
    const [{ shape, dtype, name }] = each;
    if (each.some((tensor) => tensor.shape.length !== shape.length)) throw differing('a tensor has another rank');
    const tensor: AlignedTensor = {
      id: ids[0],
      shape: shape.map((_, axis) => each.map((one) => one.shape[axis])),
      dtype,
      name,
      ...(each[0].values && { values: each.map((one) => one.values!) }),
    };
    known.set(ids[0], tensor);
    return tensor;
  };
  const listOf = (lists: readonly (readonly number[])[]) =>
    lists[0].map((_, i) => tensorOf(lists.map((list) => list[i])));
  const inputs = listOf(tapes.map((tape) => tape.inputs));
  const steps = first.steps.map((step, i): AlignedStep => {
    const each = tapes.map((tape) => tape.steps[i]);
    const keys = Object.keys(step.inputs);
    for (const one of each)
      if (one?.kernel !== step.kernel || Object.keys(one.inputs).join() !== keys.join())
        throw differing(`step ${i} is ${step.kernel} at one and ${one?.kernel ?? 'nothing'} at another`);
    return {
      kernel: step.kernel,
      inputs: Object.fromEntries(keys.map((key) => [key, tensorOf(each.map((one) => one.inputs[key]))])),
      attrs: each.map(({ attrs }) => attrs),
      outputs: listOf(each.map((one) => one.outputs)),
      exact: step.exact,
    };
  });
  if (tapes.some((tape) => tape.steps.length !== first.steps.length))
    throw differing('there are more steps at another');
  return { count: tapes.length, steps, inputs, outputs: listOf(tapes.map((tape) => tape.outputs)) };
}

const differing = (how: string) => new DetLabError(`the network takes other steps at other sizes: ${how}`);

/** Whether a size is the same on all tapes. */
export const isFixed = (sizes: Sizes): boolean => sizes.every((size) => size === sizes[0]);

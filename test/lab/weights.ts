// The weights of a model, and what of them a training changed.

import type { Model } from '../../src';

/** The bytes of every parameter and buffer. */
export const weightsOf = (model: Model) =>
  new Map(
    [...model.detector.stateDict()].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ]),
  );

/** Names of those that differ. */
export const changed = (before: Map<string, Buffer>, after: Map<string, Buffer>) =>
  [...before].filter(([name, value]) => !value.equals(after.get(name)!)).map(([name]) => name);

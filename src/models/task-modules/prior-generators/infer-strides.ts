// `strides` of a prior generator: those of the feature levels that it generates priors for, or checked against them. YOLACT
// gives the size of the image over that of each level, which is a little less.

import type { BuildContext } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';

export type StrideOption = number | [number, number];

/** A wrong level has half or twice the stride. */
const isStrideOf = (given: number, stride: number) => Math.abs(given / stride - 1) < 0.2;

/** @throws DetLabError when strides are unknown or not those of the levels. */
export function inferStrides(
  what: string,
  given: StrideOption[] | undefined,
  { inputs, path }: Pick<BuildContext, 'inputs' | 'path'>,
): StrideOption[] {
  if (!given) {
    if (!inputs)
      throw new DetLabError(`Cannot build ${what} at ${path}: strides are neither given nor known from a neck`);
    return inputs.map((level) => level.stride);
  }
  const pairs = given.map((s) => (typeof s === 'number' ? [s, s] : s));
  if (
    inputs &&
    (pairs.length !== inputs.length || pairs.some((s, i) => s.some((v) => !isStrideOf(v, inputs[i].stride))))
  )
    throw new DetLabError(
      `Cannot place priors at ${path}: ${what} has ${pairs.length} strides [${given.join(', ')}], but the features have ` +
        `${inputs.length} levels of strides [${inputs.map((l) => l.stride).join(', ')}]. Leave strides out to take theirs`,
    );
  return given;
}

// The options of an evaluation that say what is measured: metrics, slices, corruptions.

import { z } from 'zod';
import { callback } from '../catalogue/call-options';

const text = z.string().min(1);
/** A list that is of no use empty; `example` is what it could be. */
export const some = <T extends z.ZodType>(item: T, example: string) =>
  z.array(item).min(1, `expected at least one, such as ${example}`);

const oneMetric = z.union([text, z.looseObject({ type: text })]);
export const metricShape = z.union([oneMetric, some(oneMetric, "metric: ['bbox', 'voc']")]);

const sliceOf = z.union([text, callback]);
export const slicesShape = some(
  z.union([
    sliceOf,
    z.strictObject({ by: sliceOf, name: text.optional(), bounds: some(z.number(), 'bounds: [6, 21]').optional() }),
    z.strictObject({ groups: z.record(text, some(text, "['car', 'bus']")) }),
  ]),
  "['size', 'brightness']",
);

export const corruptionShapes = {
  corruptions: z.union([text, some(text, "corruptions: ['fog', 'motion_blur']")]),
  frostDir: text,
  severities: some(z.int().min(0).max(5), 'severities: [1, 3, 5]'),
};

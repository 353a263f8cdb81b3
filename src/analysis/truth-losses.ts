// What the steps of a pipeline lose of the ground truth: objects by COCO's size ranges, images that are discarded, and boxes of
// which clipping leaves less than half.

import { AREA_RANGES } from '../evaluation/coco-matching';

/** COCO's size ranges but for "all". */
export const SIZES = ['small', 'medium', 'large'] as const;

/** Objects by size: small, medium, large. */
export type BySize = [small: number, medium: number, large: number];

/** The objects of one sample before and after a step, by number; some may be there several times (mosaics). */
export interface StepObjects {
  before: ArrayLike<number>;
  /** Absent: the step discarded the sample. */
  after?: ArrayLike<number>;
  /** Share of the box of each object of `after` that clipping left, where the step clips. */
  shares?: ArrayLike<number>;
}

export interface StepLosses {
  /** Number of the step in the pipeline, and its type. */
  index: number;
  type: string;
  entered: BySize;
  lost: BySize;
  /** Objects of other images that the step mixed in. */
  added: BySize;
  /** Objects that remain with less than half of their box. */
  halved: BySize;
  /** Images that reached the step, and those that it discarded. */
  images: number;
  discarded: number;
}

const none = (): BySize => [0, 0, 0];

/** Index into SIZES of an object's area in square pixels. */
export function sizeOf(area: number): number {
  const found = AREA_RANGES.slice(1).findIndex(([, high]) => area < high);
  return found < 0 ? SIZES.length - 1 : found;
}

export const total = (counts: BySize): number => counts[0] + counts[1] + counts[2];

/**
 * Adds up what the samples lose.
 *
 * @example
 * const counter = new TruthLosses(['LoadAnnotations', 'RandomCrop'], (object) => sizes[object]);
 * counter.add([{ before: [0, 1], after: [0, 1] }, { before: [0, 1], after: [1], shares: [0.4] }]);
 * counter.steps[1].lost // [1, 0, 0] where object 0 is small
 */
export class TruthLosses {
  readonly steps: StepLosses[];

  /** @param sizeOfObject index into SIZES of an object */
  constructor(
    types: readonly string[],
    private readonly sizeOfObject: (object: number) => number,
  ) {
    this.steps = types.map((type, index) => ({
      index,
      type,
      entered: none(),
      lost: none(),
      added: none(),
      halved: none(),
      images: 0,
      discarded: 0,
    }));
  }

  /** @param sample its steps in order, as far as it came */
  add(sample: readonly StepObjects[]): void {
    for (const [i, { before, after, shares }] of sample.entries()) {
      const step = this.steps[i];
      step.images++;
      if (!after) step.discarded++;
      const balance = new Map<number, number>();
      const count = (object: number, by: number) => balance.set(object, (balance.get(object) ?? 0) + by);
      for (let k = 0; k < before.length; k++) {
        step.entered[this.sizeOfObject(before[k])]++;
        count(before[k], 1);
      }
      for (let k = 0; after && k < after.length; k++) {
        count(after[k], -1);
        if (shares && shares[k] < 0.5) step.halved[this.sizeOfObject(after[k])]++;
      }
      for (const [object, left] of balance) {
        const size = this.sizeOfObject(object);
        if (left > 0) step.lost[size] += left;
        else step.added[size] -= left;
      }
    }
  }
}

// The priors of all levels in a row, kept while the sizes of the levels stay.

import { joinArrays } from '../join-arrays';
import type { PriorGenerator, Size } from '../task-modules';

export class PriorRow {
  private kept: { key: string; priors: Float32Array } | undefined;

  constructor(private readonly generator: PriorGenerator) {}

  /** Four numbers a prior. Do not write into it. */
  of(sizes: Size[]): Float32Array {
    const key = sizes.join(';');
    if (this.kept?.key === key) return this.kept.priors;
    const priors = joinArrays(this.generator.gridPriors(sizes));
    this.kept = { key, priors };
    return priors;
  }

  /** Priors of each level. */
  counts(sizes: Size[]): number[] {
    const perCell = this.generator.numBasePriors;
    return sizes.map(([h, w], i) => h * w * perCell[i]);
  }
}

export const sizesOf = (levels: { shape: number[] }[]): Size[] => levels.map(({ shape }) => [shape[1], shape[2]]);

// The priors of all levels, concatenated, kept while the sizes of the levels stay. Do not write into what it returns.

import { joinArrays } from '../join-arrays';
import type { PriorGenerator, Size } from '../task-modules';

export class PriorCache {
  private key = '';
  private readonly cached = new Map<string, Float32Array>();

  constructor(private readonly generator: PriorGenerator) {}

  /** Priors [T, 4] of maps of these sizes, of the form that the generator gives. */
  of(sizes: Size[]): Float32Array {
    return this.get('priors', sizes, () => joinArrays(this.generator.gridPriors(sizes)));
  }

  /** The priors as points [T, 4]: x, y, stride x, stride y; of an anchor its center. */
  points(sizes: Size[]): Float32Array {
    const priors = this.of(sizes);
    if (this.generator.form === 'points') return priors;
    return this.get('points', sizes, () => {
      const strides = this.strides(sizes);
      return priors.map((v, i) => (i & 2 ? strides[i >> 2] : (v + priors[i + 2]) / 2));
    });
  }

  /** Stride (in x) of every prior [T]. */
  strides(sizes: Size[]): Float32Array {
    return this.get('strides', sizes, () =>
      Float32Array.from(this.levels(sizes), (level) => this.generator.strides[level][0]),
    );
  }

  /** Level of every prior [T]. */
  levels(sizes: Size[]): Int32Array {
    return Int32Array.from(this.counts(sizes).flatMap((count, level) => Array<number>(count).fill(level)));
  }

  /** Priors of each level; they add up to T. */
  counts(sizes: Size[]): number[] {
    const perCell = this.generator.numBasePriors;
    return sizes.map(([height, width], level) => height * width * perCell[level]);
  }

  /** Bytes of what is kept. */
  get bytes(): number {
    return [...this.cached.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  private get(name: string, sizes: Size[], compute: () => Float32Array): Float32Array {
    const key = sizes.join(';');
    if (this.key !== key) this.cached.clear();
    this.key = key;
    let values = this.cached.get(name);
    if (!values) this.cached.set(name, (values = compute()));
    return values;
  }
}

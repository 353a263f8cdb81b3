// Caches the priors of feature maps by level and size.

import { DetLabError } from '../../../errors';
import type { Size } from '../types';

const MAX_GRIDS = 256;

export class GridCache {
  private readonly grids = new Map<string, Float32Array>();

  /** @param what the priors are called in messages  @param make the priors of one level's map */
  constructor(
    private readonly what: string,
    private readonly numLevels: number,
    private readonly make: (size: Size, level: number) => Float32Array,
  ) {}

  /** By level; the arrays are cached: do not write into them. @throws DetLabError for another number of levels */
  of(sizes: readonly Size[]): Float32Array[] {
    if (sizes.length !== this.numLevels)
      throw new DetLabError(
        `Cannot place ${this.what}: expected ${this.numLevels} feature levels (one per stride), received ${sizes.length}`,
      );
    return sizes.map((size, level) => {
      const key = `${level}:${size}`;
      let grid = this.grids.get(key);
      if (!grid) {
        if (this.grids.size >= MAX_GRIDS) this.grids.clear(); // training on many image sizes
        this.grids.set(key, (grid = this.make(size, level)));
      }
      return grid;
    });
  }
}

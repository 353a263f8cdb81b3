// Finds the priors that can overlap a box at all. Neighbours in a grid of anchors are close together, so blocks of them
// share one bounding box; a ground-truth box of usual size meets a few per cent of the blocks.

const BLOCK = 64;

export class PriorBlocks {
  private readonly count: number;
  /** Bounding box of each block of 64 priors, flat xyxy. */
  private readonly bounds: Float32Array;

  constructor(priors: Float32Array) {
    this.count = priors.length >> 2;
    const blocks = Math.ceil(this.count / BLOCK);
    this.bounds = new Float32Array(4 * blocks);
    for (let b = 0; b < blocks; b++) {
      let x1 = Number.POSITIVE_INFINITY;
      let y1 = Number.POSITIVE_INFINITY;
      let x2 = Number.NEGATIVE_INFINITY;
      let y2 = Number.NEGATIVE_INFINITY;
      const end = Math.min((b + 1) * BLOCK * 4, priors.length);
      for (let i = b * BLOCK * 4; i < end; i += 4) {
        if (priors[i] < x1) x1 = priors[i];
        if (priors[i + 1] < y1) y1 = priors[i + 1];
        if (priors[i + 2] > x2) x2 = priors[i + 2];
        if (priors[i + 3] > y2) y2 = priors[i + 3];
      }
      this.bounds.set([x1, y1, x2, y2], 4 * b);
    }
  }

  /** Ranges [start, end) of priors, rising, outside of which none overlaps `box`. */
  near(box: Float32Array): [number, number][] {
    const [x1, y1, x2, y2] = box;
    const { bounds, count } = this;
    const runs: [number, number][] = [];
    let open = false;
    for (let b = 0; b < bounds.length; b += 4) {
      const meets = bounds[b] < x2 && bounds[b + 2] > x1 && bounds[b + 1] < y2 && bounds[b + 3] > y1;
      const end = Math.min((b / 4 + 1) * BLOCK, count);
      if (meets && open) runs[runs.length - 1][1] = end;
      else if (meets) runs.push([(b / 4) * BLOCK, end]);
      open = meets;
    }
    return runs;
  }
}

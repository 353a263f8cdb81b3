// What SOLO's heads report of the assignment of one image: cells, as points with the size of a cell for a stride.

import type { Instances } from '../task-modules';
import type { Assignment } from '../types';
import { type GridTargets, lastOfEachCell } from './grid-targets';

export function gridAssignment(
  source: string,
  image: number,
  { bboxes: boxes, labels }: Instances,
  levels: readonly GridTargets[],
  { grids, inputSize: [height, width] }: { grids: readonly number[]; inputSize: [number, number] },
): Assignment {
  const indices: number[] = [];
  const priors: number[] = [];
  const ofLevel: number[] = [];
  const truths: number[] = [];
  let first = 0;
  for (const [level, targets] of levels.entries()) {
    const grid = grids[level];
    const [w, h] = [width / grid, height / grid];
    const { cells, truths: owners } = lastOfEachCell(targets);
    for (const [k, cell] of cells.entries()) {
      indices.push(first + cell);
      priors.push(((cell % grid) + 0.5) * w, (Math.floor(cell / grid) + 0.5) * h, w, h);
      ofLevel.push(level);
      truths.push(owners[k]);
    }
    first += grid * grid;
  }
  return {
    source,
    image,
    form: 'points',
    indices: Int32Array.from(indices),
    priors: Float32Array.from(priors),
    levels: Int32Array.from(ofLevel),
    strides: grids.map((grid) => Math.max(width, height) / grid),
    truths: Int32Array.from(truths),
    boxes,
    labels,
  };
}

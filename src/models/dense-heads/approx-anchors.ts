// The boxes that the anchor of each cell may become, of heads that assign by the best of them: guided anchoring (Wang et al., CVPR
// 2019) and SABL (Wang et al., ECCV 2020). The anchor itself starts as the square of its cell.

import type { BuildContext, ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { buildPriorGenerator, type PriorGenerator, type Size } from '../task-modules';
import { cellPriors } from './cell-priors';
import type { AssignImage } from './dense-head';
import { PriorCache } from './prior-cache';
import { priorsInside } from './priors-inside';

export interface ApproxAnchorsConfig {
  approx_anchor_generator: ModuleConfig;
  square_anchor_generator: ModuleConfig;
}

export class ApproxAnchors {
  private readonly generator: PriorGenerator;
  private readonly cache: PriorCache;

  /** @throws DetLabError where the boxes and the `squares` of the cells do not belong together */
  constructor(config: ApproxAnchorsConfig, squares: PriorGenerator, context: BuildContext, head: string) {
    const { registry, path, inputs } = context;
    const { approx_anchor_generator: approx, square_anchor_generator: square } = config;
    const at = { registry, path: `${path}.approx_anchor_generator`, inputs };
    this.generator = buildPriorGenerator(approx, at, { head, form: 'boxes' });
    this.cache = new PriorCache(this.generator);
    cellPriors(head, this.generator, path);
    cellPriors(head, squares, path, 1);
    const [size, scales] = [approx.octave_base_scale, square.scales];
    const strides = (generator: PriorGenerator) => JSON.stringify(generator.strides);
    if (Array.isArray(scales) && size === scales[0] && strides(this.generator) === strides(squares)) return;
    throw new DetLabError(
      `Cannot build ${head} at ${path}: expected the octave_base_scale of approx_anchor_generator to be the scale of ` +
        `square_anchor_generator, and the same strides, received ${size} and ${JSON.stringify(scales)}, ` +
        `${strides(this.generator)} and ${strides(squares)}`,
    );
  }

  /** [T, A, 4], flat. */
  of(sizes: Size[]): Float32Array {
    return this.cache.of(sizes);
  }

  /** Cells of which any box is within `border` of the image; all when undefined. */
  cellsInside({ batch, index, sizes }: AssignImage, border = -1): Int32Array | undefined {
    const { imgShape } = batch.samples[index].meta;
    const padShape = batch.padShapes?.[index] ?? batch.batchShape;
    const inside = priorsInside(this.generator, this.cache.of(sizes), sizes, padShape, imgShape, border);
    const [perCell] = this.generator.numBasePriors;
    return inside && Int32Array.from(new Set(inside.map((i) => Math.floor(i / perCell))));
  }
}

/** @throws DetLabError when no cell of an image is left */
export function requireCells(cells: Int32Array | undefined, { batch, index }: AssignImage): Int32Array | undefined {
  if (cells?.length !== 0) return cells;
  const { imgShape, imgPath } = batch.samples[index].meta;
  throw new DetLabError(
    `Cannot train on "${imgPath}": no anchor lies inside the image of ${imgShape.join(' x ')} pixels. ` +
      'Set allowed_border to -1, or use smaller anchors',
  );
}

// What of an image the steps after its loading use: the size that the next resizing step gives it, at most. A JPEG need not be decoded
// larger than that.

import type { ModuleConfig } from '../../catalogue/registry';
import { fitInside, scaled } from './resize';
import type { NeededSize } from './sample';

type Pair = readonly [number, number];

/** Steps that use no pixels. */
const WITHOUT_PIXELS = new Set(['LoadAnnotations', 'LoadEmptyAnnotations', 'LoadPanopticAnnotations', 'LoadProposals']);
const typeOf = ({ type }: ModuleConfig): string => type.slice(type.lastIndexOf('.') + 1);
const pairOf = (value: unknown): Pair => (typeof value === 'number' ? [value, value] : (value as Pair));

/** The steps that resize and can follow. */
export const RESIZING = [
  'Resize',
  'FixScaleResize',
  'RandomResize',
  'RandomChoiceResize',
  'LetterResize',
  'YOLOv5KeepRatioResize',
];

/** What step `at` of a pipeline has to load; undefined: the next step that uses pixels does not resize them. */
export function neededSize(pipeline: readonly ModuleConfig[], at: number): NeededSize | undefined {
  const next = pipeline.slice(at + 1).find((step) => !WITHOUT_PIXELS.has(typeOf(step)));
  if (!next || !RESIZING.includes(typeOf(next))) return undefined;
  return {
    key: JSON.stringify(next),
    of(width, height, batchShape) {
      const sizes = targets(next, width, height, batchShape);
      const most = (k: 0 | 1) => Math.max(...sizes.map((size) => size[k]));
      return [most(0), most(1)];
    },
  };
}

/** Sizes [width, height] that a step may give to an image. */
function targets(step: ModuleConfig, width: number, height: number, batchShape: Pair | undefined): Pair[] {
  const { scale, scale_factor, scales, ratio_range, keep_ratio, stretch_only } = step;
  const sized = (pair: Pair): Pair => (keep_ratio === true ? fitInside(width, height, pair) : pair);
  switch (typeOf(step)) {
    case 'RandomChoiceResize':
      return (scales as unknown[]).map((one) => sized(pairOf(one)));
    case 'RandomResize': {
      if (typeof (scale as unknown[])[0] === 'number') {
        const most = Math.max(...(ratio_range as number[]));
        const [w, h] = scale as Pair;
        return [sized([Math.ceil(w * most), Math.ceil(h * most)])];
      }
      const [a, b] = scale as [Pair, Pair];
      return [sized([Math.max(a[0], b[0]), Math.max(a[1], b[1])])];
    }
    case 'LetterResize': {
      const [columns, rows] = batchShape ? [batchShape[1], batchShape[0]] : pairOf(scale);
      if (stretch_only === true) return [[columns, rows]];
      const ratio = Math.min(rows / height, columns / width);
      return [[Math.ceil(width * ratio), Math.ceil(height * ratio)]];
    }
    case 'YOLOv5KeepRatioResize':
      return [fitInside(width, height, pairOf(scale))];
    default:
      return scale ? [sized(pairOf(scale))] : [scaled(width, height, ...(pairOf(scale_factor) as [number, number]))];
  }
}

// Masks of detections over the whole image in the graph, and how they are to be read.

import { DetLabError } from '../../errors';
import type { ImageMaskParts, MaskReading } from '../../models/mask-heads/image-mask-parts';
import { type AlignedTensor, isFixed } from '../alignment';
import type { ExportedOutput } from '../export-network';
import type { Dimension } from '../graph';
import type { Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { GraphDetections } from '../selection/suppression';
import { dynamicMasks } from './dynamic-masks';
import { prototypeMasks } from './prototype-masks';

/** A logit of no object. */
export const NO_LOGIT = -1e4;

export interface ImageMaskInputs {
  detections: GraphDetections;
  /** Of all priors [N, T, K]. */
  parameters: Lowered;
  /** The priors, points with strides [T, 4]. */
  points?: Lowered;
  /** [N, h, w, C]. */
  map: Lowered;
  /** The images in the graph. */
  image: string;
}

/** @throws DetLabError for settings that have no form in ONNX */
export function imageMasks(inputs: ImageMaskInputs, parts: ImageMaskParts, context: LoweringContext): ExportedOutput {
  const { graph } = context;
  const { labels, count } = inputs.detections;
  const isLogit = parts.reading.values === 'logits';
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const each = graph.node('Unsqueeze', [valid, graph.ints([2, 3])]);
  return {
    name: 'masks',
    value: graph.node('Where', [each, values(inputs, parts, context), graph.float(isLogit ? NO_LOGIT : 0)]),
    type: 'float32',
    shape: [count ?? 'detections', ...maskSides(inputs.map.tensor, 'network' in parts ? parts.enlarged : 1)],
    doc: describedMasks(parts.reading),
  };
}

/** What is read [N, M, h, w]. */
function values(
  { detections: { priors, boxes }, parameters, points, map, image }: ImageMaskInputs,
  parts: ImageMaskParts,
  context: LoweringContext,
): string {
  const plain = { layout: 'same', type: 'float32' } as const;
  const own = {
    priors: priors!,
    parameters: parameters.get(plain),
    map: map.get({ layout: 'channels-first', type: 'float32' }),
  };
  if (!('network' in parts)) return prototypeMasks({ ...own, boxes, image }, parts, context);
  if (!points)
    throw new DetLabError('its masks have no form in ONNX: their networks read places, of which it gives none');
  const logits = dynamicMasks({ ...own, points: points.get(plain) }, parts, context);
  return parts.reading.values === 'logits' ? logits : context.graph.node('Sigmoid', [logits]);
}

/** Sides of a map [N, h, w, C] that is enlarged, for the shape of an output. */
export const maskSides = ({ shape: [, ...size] }: AlignedTensor, factor: number): Dimension[] =>
  [0, 1].map((k) => (isFixed(size[k]) ? factor * size[k][0] : `mask_${['height', 'width'][k]}`));

/** How masks are read, in words. */
export function describedMasks({ values, cells, threshold, inBox }: MaskReading): string {
  const read =
    cells === 'centered'
      ? 'resize them to the height and width of the input, bilinearly, corners not aligned'
      : `at pixel x (and y) interpolate them bilinearly at cell max(x - ${Math.floor(cells.aligned / 2)}, 0) / ${cells.aligned}, or the last`;
  const box = inBox ? ', and x1 <= x < x2, y1 <= y < y2 in its box' : '';
  return `${values} of the mask of each detection over the whole input: ${read}; a pixel is in the mask where they are above ${threshold}${box}`;
}

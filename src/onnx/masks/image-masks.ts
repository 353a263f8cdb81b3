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

/** A logit of no object. */
const NONE = -1e4;

export interface ImageMaskInputs {
  detections: GraphDetections;
  parameters: Lowered;
  points?: Lowered;
  map: Lowered;
}

/** @throws DetLabError for settings that have no form in ONNX */
export function imageMasks(
  { detections, parameters, points, map }: ImageMaskInputs,
  parts: ImageMaskParts,
  context: LoweringContext,
): ExportedOutput {
  const { graph } = context;
  const { labels, priors, count } = detections;
  if (!priors || !points)
    throw new DetLabError('its masks have no form in ONNX: what they are computed of is not known');
  const plain = { layout: 'same', type: 'float32' } as const;
  const inputs = {
    priors,
    parameters: parameters.get(plain),
    points: points.get(plain),
    map: map.get({ layout: 'channels-first', type: 'float32' }),
  };
  const logits = dynamicMasks(inputs, parts, context);
  const { reading } = parts;
  const isLogit = reading.values === 'logits';
  const value = isLogit ? logits : graph.node('Sigmoid', [logits]);
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const each = graph.node('Unsqueeze', [valid, graph.ints([2, 3])]);
  return {
    name: 'masks',
    value: graph.node('Where', [each, value, graph.float(isLogit ? NONE : 0)]),
    type: 'float32',
    shape: [count ?? 'detections', ...sides(map.tensor, parts.enlarged)],
    doc: described(reading),
  };
}

const sides = ({ shape: [, ...size] }: AlignedTensor, factor: number): Dimension[] =>
  [0, 1].map((k) => (isFixed(size[k]) ? factor * size[k][0] : `mask_${['height', 'width'][k]}`));

/** How masks are read, in words. */
export function described({ values, stride, cells, threshold }: MaskReading): string {
  const first = `${values} of the mask of each detection over the whole input, a cell for every ${stride} x ${stride} pixels: `;
  const read =
    cells === 'centered'
      ? `resize them to ${stride} times their size, bilinearly, corners not aligned`
      : `at pixel x (and y) interpolate them bilinearly at cell max(x - ${Math.floor(stride / 2)}, 0) / ${stride}, or the last`;
  return `${first}${read}; a pixel is in the mask where they are above ${threshold}`;
}

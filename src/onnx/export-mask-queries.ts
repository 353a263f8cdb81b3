// MaskFormer and Mask2Former as a graph: instances and segments of the classes and masks of queries. N images, Q queries, C classes,
// M instances, h x w cells of the map of masks.

import { DetLabError } from '../errors';
import type { MaskFormer } from '../models/detectors/mask-former';
import { checkOverrides } from './check-overrides';
import type { ExportedOutput, ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import type { LoweringContext } from './lowering';
import { aroundMasks } from './masks/boxes-around';
import { type ImageFrame, inputDimensions } from './masks/image-frame';
import { describedMasks, maskSides, NO_LOGIT } from './masks/image-masks';
import { recordBatch } from './record-batch';
import { type GraphQueryMasks, querySegments } from './segments/query-segments';
import { segmentOutputs, thingsAmong } from './segments/segments';
import { DROPPED } from './selection/pairs';
import type { GraphDetections } from './selection/suppression';
import type { Tape } from './tape';

const RANKED = { axis: 1, largest: 1, sorted: 1 };
const READING = describedMasks({ values: 'logits', cells: 'centered', threshold: 0 });

/** [height, width] of the levels that queries or pixels attend to. */
function shapesOf({ steps }: Tape): number[][] {
  const lists = steps.flatMap(({ kernel, attrs }) =>
    kernel === 'DetDeformAttention' || kernel === 'PaddingMask' ? [attrs.shapes as number[]] : [],
  );
  const [flat = []] = lists;
  return Array.from({ length: flat.length / 2 }, (_, level) => flat.slice(2 * level, 2 * level + 2));
}

/** @throws DetLabError for what has no form in ONNX */
export function exportMaskQueries(detector: MaskFormer, inputs: ExportInputs): NetworkExport {
  const { examples, names, image, sizes, context, nms } = inputs;
  const { fusion } = detector;
  checkOverrides(detector, [['predict', 'predictions']]);
  checkOverrides(fusion, [['predict', 'cfg']]);
  const tapes = examples.map((example) =>
    recordBatch(example, names, (batch) => {
      const { scores, masks } = detector.predictions(batch);
      return [scores, masks];
    }),
  );
  const shapes = tapes.map(shapesOf);
  context.levels = shapes[0].map((_, level) => [
    shapes.map((levels) => levels[level][0]),
    shapes.map((levels) => levels[level][1]),
  ]);
  const given = [
    { name: image, layout: 'channels-first' },
    { name: sizes(), layout: 'same' },
  ] as const;
  const tensors = lowerTapes(tapes, given, context, 'the network');
  const [scores, masks] = tensors.map((x) => x.get({ layout: 'same', type: 'float32' }));
  const [, count, columns] = tensors[0].shape;
  const likely = context.graph.node('Softmax', [scores], { axis: 2 });
  const map = maskSides({ ...tensors[1].tensor, shape: tensors[1].tensor.shape.slice(1) }, 1);
  if (!nms) return { clips: true, outputs: rawOutputs(likely, masks, [count, columns], map) };
  const queries = { likely, classes: columns - 1, masks };
  const frame = { image, sizes: sizes() };
  const { cfg, numThings } = fusion;
  const segments = cfg.panoptic_on ? querySegments(queries, cfg, numThings, frame, context) : undefined;
  const outputs = segments
    ? segmentOutputs(segments, inputDimensions(examples), {
        numThings,
        scored: 'scores of the segments, 0 where there is no such segment',
      })
    : [];
  if (cfg.instance_on) {
    const limit = Math.min(cfg.max_per_image, count * (columns - 1));
    const found = instances({ ...queries, count: limit, things: numThings, map }, frame, context);
    return { clips: true, detections: found.detections, outputs: [found.masks, ...outputs] };
  }
  if (!segments)
    throw new DetLabError(
      'its test_cfg asks for neither instances nor segments. Set instance_on or panoptic_on, or save with { nms: false }',
    );
  const { detections, numbers } = thingsAmong(segments, numThings, frame, context);
  return { clips: true, detections, outputs: [numbers, ...outputs] };
}

const rawOutputs = (
  likely: string,
  masks: string,
  [count, columns]: readonly number[],
  map: ExportedOutput['shape'],
): ExportedOutput[] => [
  {
    name: 'scores',
    value: likely,
    type: 'float32',
    shape: [count, columns],
    doc: 'probabilities of the classes of all queries, last that of no object',
  },
  { name: 'masks', value: masks, type: 'float32', shape: [count, ...map], doc: READING },
];

interface InstanceQueries extends GraphQueryMasks {
  /** M. */
  count: number;
  /** Classes of things, which are first. */
  things: number;
  map: ExportedOutput['shape'];
}

/** The best pairs of a query and a class of things; scores times how sure the masks are. */
function instances(
  { likely, classes, masks, count, things, map }: InstanceQueries,
  frame: ImageFrame,
  context: LoweringContext,
): { detections: GraphDetections; masks: ExportedOutput } {
  const { graph } = context;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const ends = [graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])];
  const ofClasses = graph.node('Slice', [likely, ...ends]);
  const flat = graph.node('Reshape', [ofClasses, graph.ints([0, -1])], { allowzero: 0 });
  const [best, place] = graph.nodeOf('TopK', [flat, graph.ints([count])], RANKED, 2);
  const label = graph.node('Mod', [place, scalar(classes)], { fmod: 0 });
  const query = graph.node('Unsqueeze', [graph.node('Div', [place, scalar(classes)]), graph.ints([2])]);
  const own = graph.node('GatherND', [masks, query], { batch_dims: 1 });
  const { boxes, certainty } = aroundMasks(own, 0, frame, context);
  const isThing = graph.node('Less', [label, scalar(things)]);
  const judged = graph.node('Where', [isThing, graph.node('Mul', [best, certainty]), graph.float(DROPPED)]);
  const [scores, index] = graph.nodeOf('TopK', [judged, graph.ints([count])], RANKED, 2);
  const at = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const take = (value: string) => graph.node('GatherND', [value, at], { batch_dims: 1 });
  const valid = graph.node('GreaterOrEqual', [scores, graph.float(0)]);
  const each = (...axes: number[]) => graph.node('Unsqueeze', [valid, graph.ints(axes)]);
  return {
    detections: {
      boxes: graph.node('Where', [each(2), take(boxes), graph.float(0)]),
      scores: graph.node('Where', [valid, scores, graph.float(0)]),
      labels: graph.node('Where', [valid, take(label), scalar(-1)]),
      count,
      around: true,
    },
    masks: {
      name: 'masks',
      value: graph.node('Where', [each(2, 3), take(own), graph.float(NO_LOGIT)]),
      type: 'float32',
      shape: [count, ...map],
      doc: READING,
    },
  };
}

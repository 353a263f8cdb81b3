// A detector of the DETR family as a graph: the queries of its last decoder layer, and the best of them. Sizes of the images are an
// input: beyond them the transformer sees padding, as in `predict`.

import type * as tf from '@tensorflow/tfjs';
import type { QueryHead, QueryPredictions } from '../models/dense-heads/query-head';
import type { DetectionTransformer } from '../models/detectors/detection-transformer';
import { checkOverrides } from './check-overrides';
import { clip } from './clip-boxes';
import { exactSigmoid } from './exact-sigmoid';
import type { ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import type { LoweringContext } from './lowering';
import { recordBatch } from './record-batch';
import type { GraphDetections } from './selection/suppression';
import type { Tape } from './tape';

export type QueryDetector = DetectionTransformer<QueryHead>;

function record(detector: QueryDetector, example: tf.Tensor4D, names: ExportInputs['names']): Tape {
  return recordBatch(example, names, (batch) => {
    const { scores, boxes }: QueryPredictions = detector.forward(batch);
    return [scores, boxes];
  });
}

/** [height, width] of the levels that the transformer reads. */
const shapesOf = ({ steps }: Tape): number[][] =>
  steps.flatMap(({ kernel, attrs }) => (kernel === 'PaddingMask' ? [attrs.shapes] : []));

/** @throws DetLabError for what has no form in ONNX */
export function exportQueries(
  detector: QueryDetector,
  { examples, names, image, sizes, context, nms }: ExportInputs,
): NetworkExport {
  const { bboxHead: head } = detector;
  checkOverrides(head, [['detections', 'selection']]);
  const tapes = examples.map((example) => record(detector, example, names));
  const shapes = tapes.map(shapesOf);
  context.levels = shapes[0].map((_, level) => [
    shapes.map((levels) => levels[level][0]),
    shapes.map((levels) => levels[level][1]),
  ]);
  const inputs = [
    { name: image, layout: 'channels-first' },
    { name: sizes(), layout: 'same' },
  ] as const;
  const tensors = lowerTapes(tapes, inputs, context, 'the network');
  const [scores, coded] = tensors.map((x) => x.get({ layout: 'same', type: 'float32' }));
  const [, queries, columns] = tensors[0].shape;
  const { graph } = context;
  const { sigmoid, limit = queries } = head.selection;
  const likely = sigmoid ? exactSigmoid(scores, graph) : graph.node('Softmax', [scores], { axis: 2 });
  const boxes = pixelBoxes(coded, sizes(), context);
  if (!nms) return { clips: true, outputs: rawOutputs(boxes, likely, queries, columns) };
  const candidates = { scores: likely, columns, boxes, queries };
  return {
    clips: true,
    detections: sigmoid ? bestPairs(candidates, limit, context) : bestQueries(candidates, limit, context),
  };
}

/** cxcywh in shares of the image [N, Q, 4] to xyxy in pixels, within the image. */
function pixelBoxes(coded: string, sizes: string, context: LoweringContext): string {
  const { graph } = context;
  const part = (from: number) =>
    graph.node('Slice', [coded, graph.ints([from]), graph.ints([from + 2]), graph.ints([2]), graph.ints([1])]);
  const half = graph.node('Mul', [part(2), graph.float(0.5)]);
  const corners = graph.node('Concat', [graph.node('Sub', [part(0), half]), graph.node('Add', [part(0), half])], {
    axis: 2,
  });
  const sides = graph.node('Unsqueeze', [
    graph.node('Gather', [sizes, graph.ints([1, 0, 1, 0])], { axis: 1 }),
    graph.ints([1]),
  ]);
  return clip(graph.node('Mul', [corners, sides]), sizes, context);
}

interface QueryCandidates {
  /** Probabilities [N, Q, columns]. */
  scores: string;
  columns: number;
  /** [N, Q, 4]. */
  boxes: string;
  queries: number;
}

const RANKED = { axis: 1, largest: 1, sorted: 1 };

/** A query may be found under several classes; with the query of each, int64 [N, K, 1]. */
export function bestPairs(
  { scores, columns, boxes, queries }: QueryCandidates,
  limit: number,
  { graph }: LoweringContext,
): GraphDetections & { query: string } {
  const count = Math.min(limit, queries * columns);
  const flat = graph.node('Reshape', [scores, graph.ints([0, -1])], { allowzero: 0 });
  const [best, index] = graph.nodeOf('TopK', [flat, graph.ints([count])], RANKED, 2);
  const width = graph.constant([columns], [], 'int64');
  const query = graph.node('Unsqueeze', [graph.node('Div', [index, width]), graph.ints([2])]);
  return {
    boxes: graph.node('GatherND', [boxes, query], { batch_dims: 1 }),
    scores: best,
    labels: graph.node('Mod', [index, width], { fmod: 0 }),
    count,
    query,
  };
}

/** Every query under its best class; the last column is the background. */
function bestQueries(
  { scores, columns, boxes, queries }: QueryCandidates,
  limit: number,
  { graph }: LoweringContext,
): GraphDetections {
  const count = Math.min(limit, queries);
  const classes = graph.node('Slice', [
    scores,
    graph.ints([0]),
    graph.ints([columns - 1]),
    graph.ints([2]),
    graph.ints([1]),
  ]);
  const [top, label] = graph.nodeOf('TopK', [classes, graph.ints([1])], { ...RANKED, axis: 2 }, 2);
  const flat = graph.node('Squeeze', [top, graph.ints([2])]);
  const [best, index] = graph.nodeOf('TopK', [flat, graph.ints([count])], RANKED, 2);
  const query = graph.node('Unsqueeze', [index, graph.ints([2])]);
  const at = (value: string) => graph.node('GatherND', [value, query], { batch_dims: 1 });
  return { boxes: at(boxes), scores: best, labels: graph.node('Squeeze', [at(label), graph.ints([2])]), count };
}

export const rawOutputs = (
  boxes: string,
  scores: string,
  queries: number,
  columns: number,
): NetworkExport['outputs'] => [
  {
    name: 'boxes',
    value: boxes,
    type: 'float32',
    shape: [queries, 4],
    doc: 'boxes of all queries, xyxy in pixels of the input',
  },
  { name: 'scores', value: scores, type: 'float32', shape: [queries, columns], doc: 'probabilities of all queries' },
];

// Sparse R-CNN as a graph: learned proposals with features of their objects, stage after stage, and the best pairs of a proposal and a
// class. N images, P proposals each, K = N P rows, C features of an object.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import type { EmbeddingRPNHead } from '../models/dense-heads/embedding-rpn-head';
import type { SparseRoIHead } from '../models/roi-heads/sparse-roi-head';
import { checkOverrides } from './check-overrides';
import { clip } from './clip-boxes';
import { Dimensions } from './dimensions';
import { exactSigmoid } from './exact-sigmoid';
import type { ExportInputs, NetworkExport } from './export-network';
import { bestPairs, rawOutputs } from './export-queries';
import { lowerTapes } from './lower-tapes';
import type { Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import { poolRois, roiRows } from './rois/pool-rois';
import { lowerMasks, withMasks } from './rois/roi-masks';
import { recordTape } from './tape';

export interface ObjectNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  rpn: EmbeddingRPNHead;
  roiHead: SparseRoIHead;
}

/** Images of the batches at which a stage is recorded. */
const BATCHES = [2, 1, 3];
const PLAIN = { layout: 'same', type: 'float32' } as const;

type StageInputs = Pick<ExportInputs, 'context' | 'names' | 'sizes'> & {
  /** What is recorded, for errors. */
  part: string;
  /** P and C. */
  count: number;
  channels: number;
};

/** Neither zero nor constant. */
const exampleOf = (shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.abs(Math.sin(i * 0.7))),
    shape,
  );

/** What a stage reads, and what it gives. */
interface StageValues {
  /** [N, P, 4]. */
  boxes: string;
  /** [N, P, C]. */
  objects: string;
  /** [K, columns]. */
  scores?: { value: string; columns: number };
  /** Before what is pooled for the objects, [N, P, C]. */
  attended?: string;
}

/** @throws DetLabError for what has no form in ONNX */
export function exportObjects({ extractFeatures, rpn, roiHead }: ObjectNetwork, inputs: ExportInputs): NetworkExport {
  const { examples, names, image, sizes, context, nms } = inputs;
  const { graph } = context;
  checkOverrides(roiHead, [['predict', 'objectStages']]);
  const { stages, masks, sigmoid, limit } = roiHead.objectStages;
  if (masks.length > 0 && !nms)
    throw new DetLabError(
      'its masks are those of selected detections. Leave nms out, or set roi_head.mask_head to null',
    );
  const poolers = [...stages.map(({ pooler }) => pooler), ...masks.flatMap((mask) => mask.poolers)];
  const read = Math.max(...poolers.map(({ extractor }) => extractor.numInputs));
  const tapes = examples.map((example) => recordTape([example], () => extractFeatures(example).slice(0, read), names));
  const features = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const [count, channels] = rpn.forward().features.shape;
  const size = { count, channels };
  let values: StageValues = firstValues(rpn, image, sizes(), context);
  for (const [i, stage] of stages.entries())
    values = lowerStage(stage, values, features, { ...inputs, ...size, part: `stage ${i + 1} of the roi_head` });
  const { value, columns } = values.scores!;
  const { attended = '' } = values;
  const { numClasses: classes } = roiHead;
  const perImage = (x: string, last: number) =>
    graph.node('Reshape', [x, graph.ints([-1, rpn.numProposals, last])], { allowzero: 0 });
  const likely = sigmoid ? exactSigmoid(value, graph) : graph.node('Softmax', [value], { axis: 1 });
  const all = perImage(likely, columns);
  const scores = sigmoid
    ? all
    : graph.node('Slice', [all, graph.ints([0]), graph.ints([classes]), graph.ints([2]), graph.ints([1])]);
  const { boxes } = values;
  if (!nms) return { clips: false, outputs: rawOutputs(boxes, scores, rpn.numProposals, classes) };
  const found = { scores, columns: classes, boxes, queries: rpn.numProposals };
  const { query, ...detections } = bestPairs(found, limit, context);
  if (masks.length === 0) return { clips: false, detections };
  const ofObjects = graph.node('GatherND', [attended, query], { batch_dims: 1 });
  const objects = graph.node('Reshape', [ofObjects, graph.ints([-1, channels])], { allowzero: 0 });
  const input = { value: objects, layout: 'same', shape: [channels] } as const;
  const levels = { levels: features, more: [] };
  return withMasks(detections, lowerMasks(masks, detections, levels, names, context, input), context, false);
}

/** The proposals in pixels of each image, and the features of their objects. */
function firstValues(rpn: EmbeddingRPNHead, image: string, sizes: string, { graph }: LoweringContext): StageValues {
  const { boxes, features } = rpn.forward();
  const [count, channels] = features.shape;
  const corners = tf.tidy(() => {
    const [center, size] = tf.split(boxes, 2, 1);
    const half = tf.mul(size, 0.5);
    return tf.concat([tf.sub(center, half), tf.add(center, half)], 1).dataSync<'float32'>();
  });
  const shares = graph.constant(corners, [1, count, 4], 'float32');
  const sides = graph.node('Unsqueeze', [
    graph.node('Gather', [sizes, graph.ints([1, 0, 1, 0])], { axis: 1 }),
    graph.ints([1]),
  ]);
  const images = graph.node('Shape', [image], { start: 0, end: 1 });
  const shape = graph.node('Concat', [images, graph.ints([count, channels])], { axis: 0 });
  const table = graph.constant(features.dataSync<'float32'>(), [1, count, channels], 'float32');
  return { boxes: graph.node('Mul', [shares, sides]), objects: graph.node('Expand', [table, shape]) };
}

/** One stage, recorded for several numbers of images. */
function lowerStage(
  { pooler, head }: SparseRoIHead['objectStages']['stages'][number],
  { boxes, objects }: StageValues,
  features: readonly Lowered[],
  { context, names, sizes, part, count, channels }: StageInputs,
): StageValues {
  const { graph, precision } = context;
  const { inputs, order, combine } = poolRois(
    [pooler],
    { levels: features, more: [] },
    roiRows(boxes, context),
    names,
    context,
  );
  const inOrder = (value: string) => (order ? graph.node('Gather', [value, order.places], { axis: 0 }) : value);
  const pooled = inputs.map(({ value, layout }) => ({ name: inOrder(value), layout }));
  const tapes = BATCHES.map((images) => {
    const examples = [
      ...inputs.map(({ shape }) => exampleOf([images * count, ...shape])),
      exampleOf([images, count, channels]),
      exampleOf([images * count, 4]),
    ];
    const forward = () => {
      const [objects, priors] = examples.slice(-2) as [tf.Tensor3D, tf.Tensor2D];
      const outputs = head.forward(combine(examples.slice(0, -2))[0], objects);
      const { scores, deltas, objects: next, attended } = outputs;
      if (!scores || !deltas || !next || !attended)
        throw new DetLabError('its bbox_head has with_cls or with_reg false');
      return [scores, head.coder.decodeTensors(priors, deltas), next, attended];
    };
    try {
      return recordTape(examples, forward, names);
    } finally {
      tf.dispose(examples);
    }
  });
  const rows = graph.node('Reshape', [boxes, graph.ints([-1, 4])], { allowzero: 0 });
  const given = [...pooled, { name: objects, layout: 'same' as const }, { name: rows, layout: 'same' as const }];
  const own = { graph, dimensions: new Dimensions(graph), precision, levels: [] };
  const [scores, decoded, next, attended] = lowerTapes(tapes, given, own, part);
  const perImage = graph.node('Reshape', [decoded.get(PLAIN), graph.ints([-1, count, 4])], { allowzero: 0 });
  return {
    scores: { value: scores.get(PLAIN), columns: scores.shape[1] },
    boxes: (head.coder.clips ?? true) ? clip(perImage, sizes(), context) : perImage,
    objects: next.get(PLAIN),
    attended: attended.get(PLAIN),
  };
}

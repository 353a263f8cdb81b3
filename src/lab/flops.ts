// Counts the multiply-adds of a detector on one image by running a forward pass and observing its kernels. As in
// MMDetection's get_flops, it counts convolutions, matrix products and attention (one per multiply-add), batch norms of
// evaluation (2 per value), group and layer norms (5 per value), resizing (nearest 1, bilinear 4 per output) and means over
// feature maps (1 per input). On engines with kernels for them, deformable convolutions and attention also count their
// samples like bilinear resizing; get_flops ignores deformable convolutions.

import * as tf from '@tensorflow/tfjs';
import type { PackedSample, ProposalBoxes } from '../data/types';
import { EmbeddingRPNHead } from '../models/dense-heads/embedding-rpn-head';
import { TwoStageDetector } from '../models/detectors/two-stage-detector';
import type { Detector } from '../models/types';
import type { Module } from '../nn/module';
import { spreadBoxes } from './spread-boxes';

type Inputs = Record<string, tf.Tensor | undefined>;
type Attributes = { transposeA?: boolean; heads?: number } | undefined;
type Cost = (inputs: Inputs, output: tf.Tensor, attributes: Attributes) => number;

const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
/** [kh, kw, Cin / groups, Cout]: each output value takes kh * kw * Cin / groups. */
const convolution = ({ filter }: Inputs, y: tf.Tensor) => y.size * product(filter!.shape.slice(0, 3));
const depthwise: Cost = ({ filter }, y) => y.size * product(filter!.shape.slice(0, 2));

/** Data of maps that convolutions repeat to twice their size. */
const repeated = new WeakSet<object>();

/** That repetition counts as resizing, once for each map, however many convolutions read it. */
function repetition(maps: readonly tf.Tensor[], y: tf.Tensor): number {
  const first = maps.filter((map) => map.shape[1] !== y.shape[1] && !repeated.has(map.dataId));
  for (const map of first) repeated.add(map.dataId);
  return first.reduce((sum, map) => sum + 4 * map.size, 0);
}

const COSTS: Record<string, Cost> = {
  Conv2D: convolution,
  FusedConv2D: convolution,
  // `scale` is that of a folded batch norm
  DetConv2D: (inputs, y) => convolution(inputs, y) + (inputs.scale ? 2 * y.size : 0),
  DetJoinedConv2D: ({ filter, bias, scale, residual, ...maps }, y) =>
    convolution({ filter }, y) + (scale ? 2 * y.size : 0) + repetition(Object.values(maps) as tf.Tensor[], y),
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: depthwise,
  Conv2DBackpropInput: ({ dy, filter }) => dy!.size * product(filter!.shape.slice(0, 3)),
  FusedBatchNorm: (_, y) => 2 * y.size,
  ResizeNearestNeighbor: (_, y) => y.size,
  ResizeBilinear: (_, y) => 4 * y.size,
  DetDeformConv2D: (inputs, y) => {
    const [kh, kw, , outputs] = inputs.filter!.shape as number[];
    return convolution(inputs, y) + 4 * (y.size / outputs) * kh * kw * (inputs.x!.shape[3] as number);
  },
  // each weight multiplies the channels of one head
  DetDeformAttention: ({ value, weights }, _, attributes) =>
    (4 * weights!.size * (value!.shape[2] as number)) / attributes!.heads!,
  Mean: ({ x }) => (x!.rank === 4 ? x!.size : 0),
  // query [N, Lq, C], key [N, Lk, C], value [N, Lk, Cv]
  DetAttention: ({ query, key, value }) =>
    query!.size * ((key as tf.Tensor3D).shape[1] + (value as tf.Tensor3D).shape[1]),
};

const matrixProduct = ({ a }: Inputs, y: tf.Tensor, transposeA: boolean): number =>
  y.size * a!.shape[a!.rank - (transposeA ? 2 : 1)];

/** Multiply-adds of `f`. */
export function countFlops(f: () => void, modules: Iterable<Module> = []): number {
  let total = 0;
  /** True inside a layer that is counted as a whole. */
  let counted = false;
  const engine = tf.engine();
  const original = engine.runKernel;
  engine.runKernel = function runKernel(this: typeof engine, name: string, inputs: unknown, attrs?: unknown) {
    const outputs = original.call(this, name, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
    const output = (Array.isArray(outputs) ? outputs[0] : outputs) as tf.Tensor;
    if (counted) return outputs;
    if (name === 'BatchMatMul' || name === '_FusedMatMul')
      total += matrixProduct(inputs as Inputs, output, (attrs as Attributes)?.transposeA === true);
    else total += COSTS[name]?.(inputs as Inputs, output, attrs as Attributes) ?? 0;
    return outputs;
  } as typeof original;
  const restore = [...modules].flatMap((module) => {
    const layer = module as Module & Layer;
    const names = String(layer.layerNames);
    // norms of several kernels are counted as a whole; a batch norm folded into a convolution does not run
    const perValue = /GroupNorm|LayerNorm/.test(names) ? 5 : /BatchNorm/.test(names) ? 2 : 0;
    if (perValue > 0)
      return [
        replaced(layer, 'forward', (forward, x, ...rest) => {
          total += perValue * x.size;
          counted = true;
          try {
            return forward(x, ...rest);
          } finally {
            counted = false;
          }
        }),
      ];
    if (!/DeformConv2dPack/.test(names)) return [];
    // its batch norm is folded into the filter and has no kernel
    const run = replaced(layer, 'run', (original, x, epilogue) => {
      const y = original(x, epilogue);
      if ((epilogue as { scale?: tf.Tensor } | undefined)?.scale) total += 2 * y.size;
      return y;
    });
    return [run];
  });
  try {
    tf.tidy(f);
  } finally {
    engine.runKernel = original;
    for (const undo of restore) undo();
  }
  return total;
}

type Call = (x: tf.Tensor, ...rest: unknown[]) => tf.Tensor;
interface Layer {
  layerNames?: readonly string[];
  forward: Call;
  run: Call;
}

/** Replaces a method by `call`; returns a function that restores it. */
function replaced(
  layer: Layer,
  method: 'forward' | 'run',
  call: (original: Call, ...args: Parameters<Call>) => tf.Tensor,
) {
  const original: Call = layer[method].bind(layer);
  layer[method] = (x, ...rest) => call(original, x, ...rest);
  return () => void delete (layer as Partial<Layer>)[method];
}

type Size = [height: number, width: number];

/** A packed sample: a black image of this size, with proposals for a second stage. */
function blackImage([height, width]: Size, proposals?: ProposalBoxes): PackedSample {
  return {
    image: { data: new Uint8Array(height * width * 3), width, height, order: 'bgr' },
    meta: {
      imgId: 0,
      imgPath: 'black image',
      oriShape: [height, width],
      imgShape: [height, width],
      scaleFactor: [1, 1],
      flip: false,
    },
    truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
    ...(proposals && { proposals }),
  };
}

export interface FlopsOptions {
  /** Number of proposals for the second stage. */
  proposals?: number;
  /** Feature levels that replace the backbone's, whose cost is then excluded. */
  backboneLevels?: tf.Tensor4D[];
}

/**
 * Multiply-adds of a detector on one image of `input` [height, width]; a second stage receives `proposals` proposals and
 * predicts masks for a hundred of them, unless its first stage has learned them. Post-processing is not counted.
 */
export function detectorFlops(detector: Detector, input: Size, options: FlopsOptions = {}): number {
  const { proposals = 1000, backboneLevels } = options;
  detector.eval();
  const learned = detector instanceof TwoStageDetector && detector.firstStage instanceof EmbeddingRPNHead;
  const batch = detector.preprocess([blackImage(input, learned ? undefined : spreadBoxes(proposals, input))]);
  const modules = [...detector.modules()].map(([, module]) => module);
  try {
    return countFlops(() => void detector.forward(batch, backboneLevels), modules);
  } finally {
    batch.inputs.dispose();
  }
}

// A detector as an ONNX model: which network it is, at which sizes it is recorded, inputs, outputs and metadata.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { CascadeRPNHead } from '../models/dense-heads/cascade-rpn-head';
import { CenterNetHead } from '../models/dense-heads/centernet-head';
import { CornerHead } from '../models/dense-heads/corner-head';
import { EmbeddingRPNHead } from '../models/dense-heads/embedding-rpn-head';
import { DetectionTransformer } from '../models/detectors/detection-transformer';
import { MaskFormer } from '../models/detectors/mask-former';
import { PanopticFPN } from '../models/detectors/panoptic-fpn';
import { RPN } from '../models/detectors/rpn';
import { SemiBaseDetector } from '../models/detectors/semi-base-detector';
import { SingleStageDetector } from '../models/detectors/single-stage-detector';
import { SingleStageInstanceSegmentor } from '../models/detectors/single-stage-instance-segmentor';
import { SingleTeacherDistill } from '../models/detectors/single-teacher-distill';
import { TwoStageDetector } from '../models/detectors/two-stage-detector';
import { GridMaskHead } from '../models/mask-heads/grid-mask-head';
import { BaseReID } from '../models/reid/base-reid';
import { SparseRoIHead } from '../models/roi-heads/sparse-roi-head';
import type { Detector } from '../models/types';
import { checkOverrides } from './check-overrides';
import { type DenseNetwork, isDenseHead } from './dense-candidates';
import { Dimensions } from './dimensions';
import { exportCorners } from './export-corners';
import { exportDense } from './export-dense';
import { exportEmbedding } from './export-embedding';
import { exportGrids } from './export-grids';
import { exportMaskQueries } from './export-mask-queries';
import type { ExportInputs, NetworkExport } from './export-network';
import { exportObjects } from './export-objects';
import { exportPeaks } from './export-peaks';
import { exportQueries } from './export-queries';
import { exportTwoStage, isDescribed } from './export-two-stage';
import { type Dimension, Graph } from './graph';
import type { LoweringContext } from './lowering';
import { encodeModel } from './messages';
import type { ParameterNames } from './tape';

export interface OnnxOptions {
  /** Select detections inside the graph. */
  nms: boolean;
  /** Height and width of the input. */
  size: readonly [number, number];
  batch: number;
  dynamicSize: boolean;
  dynamicBatch: boolean;
  precision: 'float32' | 'float16';
  /** What height and width are multiples of. */
  divisor: number;
}

/** Heights, widths (in multiples of the divisor) and batches that a network of changing sizes is tried at. */
const TRIED = { heights: [9, 12, 7], widths: [11, 8, 14], batches: [1, 2, 3] };
const TRIED_COARSER = { heights: [3, 5, 4], widths: [4, 3, 6], batches: [1, 2, 3] };
/** Protobuf's limit of a message. */
const MAX_BYTES = 2 ** 31 - 2 ** 20;

export interface OnnxFile {
  bytes: Uint8Array;
  /** What is called by whom. */
  inputs: string[];
  outputs: string[];
  /** Operators by number of nodes. */
  operators: ReadonlyMap<string, number>;
}

type Export = (inputs: ExportInputs) => NetworkExport;

/** The head that proposes, after stages before it. */
const lastStage = (head: CascadeRPNHead) => ({
  rpn: head.last,
  candidatesOf: (levels: tf.Tensor4D[], imageSizes: tf.Tensor2D) => head.decodedCandidates(levels, imageSizes),
});

function panopticPart({ semanticHead, fusion }: PanopticFPN) {
  checkOverrides(semanticHead, [['predict', 'forward']]);
  checkOverrides(fusion, [['fuse', 'cfg']]);
  const { numThings: things, numStuff: stuff, cfg } = fusion;
  return { parts: { things, stuff, cfg }, semantic: (features: tf.Tensor4D[]) => semanticHead.forward(features) };
}

function twoStage(detector: TwoStageDetector): Export {
  const { roiHead, firstStage: rpn } = detector;
  const extractFeatures = (images: tf.Tensor4D) => detector.extractFeatures(images);
  if (roiHead instanceof SparseRoIHead && rpn instanceof EmbeddingRPNHead)
    return (inputs) => exportObjects({ extractFeatures, rpn, roiHead }, inputs);
  if (!isDescribed(roiHead))
    throw new DetLabError(`${roiHead.constructor.name} has no \`parts\`, by which a graph could do what it does`);
  const levelsOf = (features: tf.Tensor4D[]) => detector.firstStageLevels(features);
  const panoptic = detector instanceof PanopticFPN ? panopticPart(detector) : undefined;
  if (rpn instanceof CascadeRPNHead)
    return (inputs) => exportTwoStage({ extractFeatures, levelsOf, ...lastStage(rpn), roiHead, panoptic }, inputs);
  if (rpn && !isDenseHead(rpn))
    throw new DetLabError(
      `${rpn.constructor.name} has no form in ONNX yet: it is no dense head, whose proposals a graph could select`,
    );
  return (inputs) => exportTwoStage({ extractFeatures, levelsOf, rpn, roiHead, panoptic }, inputs);
}

/** A mask head that finds instances, or one beside a dense head, by the parameters of whose priors it masks what the other finds. */
function segmentor(detector: SingleStageInstanceSegmentor): Export | undefined {
  const { bboxHead: head, maskHead } = detector;
  const extractFeatures = (images: tf.Tensor4D) => detector.extractFeatures(images);
  if (maskHead instanceof GridMaskHead) return (inputs) => exportGrids({ head: maskHead, extractFeatures }, inputs);
  const { parts: masks } = maskHead;
  if (!isDenseHead(head) || !masks) return undefined;
  checkOverrides(head, [['predictInstances', 'decodedCandidates']]);
  checkOverrides(maskHead, [['predict', 'parts']]);
  const besides = (features: tf.Tensor4D[]) => [maskHead.mapOf!(features)];
  return (inputs) => exportDense({ head, extractFeatures, masks, besides }, inputs);
}

function exporterOf(detector: Detector): Export {
  if ('classNames' in detector)
    throw new DetLabError(
      `detectors of type ${detector.constructor.name} have no form in ONNX: what they find is said by a text with every image`,
    );
  if (detector.tracker)
    throw new DetLabError(
      'a tracker has no form in ONNX: it reads the frames of a video one after another, and remembers what was there. ' +
        'Save the detector inside of it, with { tracker: false }',
    );
  if (detector.predictsClips)
    throw new DetLabError(
      `detectors of type ${detector.constructor.name} have no form in ONNX: their queries are the objects of whole clips, and no ` +
        'detector of single images is inside',
    );
  if (detector instanceof SingleTeacherDistill) return exporterOf(detector.student);
  if (detector instanceof SemiBaseDetector) return exporterOf(detector[detector.predictsBy]);
  const extractFeatures = (images: tf.Tensor4D) => detector.extractFeatures(images);
  const dense = (head: unknown) => {
    if (head instanceof CenterNetHead) return (inputs: ExportInputs) => exportPeaks({ head, extractFeatures }, inputs);
    if (head instanceof CornerHead) return (inputs: ExportInputs) => exportCorners({ head, extractFeatures }, inputs);
    if (head instanceof CascadeRPNHead) {
      const { rpn, candidatesOf } = lastStage(head);
      return (inputs: ExportInputs) => exportDense({ head: rpn, extractFeatures, candidatesOf }, inputs);
    }
    if (!isDenseHead(head)) return undefined;
    const network: DenseNetwork = { head, extractFeatures };
    return (inputs: ExportInputs) => exportDense(network, inputs);
  };
  const found =
    (detector instanceof SingleStageDetector && dense(detector.bboxHead)) ||
    (detector instanceof SingleStageInstanceSegmentor && segmentor(detector)) ||
    (detector instanceof RPN && dense(detector.head)) ||
    (detector instanceof TwoStageDetector && twoStage(detector)) ||
    (detector instanceof MaskFormer && ((inputs) => exportMaskQueries(detector, inputs))) ||
    (detector instanceof BaseReID && ((inputs) => exportEmbedding(detector, inputs))) ||
    (detector instanceof DetectionTransformer && ((inputs) => exportQueries(detector, inputs)));
  if (found) return found;
  if (detector instanceof SingleStageDetector)
    throw new DetLabError(
      `${detector.bboxHead.constructor.name} has no form in ONNX yet: it does not select among priors`,
    );
  if (detector instanceof SingleStageInstanceSegmentor)
    throw new DetLabError(
      `${detector.maskHead.constructor.name} has no form in ONNX yet: it computes the masks of selected instances alone`,
    );
  throw new DetLabError(`detectors of type ${detector.constructor.name} have no form in ONNX yet`);
}

/** Paths of all tensors of the model. */
function parameterNames(detector: Detector): ParameterNames {
  const names = new Map<number, string>();
  for (const [path, { variable }] of detector.named()) if (!names.has(variable.id)) names.set(variable.id, path);
  return names;
}

/** [N, H, W, 3], neither zero nor constant. */
function exampleOf(batch: number, height: number, width: number): tf.Tensor4D {
  const values = new Float32Array(batch * height * width * 3);
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i * 0.7) + Math.cos(i * 0.013);
  return tf.tensor4d(values, [batch, height, width, 3]);
}

function triedSizes({ size: [h, w], batch, dynamicSize, dynamicBatch, divisor }: OnnxOptions, tried: typeof TRIED) {
  if (!dynamicSize && !dynamicBatch) return [[batch, h, w] as const];
  return tried.batches.map(
    (count, i) =>
      [
        dynamicBatch ? count : batch,
        dynamicSize ? tried.heights[i] * divisor : h,
        dynamicSize ? tried.widths[i] * divisor : w,
      ] as const,
  );
}

/** Beyond this divisor few multiples are tried: images would be large. */
const FINE = 32;
/** A coarser divisor, where the network takes other steps at other multiples of a finer one (pyramids that halve on). */
const COARSER = 4;

export interface OnnxHeader {
  name: string;
  version: string;
  metadata: Readonly<Record<string, string>>;
}

/**
 * @param header.metadata strings that the file carries
 * @throws DetLabError for what has no form in ONNX: which part, and what to do instead
 */
export function exportDetector(detector: Detector, options: OnnxOptions, header: OnnxHeader): OnnxFile {
  if (!options.dynamicSize) return exportAt(detector, options, header, TRIED);
  let first: unknown;
  const divisors = options.divisor > FINE ? [options.divisor] : [options.divisor, options.divisor * COARSER];
  for (const divisor of divisors) {
    const tried = divisor > FINE ? TRIED_COARSER : TRIED;
    const metadata = { ...header.metadata, size_divisor: String(divisor) };
    try {
      return exportAt(detector, { ...options, divisor }, { ...header, metadata }, tried);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function exportAt(detector: Detector, options: OnnxOptions, header: OnnxHeader, tried: typeof TRIED): OnnxFile {
  const run = exporterOf(detector);
  const graph = new Graph();
  const dimensions = new Dimensions(graph);
  const context: LoweringContext = { graph, dimensions, precision: options.precision, levels: [] };
  const { dynamicBatch, dynamicSize, batch, size } = options;
  const n: Dimension = dynamicBatch ? 'batch' : batch;
  const [h, w]: Dimension[] = dynamicSize ? ['height', 'width'] : [...size];
  const inputs = ['images'];
  const image = graph.input('images', 'float32', [n, 3, h, w], 'normalised and padded images, channels first');
  const sizes = () => {
    if (!inputs.includes('image_sizes')) {
      inputs.push('image_sizes');
      graph.input('image_sizes', 'float32', [n, 2], 'height and width of each image without its padding');
    }
    return 'image_sizes';
  };
  const input = (name: string, shape: readonly Dimension[], doc: string) => {
    inputs.push(name);
    return graph.input(name, 'float32', [n, ...shape], doc);
  };
  detector.eval();
  const examples = triedSizes(options, tried).map((sizes) => exampleOf(...sizes));
  let exported: NetworkExport;
  try {
    exported = run({ examples, names: parameterNames(detector), image, sizes, input, context, nms: options.nms });
  } finally {
    tf.dispose(examples);
  }
  const outputs = [...detectionOutputs(exported), ...(exported.outputs ?? [])];
  for (const { name, value, type, shape, doc } of outputs) graph.output(value, name, type, [n, ...shape], doc);
  const metadata = {
    ...header.metadata,
    outputs: JSON.stringify(Object.fromEntries(outputs.map(({ name, doc }) => [name, doc]))),
  };
  const model = graph.model({ ...header, metadata, doc: `${header.name}, written by DetLab ${header.version}` });
  const weights = model.graph.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0);
  if (weights > MAX_BYTES)
    throw new DetLabError(
      `its weights take ${(weights / 2 ** 30).toFixed(1)} GB, more than the 2 GB an ONNX file can hold. Use precision float16`,
    );
  return {
    bytes: encodeModel(model),
    inputs,
    outputs: outputs.map(({ name }) => name),
    operators: graph.operators(),
  };
}

/** Of boxes that are around masks. */
const AROUND =
  '; around the pixels of the masks in the input: where these are resized further, take boxes around them there';

function detectionOutputs({ detections }: NetworkExport): NonNullable<NetworkExport['outputs']> {
  if (!detections) return [];
  const { boxes, rotated, scores, labels, count = 'detections', around } = detections;
  const where = `in pixels of the input, best first${around ? AROUND : ''}`;
  return [
    {
      name: 'boxes',
      value: boxes,
      type: 'float32',
      shape: [count, rotated ? 5 : 4],
      doc: `${rotated ? 'center x and y, width, height, angle clockwise in radians' : 'x1, y1, x2, y2'} ${where}`,
    },
    { name: 'scores', value: scores, type: 'float32', shape: [count], doc: 'scores, 0 where there is no detection' },
    {
      name: 'labels',
      value: labels,
      type: 'int64',
      shape: [count],
      doc: 'indices of classes, -1 where there is no detection',
    },
  ];
}

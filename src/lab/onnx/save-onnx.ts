// `model.save('m.onnx')`: the detector as one file for ONNX Runtime, OpenVINO and others.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigObject } from '../../config';
import { DetLabError } from '../../errors';
import type { Detector } from '../../models/types';
import { exportDetector, type OnnxOptions } from '../../onnx/export-detector';
import { packageRoot } from '../../paths';
import { numberAt, preprocessorOptions } from '../config-access';
import { predictingAlone, withoutTracker } from '../predicting-alone';
import { inputSize } from '../summary';
import { onnxMetadata } from './onnx-metadata';

/** Options of `model.save('model.onnx')`. */
export interface SaveOnnxOptions {
  /**
   * Select detections inside the file: outputs `boxes`, `scores`, `labels`, best first. Models with masks have `masks`: probabilities
   * of a grid over each box (resize it to the box, bilinearly) or, of detectors of one stage, numbers over the whole input (`outputs`
   * in the metadata say how they are read); models with keypoints `keypoints`: x, y and score of each; panoptic models `segments`,
   * the number of each pixel's segment, with `segment_labels` and `segment_scores` by number. Rotated boxes have five
   * numbers: center, width, height, angle. Without, `boxes` and `scores` are those of all candidates: priors, proposals (C boxes of
   * each, one for every class) or queries. Default true.
   */
  nms?: boolean;
  /** Height and width of the input, or both; by default those of the test pipeline, rounded up to what the network divides. */
  size?: number | readonly [number, number];
  /** Images of a batch. Default 1. */
  batch?: number;
  /** Sizes that the input may change from run to run: true is both. Default false. */
  dynamic?: boolean | 'size' | 'batch';
  /** `float16` computes convolutions and matrix products in half precision; inputs and outputs stay float32. */
  precision?: 'float32' | 'float16';
  /** Of a model that tracks: false saves the detector inside, since a tracker has no form in ONNX. Default true. */
  tracker?: boolean;
}

export interface SavedModel {
  detector: Detector;
  name: string;
  classes: readonly string[];
  config: ConfigObject;
  threshold?: number;
}

/** The coarsest stride of what is fused: sizes that may change are multiples of it. */
const STRIDE = 32;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

export const isOnnxFile = (file: string): boolean => /\.onnx$/i.test(file);

/** @throws DetLabError for a place where no file can be written */
function checkPlace(file: string): string {
  const target = path.resolve(file);
  const fail = (reason: string) => new DetLabError(`Cannot save "${file}": ${reason}`);
  if (path.basename(file).toLowerCase() === '.onnx') throw fail('expected a name before .onnx');
  let isFolder: boolean | undefined;
  try {
    isFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory();
  } catch (error) {
    throw fail(`no folder can be there (${(error as NodeJS.ErrnoException).code})`);
  }
  if (isFolder) throw fail('it is a folder. Give the path of a file in it');
  return target;
}

function resolved({ config }: SavedModel, given: SaveOnnxOptions): OnnxOptions {
  const { nms = true, size, batch = 1, dynamic = false, precision = 'float32' } = given;
  const padding = numberAt(preprocessorOptions(config), 'pad_size_divisor') ?? 1;
  const divisor = (padding * STRIDE) / gcd(padding, STRIDE);
  const dynamicSize = dynamic === true || dynamic === 'size';
  if (dynamicSize && size !== undefined)
    throw new DetLabError(
      "Cannot save the model: size and a dynamic size exclude each other. Leave size out, or use dynamic: 'batch'",
    );
  const dynamicBatch = dynamic === true || dynamic === 'batch';
  if (dynamicBatch && given.batch !== undefined)
    throw new DetLabError(
      "Cannot save the model: batch and a dynamic batch exclude each other. Leave batch out, or use dynamic: 'size'",
    );
  const rounded = inputSize(config).map((side) => Math.ceil(side / padding) * padding);
  const chosen = size === undefined ? rounded : typeof size === 'number' ? [size, size] : size;
  const wrong = chosen.find((side) => side % padding !== 0);
  if (wrong !== undefined)
    throw new DetLabError(
      `Cannot save the model at ${chosen.join(' x ')} pixels: its data preprocessor pads sizes to multiples of ${padding}. ` +
        `Use ${chosen.map((side) => Math.ceil(side / padding) * padding).join(' x ')}`,
    );
  return { nms, size: [chosen[0], chosen[1]], batch, dynamicSize, dynamicBatch, precision, divisor };
}

/**
 * Writes the file; an earlier one is replaced when the new one is whole.
 *
 * @returns absolute path of the file
 * @throws DetLabError for what has no form in ONNX, and for a file that cannot be written
 */
export function saveOnnx(whole: SavedModel, file: string, given: SaveOnnxOptions): string {
  const alone = given.tracker === false ? withoutTracker(whole, whole.name) : predictingAlone(whole);
  const model = { ...whole, ...alone };
  const target = checkPlace(file);
  const options = resolved(model, given);
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  const metadata = onnxMetadata({ ...model, version, nms: options.nms, precision: options.precision });
  const { bytes } = exported(model, options, { name: model.name, version, metadata });
  const part = `${target}.part`;
  try {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(part, bytes);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw new DetLabError(`Cannot save "${file}": ${(error as Error).message}`);
  }
  return target;
}

function exported({ detector, name }: SavedModel, options: OnnxOptions, header: Parameters<typeof exportDetector>[2]) {
  try {
    return exportDetector(detector, options, header);
  } catch (error) {
    const { dynamicSize, dynamicBatch, size } = options;
    const saysHow = /\. (Save|Set|Leave|Use|Override) /.test((error as Error).message);
    const changes = (dynamicSize || dynamicBatch) && !saysHow;
    const isKnown = error instanceof DetLabError;
    const where = isKnown ? '' : dynamicSize ? ' of changing size' : ` at ${size.join(' x ')} pixels`;
    const fixed = '. A fixed size and batch may do: leave dynamic out';
    const advice = changes ? fixed : isKnown ? '' : `. Most networks need multiples of ${STRIDE}`;
    throw new DetLabError(`Cannot save "${name}" as ONNX${where}: ${(error as Error).message}${advice}`, {
      cause: error,
    });
  }
}

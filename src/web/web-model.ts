// A trained detector in a browser, from the bytes of the file that `model.save('x.safetensors')` wrote.

import { Registry } from '../catalogue/registry';
import { parseStored } from '../checkpoints/safetensors';
import { buildPipeline, type Pipeline } from '../data/pipeline';
import { TRANSFORMS } from '../data/transforms';
import { loadsAnnotations } from '../data/transforms/annotation-steps';
import type { Detections, PixelImage } from '../data/types';
import { DetLabError } from '../errors';
import { objectAt, withoutClassCounts } from '../lab/config-access';
import { evaluationPipeline } from '../lab/evaluation-pipeline';
import { loadStrictly, metaOf } from '../lab/load-strictly';
import { packed } from '../lab/prediction/packed';
import type { Rle } from '../masks';
import { buildDetector } from '../models/build';
import { createRegistry } from '../models/catalogue';
import { detectBatch } from '../models/detect-batch';
import type { Detector } from '../models/types';
import { type ImageSource, imagePixels } from './image-pixels';
import { type StartOptions, startEngine } from './start-engine';

export interface WebPrediction {
  label: string;
  /** 0 to 1. */
  score: number;
  /** x1, y1, x2, y2 in the image's pixels. */
  bbox: [number, number, number, number];
  /** Of a rotated box, which `bbox` is around: center x, center y, width, height, angle in radians, clockwise. */
  rbox?: [number, number, number, number, number];
  /** Run-length encoded mask of the image's size, if the model predicts masks. */
  mask?: Rle;
}

export class WebModel {
  constructor(
    readonly name: string,
    readonly classes: readonly string[],
    /** The threshold that was saved with the model. */
    readonly threshold: number | undefined,
    private readonly detector: Detector,
    private readonly pipeline: Pipeline,
  ) {}

  /**
   * The objects in an image, the highest score first: a file, bytes, an element of the page, a canvas, pixels.
   *
   * @throws DetLabError for what is no image
   * @example (await model.predict(input.files[0])).filter(({ score }) => score > 0.5)
   */
  async predict(image: ImageSource): Promise<WebPrediction[]> {
    const pixels = await imagePixels(image);
    const { bboxes, rboxes, scores, labels, masks } = await this.detect(pixels);
    return Array.from(labels, (label, i) => ({
      label: this.classes[label],
      score: scores[i],
      bbox: [...bboxes.subarray(4 * i, 4 * i + 4)] as WebPrediction['bbox'],
      ...(rboxes && { rbox: [...rboxes.subarray(5 * i, 5 * i + 5)] as WebPrediction['rbox'] }),
      ...(masks && { mask: masks[i] }),
    }));
  }

  /** The same of pixels, as columns. @param source name of the image in messages */
  async detect(pixels: PixelImage, source = 'image'): Promise<Detections> {
    const sample = await packed(this.pipeline, pixels, source);
    return detectBatch(this.detector, [sample])[0];
  }

  /** Frees the weights. */
  dispose(): void {
    this.detector.dispose();
  }
}

/**
 * A model from the bytes of its file; starts the engine where it does not run yet.
 *
 * @throws DetLabError for a file without a config (of another program), with modules of the user's, or that is damaged
 * @example const model = await loadModel(await (await fetch('cells.safetensors')).arrayBuffer(), { wasm: '/tfjs-backend-wasm/' });
 */
export async function loadModel(file: ArrayBuffer | Uint8Array, options: StartOptions): Promise<WebModel> {
  const source = 'the model';
  const { tensors, metadata } = parseStored(file instanceof Uint8Array ? file : new Uint8Array(file), source);
  const meta = metaOf({ detlab: metadata.detlab });
  if (!meta)
    throw new DetLabError(
      "Cannot load the model: its file has no config. Expected one that DetLab saved: model.save('cells.safetensors')",
    );
  await startEngine(options);
  const { name, classes, config } = meta;
  const model = withoutClassCounts(objectAt(config, 'model'));
  const registry = new Registry([...createRegistry().all(), ...TRANSFORMS]);
  const detector = buildDetector(model as Parameters<typeof buildDetector>[0], {
    registry,
    numClasses: classes.length,
  });
  loadStrictly(detector, { format: 'safetensors', tensors, source, key: '', skipped: [] });
  detector.eval();
  const { steps, path } = evaluationPipeline(config, 'test');
  const pipeline = buildPipeline(
    steps.filter(({ type }) => !loadsAnnotations(type)),
    registry,
    path,
  );
  return new WebModel(name, classes, scoreOf(meta.threshold), detector, pipeline);
}

const scoreOf = (threshold: unknown): number | undefined => {
  const { score } = (threshold ?? {}) as { score?: unknown };
  return typeof score === 'number' ? score : undefined;
};

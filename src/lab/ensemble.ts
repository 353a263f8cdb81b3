// Several trained models as one detector: the boxes of all are fused.

import type { ConfigObject } from '../config';
import type { Detections, ImageInput, ImageInputs, PixelImage } from '../data';
import { concatInstances, takeInstances } from '../data/instances';
import { DetLabError } from '../errors';
import { batchedNms } from '../ops/batched-nms';
import { type Confidence, weightedBoxesFusion } from '../ops/weighted-boxes-fusion';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from '../visualization/display';
import { tableText } from '../visualization/table';
import { readEnsemble, saveEnsemble } from './ensemble-folder';
import { type EvaluateOptions, evaluateDetections, imageDetections } from './evaluate';
import { runEvaluation } from './evaluation-run';
import type { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import { Model } from './model';
import type { ImageDetector } from './prediction/detect';
import { detectEach } from './prediction/detect-images';
import { type InferenceOptions, imageDetector, refuseBatch } from './prediction/image-detector';
import { refuseSegments } from './prediction/lost-segments';
import {
  type AnyPredictions,
  type PredictOptions,
  type PredictSource,
  predictSource,
  type SeveralImages,
  type SourceDetector,
  type StreamOptions,
  streamSource,
  type VideoSource,
} from './prediction/predict-source';
import type { PredictionList } from './prediction-list';
import type { Predictions } from './predictions';
import type { Report } from './report';
import type { VideoPredictions } from './video-predictions';

/** How an ensemble merges the detections of its models. */
export interface EnsembleOptions {
  /** Weight of each model in the averages. Default 1 each. */
  weights?: readonly number[];
  /** `wbf` averages overlapping boxes (default), `nms` keeps the best of them, with its mask. */
  merge?: 'wbf' | 'nms';
  /** IoU from which on boxes of one class are one object. Default 0.55. */
  iou?: number;
  /** Detections with a lower score are left out. Default 0. */
  score?: number;
  /** How the score of a fused box follows from those of its boxes. Default `avg`: lower where only some models agree. */
  confidence?: Confidence;
}

/**
 * Several trained models as one detector, fused by weighted boxes fusion.
 *
 * @throws DetLabError for models of different classes, and for weights that do not fit them
 * @example const both = ensemble([fpn.model, pafpn.model], { weights: [2, 1] });
 * await both.evaluate(cells)
 */
export function ensemble(models: readonly Model[], options: EnsembleOptions = {}): Ensemble {
  checkMethod('ensemble', options);
  if (!Array.isArray(models) || models.length < 2)
    throw new DetLabError(
      `Cannot make an ensemble: expected a list of at least two models, received ${Array.isArray(models) ? models.length : typeof models}`,
    );
  const [first, ...others] = models as readonly Model[];
  for (const other of others)
    if (other.classes.join('\n') !== first.classes.join('\n'))
      throw new DetLabError(
        `Cannot make an ensemble: expected models of the same classes in the same order, received ${first.classes.join(', ')} ` +
          `(${first.name}) and ${other.classes.join(', ')} (${other.name})`,
      );
  const { weights = models.map(() => 1), merge = 'wbf' } = options;
  if (weights.length !== models.length)
    throw new DetLabError(
      `Cannot make an ensemble: expected one weight for each of the ${models.length} models, received [${weights.join(', ')}]`,
    );
  const ofFusion = ['weights', 'confidence'].find((name) => options[name as keyof EnsembleOptions] !== undefined);
  if (merge === 'nms' && ofFusion)
    throw new DetLabError(
      `Cannot make an ensemble: ${ofFusion} is of merge: 'wbf'; NMS keeps boxes and scores as they are`,
    );
  return new Ensemble(models, options);
}

/** Several trained models that predict and are evaluated as one. */
export class Ensemble implements Displayable {
  readonly name: string;

  constructor(
    readonly models: readonly Model[],
    private readonly options: EnsembleOptions,
  ) {
    this.name = models.map((model) => model.name).join(' + ');
  }

  get classes(): readonly string[] {
    return this.models[0].classes;
  }

  /** That of the first model, whose metric and colours are used. */
  get config(): ConfigObject {
    return this.models[0].config;
  }

  /** As `model.predict`. */
  predict(video: VideoSource, options?: PredictOptions): Promise<VideoPredictions>;
  predict(images: SeveralImages, options?: PredictOptions): Promise<PredictionList>;
  predict(image: ImageInput, options?: PredictOptions): Promise<Predictions>;
  predict(images: ImageInputs, options?: PredictOptions): Promise<PredictionList>;
  async predict(source: PredictSource, options: PredictOptions = {}): Promise<AnyPredictions> {
    checkMethod('Ensemble.predict', options);
    return predictSource(this, this.detectIn, source, options);
  }

  /** As `model.stream`. */
  stream(source: PredictSource, options: StreamOptions = {}): AsyncGenerator<Predictions, void, undefined> {
    checkMethod('Ensemble.stream', options);
    return streamSource(this, this.detectIn, source, options);
  }

  /**
   * Writes a folder for `Ensemble.load`: the weights file of each model, which `Model.load` reads too, and how they are merged.
   *
   * @returns the absolute path
   * @example both.save('both/')
   * @throws DetLabError for the name of a file
   */
  save(folder: string): string {
    for (const model of this.models) model.requireWeights('save');
    return saveEnsemble(folder, this.models, this.options);
  }

  /**
   * Loads an ensemble from a folder of `save`.
   * @throws DetLabError for a folder without ensemble.json, and as `Model.load` and `ensemble` do
   */
  static async load(folder: string): Promise<Ensemble> {
    const { files, options } = readEnsemble(folder);
    const models: Model[] = [];
    for (const file of files) models.push(await Model.load(file));
    return ensemble(models, options);
  }

  private readonly detectIn: SourceDetector = (source, { batch, signal, ...options }) => {
    refuseBatch('predict', batch, true);
    return detectEach(this.detector(options, 'test'), source, signal);
  };

  /** As `model.evaluate`, by the first model's config. */
  async evaluate(data: LabDataset, options: EvaluateOptions = {}): Promise<Report> {
    checkMethod('Ensemble.evaluate', options);
    refuseBatch('evaluate', options.batch, true);
    const { name, classes } = this;
    const detectImage = this.detector(options, options.part ?? 'val');
    return runEvaluation({ kind: 'ensemble', name, classes }, data, options, (evaluated, given) =>
      evaluateDetections(imageDetections(detectImage, evaluated, given.signal), evaluated, this.config, given),
    );
  }

  private detector({ precision, tta, tiles }: InferenceOptions, part: 'val' | 'test'): ImageDetector {
    for (const model of this.models) model.requireWeights('detect with');
    const detectors = this.models.map((model) => imageDetector(model, { precision, tta, tiles }, part));
    return async (pixels, source) => {
      const found: Detections[] = [];
      for (const detectIn of detectors) {
        const detections = await detectIn(pixels, source);
        refuseSegments(detections, `fuse the detections of an ensemble in "${source}"`, 'the ensemble: take one model');
        found.push(detections);
      }
      return this.fused(found, pixels);
    };
  }

  private fused(found: Detections[], { width, height }: PixelImage): Detections {
    const { merge = 'wbf', iou = 0.55, score = 0, weights, confidence } = this.options;
    if (found.some(({ rboxes }) => rboxes))
      throw new DetLabError(
        'Cannot fuse the detections of an ensemble: its models find rotated boxes, of which there is no fusion. Take one model',
      );
    if (merge === 'wbf') {
      if (found.some(({ keypoints }) => keypoints))
        throw new DetLabError(
          'Cannot fuse the detections of an ensemble: weighted boxes fusion averages boxes, and these models predict keypoints ' +
            "too. Use ensemble(models, { merge: 'nms' }), which keeps those of the best box",
        );
      if (found.some(({ masks }) => masks))
        throw new DetLabError(
          'Cannot fuse the detections of an ensemble: weighted boxes fusion averages boxes, and these models predict masks ' +
            "too. Use ensemble(models, { merge: 'nms' }), which keeps the mask of the best box",
        );
      return weightedBoxesFusion(found, [height, width], {
        iouThreshold: iou,
        scoreThreshold: score,
        weights,
        confidence,
      });
    }
    const all = concatInstances(found);
    const { keep } = batchedNms(all.bboxes, all.scores, all.labels, { type: 'nms', iou_threshold: iou });
    return takeInstances(
      all,
      keep.filter((i) => all.scores[i] >= score),
    );
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return { 'text/plain': this.toString() };
  }

  toString(): string {
    const { merge = 'wbf', iou = 0.55, weights } = this.options;
    return tableText({
      title: `Ensemble of ${this.models.length} models, by ${merge} from IoU ${iou} on`,
      columns: [{ title: 'model' }, { title: 'parameters', align: 'right' }, { title: 'weight', align: 'right' }],
      rows: this.models.map((model, i) => [
        model.name,
        model.parameters.toLocaleString('en'),
        String(weights?.[i] ?? 1),
      ]),
    });
  }
}

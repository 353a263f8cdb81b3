// A detector with weights and class names: predict, evaluate, save, load.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import type { ErrorKindOptions } from '../analysis/error-kinds';
import type { ThresholdGoal } from '../analysis/score-curves';
import { loadWeights, readWeights, type WeightsReport, writeWeights } from '../checkpoints';
import type { ConfigObject } from '../config';
import type { ImageInput, ImageInputs } from '../data';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { encodeState } from '../nn/stored-tensor';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle, notebook } from '../visualization/display';
import { type Assignments, type AssignmentsOptions, assignmentsOf } from './assignments';
import { type Attention, type AttentionOptions, attentionOf } from './attention';
import { buildModel, type RecipeSpec } from './build-model';
import { type Cam, type CamOptions, camOf } from './cam';
import { checkDataMethod } from './data-argument';
import { Demo, isPageFile } from './demo';
import type { ErrorReport } from './error-report';
import { type EvaluateOptions, evaluate } from './evaluate';
import { runEvaluation } from './evaluation-run';
import { type Features, type FeaturesOptions, featuresOf } from './features';
import { type ImageLossesOptions, imageLosses } from './image-losses';
import { LabDataset } from './lab-dataset';
import { type FindLearningRateOptions, findLearningRate, type LearningRates } from './learning-rate-finder';
import { loadStrictly } from './load-strictly';
import { checkMethod } from './method-options';
import { modelFile, withoutConfig } from './model-file';
import { chooseThreshold, type ModelThreshold, storedThreshold, thresholdNote } from './model-threshold';
import type { ModelWords } from './model-words';
import { isOnnxFile, type SaveOnnxOptions, saveOnnx } from './onnx/save-onnx';
import { ownMeta } from './own-meta';
import {
  type AnyPredictions,
  detectorOf,
  type PredictOptions,
  type PredictSource,
  predictSource,
  type SeveralImages,
  type StreamOptions,
  streamSource,
  type VideoSource,
} from './prediction/predict-source';
import { PredictionList } from './prediction-list';
import type { Predictions } from './predictions';
import type { Profile } from './profile';
import { type ModelProfileOptions, profileModel } from './profile-model';
import { progressView } from './progress-view';
import { thresholdsOf } from './pseudo-boxes';
import { type PseudoLabelOptions, type PseudoLabels, pseudoLabelsOf } from './pseudo-labels';
import type { Report } from './report';
import type { ThresholdOptions } from './report-threshold';
import { isConfigFile, saveConfig } from './save-config';
import { inputSize, SummaryDisplay, summarise } from './summary';
import type { VideoPredictions } from './video-predictions';
import { fetchWeights } from './weights/fetch-weights';
import { isWeightsAddress, type WeightsAddress } from './weights/hub-address';
import type { LoadFrom } from './weights-file';
import { wholeConfig } from './whole-config';

export type { ImageInput, ImageInputs } from '../data';
export type { PredictOptions, PredictSource, StreamOptions } from './prediction/predict-source';

/** Options of `model.errors`: those of the evaluation and of the kinds of error. */
export interface ModelErrorsOptions extends EvaluateOptions, ErrorKindOptions {
  /** Compute the loss of every image too. Default false. */
  losses?: boolean;
}

/** Detectors whose weights were freed. */
const freed = new WeakSet<Detector>();

/**
 * A detector with its weights and class names, which predicts, is evaluated and is saved: of `build`, `fit` and `Model.load`.
 * @example await (await detector('faster-rcnn_r18_fpn_toytown').classes(['car']).build()).save('car.safetensors')
 */
export class Model implements Displayable {
  /** A run from these weights in stages, on data with classes of its own: see fine-tune-model.ts. */
  declare readonly fineTune: ModelWords['fineTune'];

  constructor(
    readonly detector: Detector,
    readonly classes: readonly string[],
    readonly name: string,
    /** All of it, what was inferred when the model was built included. */
    readonly config: ConfigObject,
    /** From which score on detections are drawn and reported, where one was chosen. */
    readonly threshold?: ModelThreshold,
  ) {}

  /**
   * The same model with a threshold that is saved with its weights and used by `predict`: a score, the one of the highest F1
   * (`'best'`), or the lowest that reaches a precision, on the images of a report.
   *
   * @example model.withThreshold({ precision: 0.9 }, await model.evaluate(cells)).save('cells.safetensors')
   * @throws DetLabError when the precision is never reached
   */
  withThreshold(goal: ThresholdGoal, report?: Report, options?: ThresholdOptions): Model {
    checkMethod('Model.withThreshold', options);
    const threshold = chooseThreshold(this.classes, goal, report, options);
    return new Model(this.detector, this.classes, this.name, this.config, threshold);
  }

  /**
   * Detects the objects in an image (path, address, bytes, pixels, canvas, tensor), in each of several (a list, a folder, a
   * pattern, a stream), or in the frames of a video or camera. What cannot be used of several is in `.skipped`; Stop keeps what
   * is done. Animations (GIF, WebP) are videos, pages of a TIFF are images. A folder in a variable, an animation and a TIFF of
   * several pages are typed as several when they are in a list: `predict([folder])`.
   *
   * @example (await model.predict('street.jpg')).filter((p) => p.score > 0.5)
   * @example await model.predict('photos/*.jpg', { batch: 4 })
   * @throws DetLabError for a source that is not there, and for a single image that cannot be read
   */
  predict(video: VideoSource, options?: PredictOptions): Promise<VideoPredictions>;
  predict(images: SeveralImages, options?: PredictOptions): Promise<PredictionList>;
  predict(image: ImageInput, options?: PredictOptions): Promise<Predictions>;
  predict(images: ImageInputs, options?: PredictOptions): Promise<PredictionList>;
  async predict(source: PredictSource, options: PredictOptions = {}): Promise<AnyPredictions> {
    checkMethod('Model.predict', options);
    this.requireWeights('predict with');
    return predictSource(this, detectorOf(this), source, options);
  }

  /**
   * As `predict`, one image after the other as they are done, for sources that are long or have no end; nothing is kept.
   *
   * @example for await (const found of model.stream('camera:0', { fps: 2 })) console.log(found.confident.length)
   * @throws DetLabError as `predict` does
   */
  stream(source: PredictSource, options: StreamOptions = {}): AsyncGenerator<Predictions, void, undefined> {
    checkMethod('Model.stream', options);
    this.requireWeights('predict with');
    return streamSource(this, detectorOf(this), source, options);
  }

  /**
   * What the model detects as labels: of the training images of a dataset (their own labels are not used), or of other images. To be
   * looked at, accepted, rejected and edited; `labelled.merge(pseudo)` trains on them. Stop keeps the images that are done.
   *
   * @example const pseudo = await model.pseudoLabel('unlabelled/*.jpg', { threshold: { car: 0.6, person: 0.8 }, ignore: 0.3 })
   * @example await recipe.fit(labelled.merge(pseudo.reject({ label: 'person', below: 0.9 })))
   * @throws DetLabError for a class that the model does not have
   */
  async pseudoLabel(
    images: LabDataset | SeveralImages | ImageInputs,
    options: PseudoLabelOptions = {},
  ): Promise<PseudoLabels> {
    checkMethod('Model.pseudoLabel', options);
    const { ignore, threshold, weights, ...rest } = options;
    thresholdsOf(this.classes, threshold);
    const records = images instanceof LabDataset ? images.train.records : [];
    const source = images instanceof LabDataset ? records.map(({ path: file }) => file) : images;
    this.requireWeights('label images with');
    const found = await predictSource(this, detectorOf(this), source, rest);
    if (!(found instanceof PredictionList))
      throw new DetLabError(
        'Cannot label one image or a video: expected a dataset, a folder, a pattern or a list of images, such as [image]',
      );
    const name = `${images instanceof LabDataset ? images.name : 'images'} labelled by ${this.name}`;
    const ids = new Map(records.map(({ id, path: file }) => [file, id]));
    return pseudoLabelsOf(name, found, ids, { threshold, ignore, weights, standard: this.threshold?.score });
  }

  /**
   * Evaluates the model on the validation images of `data` (or on its only images).
   * @throws DetLabError when the classes differ, or when the evaluation was interrupted
   */
  async evaluate(data: LabDataset, options: EvaluateOptions = {}): Promise<Report> {
    checkDataMethod('Model.evaluate', data, options);
    this.requireWeights('evaluate');
    const { name, classes } = this;
    return runEvaluation({ kind: 'model', name, classes }, data, options, (evaluated, given) =>
      evaluate(this.detector, evaluated, this.config, given),
    );
  }

  /**
   * As `recipe.findLearningRate`, from this model's weights; they, its statistics and its state are then exactly as before.
   * @example (await model.findLearningRate(cells, { from: 1e-5, to: 1, steps: 60 })).suggested?.minimumOverTen
   */
  async findLearningRate(data: LabDataset, options: FindLearningRateOptions = {}): Promise<LearningRates> {
    checkDataMethod('Model.findLearningRate', data, options);
    this.requireWeights('find a learning rate for');
    return findLearningRate({ ...this.meta(), freezing: [] }, data, options, this.detector);
  }

  /** As `recipe.assignments`, with this model's weights: what assigners that read predictions do now. */
  async assignments(data: LabDataset, options?: AssignmentsOptions): Promise<Assignments> {
    checkDataMethod('Model.assignments', data, options);
    this.requireWeights('assign with');
    return assignmentsOf({ ...this.meta(), freezing: [] }, data, options, this.detector);
  }

  /**
   * Evaluates the model and classifies its errors: `run.report.errors()` of other data, and with `losses: true` with the loss of
   * every image, by which galleries and tables can be ordered.
   *
   * @example (await model.errors(cells, { losses: true })).gallery({ worst: 10, by: 'loss' })
   * @throws DetLabError as `evaluate` does
   */
  async errors(data: LabDataset, options: ModelErrorsOptions = {}): Promise<ErrorReport> {
    checkDataMethod('Model.errors', data, options);
    const { losses, iou, background, masks, maxDetections, ...evaluation } = options;
    const report = await this.evaluate(data, evaluation);
    const kinds = { iou, background, masks, maxDetections };
    if (!losses) return report.errors(kinds);
    const { precision, signal } = options;
    return report.errors({ ...kinds, losses: await this.imageLosses(data, { precision, signal }) });
  }

  /**
   * The loss of every evaluated image alone, by its id: the sum of the detector's own losses.
   * @throws DetLabError when it was interrupted
   */
  async imageLosses(data: LabDataset, options: ImageLossesOptions = {}): Promise<Map<number, number>> {
    checkDataMethod('Model.imageLosses', data, options);
    this.requireWeights('compute the losses of');
    const view = progressView(`losses of ${this.name}`);
    const signal = options.signal ?? notebook()?.signal;
    const onProgress = (done: number, total: number) => view.update(done, total);
    const losses = await imageLosses(this.detector, data.evaluated, this.config, { onProgress, ...options, signal });
    view.close();
    if (!losses) throw new DetLabError(`The losses on "${data.evaluated.name}" were interrupted`);
    return losses;
  }

  /**
   * Feature maps of layers over the image, level by level: of backbone and neck, or of layers by path.
   * @example await model.features('street.jpg', { at: ['backbone.layer2', 'neck'], show: 'max' })
   */
  async features(image: ImageInput, options?: FeaturesOptions): Promise<Features> {
    checkMethod('Model.features', options);
    this.requireWeights('show features of');
    return featuresOf(this, image, options);
  }

  /**
   * Where in a layer the class score of one detection comes from (Grad-CAM, LayerCAM), or what is strongest in it (EigenCAM).
   * @example await model.cam('street.jpg', { detection: 0, layer: 'backbone.layer4' })
   */
  async cam(image: ImageInput, options?: CamOptions): Promise<Cam> {
    checkMethod('Model.cam', options);
    this.requireWeights('make a class activation map with');
    return camOf(this, image, options);
  }

  /**
   * What the query of one detection reads of the image, in detectors of the DETR family.
   * @example await model.attention('street.jpg', { detection: 0 })
   */
  async attention(image: ImageInput, options?: AttentionOptions): Promise<Attention> {
    checkMethod('Model.attention', options);
    this.requireWeights('show the attention of');
    return attentionOf(this, image, options);
  }

  /**
   * Where the time of a prediction goes, by kernel, module and operator.
   * @example (await model.profile('street.jpg', { precision: 'bfloat16' })).kernels[0]
   */
  async profile(image: ImageInput, options?: ModelProfileOptions): Promise<Profile> {
    checkMethod('Model.profile', options);
    this.requireWeights('profile');
    return profileModel(this, image, options);
  }

  /**
   * Writes one file for `Model.load` and PyTorch: `.safetensors`, or `.pth` with the weights under `state_dict`; or the whole
   * config, what was inferred included: `.py` and `.json` for MMDetection, `.ts`; or a page that detects in a browser, `.html`; or
   * `.onnx` for ONNX Runtime and OpenVINO, which alone has options.
   * @example model.save('cells.pth') // Python: torch.load('cells.pth', weights_only=True)['state_dict']
   * @example model.save('cells.py') // Python: MODELS.build(Config.fromfile('cells.py').model)
   * @example model.save('cells.onnx', { dynamic: 'batch' }) // Python: onnxruntime.InferenceSession('cells.onnx')
   * @throws DetLabError for an extension or options that there are not, and for what has no form in ONNX
   */
  save(file: string, options?: SaveOnnxOptions): string {
    checkMethod('Model.save', options);
    if (isOnnxFile(file)) {
      this.requireWeights('save');
      return saveOnnx(
        { ...this.meta(), detector: this.detector, threshold: this.threshold?.score },
        file,
        options ?? {},
      );
    }
    const [unused] = Object.keys(options ?? {});
    if (unused !== undefined) throw new DetLabError(`Cannot save "${file}": the option ${unused} is of .onnx files`);
    if (isConfigFile(file)) return saveConfig(this.config, file, this.classes);
    if (isPageFile(file)) return this.demo().save(file);
    this.requireWeights('save');
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    const state = encodeState(this.detector.stateDict());
    writeWeights(file, state, { detlab: JSON.stringify(this.meta()), classes: this.classes });
    return path.resolve(file);
  }

  /**
   * The model as a display that detects in the browser, without a kernel: in a cell, in a notebook's HTML, or as a page.
   *
   * @example model.demo() // drop a photograph on it
   * @throws DetLabError for a model with modules of the session's
   */
  demo(): Demo {
    this.requireWeights('make a page of');
    return new Demo(this);
  }

  /**
   * Loads the weights whose names and shapes match; the report lists the others and the likely cause. An address or a name of
   * a hub is downloaded, and gives a promise of the report.
   *
   * @example model.loadFrom('resnet50-0676ba61.pth', { part: 'backbone' }).loaded.length
   * @example (await model.loadFrom('torchvision://resnet50', { part: 'backbone' })).loaded.length
   */
  loadFrom(address: WeightsAddress, options?: Omit<LoadFrom, 'file'>): Promise<WeightsReport>;
  loadFrom(file: string, options?: Omit<LoadFrom, 'file'>): WeightsReport;
  loadFrom(file: string, options: Omit<LoadFrom, 'file'> = {}): WeightsReport | Promise<WeightsReport> {
    checkMethod('Model.loadFrom', options);
    this.requireWeights('load weights into');
    const { key, ...rest } = options;
    const load = (from: string) => loadWeights(this.detector, readWeights(from, { key }), rest);
    return isWeightsAddress(file) ? fetchWeights(file).then(load) : load(file);
  }

  /** Metadata of saved files: all that `Model.load` requires besides the weights. */
  meta(): { name: string; classes: readonly string[]; config: ConfigObject; threshold?: ModelThreshold } {
    const { name, classes, config, threshold } = this;
    return { name, classes, config, ...(threshold && { threshold }) };
  }

  /**
   * Loads a model from a file of `save` or its address, a checkpoint's folder, a run's folder (its latest checkpoint), or a
   * checkpoint of MMDetection that has its config in it.
   * @throws DetLabError for a file without a config, or with tensors that do not match it
   */
  static async load(place: string): Promise<Model> {
    const file = await modelFile(place);
    const weights = readWeights(file);
    const meta = ownMeta(weights, (line) => console.error(line));
    if (!meta) throw withoutConfig(file);
    const spec: RecipeSpec = { name: meta.name, config: meta.config, classes: meta.classes, freezing: [] };
    const detector = await buildModel(spec, meta.classes, undefined);
    loadStrictly(detector, weights);
    detector.eval();
    return new Model(
      detector,
      meta.classes,
      meta.name,
      wholeConfig(meta.config, detector),
      storedThreshold(meta, file),
    );
  }

  /** @param input height and width of the image for which the shapes are computed */
  summary(input: [number, number] = inputSize(this.config)): SummaryDisplay {
    const notes = this.threshold ? [thresholdNote(this.threshold)] : [];
    return new SummaryDisplay(summarise(this.detector, this.config, this.name, input, notes));
  }

  get parameters(): number {
    return this.detector.parameterCount();
  }

  /** Frees the weights at once, as `free(model)` does; not needed for a model that no variable refers to. */
  dispose(): void {
    freed.add(this.detector);
    this.detector.dispose();
  }

  /** @throws DetLabError when the weights were freed */
  requireWeights(what: string): void {
    if (freed.has(this.detector))
      throw new DetLabError(
        `Cannot ${what} "${this.name}": its weights were freed, by free() or dispose(). Load or train it again`,
      );
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return this.summary().bundle;
  }

  toString(): string {
    return this.summary().toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

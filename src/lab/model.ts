// A detector with its weights and class names: predict, evaluate, save, load.

import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { loadWeights, readWeights, type Weights, type WeightsReport, writeWeights } from '../checkpoints';
import type { ConfigObject } from '../config';
import { buildPipeline, decodeImage, type ImageRecord, type PixelImage } from '../data';
import type { Precision } from '../engine';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { encodeState } from '../nn/stored-tensor';
import { Random } from '../random';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle, notebook } from '../visualization/display';
import { buildModel, type RecipeSpec } from './build-model';
import { catalogue } from './catalogue';
import { modulesAt } from './config-access';
import { detect, type EvaluateOptions, evaluate } from './evaluate';
import type { LabDataset } from './lab-dataset';
import { Predictions } from './predictions';
import { progressView } from './progress-view';
import type { Report } from './report';
import { inputSize, SummaryDisplay, summarise } from './summary';
import type { LoadFrom } from './weights-file';

/** A path, the bytes of an image file, or pixels. */
export type ImageInput = string | Uint8Array | PixelImage;

export interface PredictOptions {
  /** The picture shows boxes from this score on; the array has all. Default 0.3. */
  threshold?: number;
  precision?: Precision;
}

/** A path as seen from here when it lies below, so that a shared notebook tells nothing of the machine. */
function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? path.basename(file) : relative;
}

export class Model implements Displayable {
  constructor(
    readonly detector: Detector,
    readonly classes: readonly string[],
    readonly name: string,
    readonly config: ConfigObject,
  ) {}

  /**
   * What is in an image (or in each of several).
   * @example (await model.predict('street.jpg')).filter((p) => p.score > 0.5)
   */
  predict(image: ImageInput, options?: PredictOptions): Promise<Predictions>;
  predict(images: ImageInput[], options?: PredictOptions): Promise<Predictions[]>;
  async predict(input: ImageInput | ImageInput[], options: PredictOptions = {}): Promise<Predictions | Predictions[]> {
    if (Array.isArray(input)) {
      const all: Predictions[] = [];
      for (const image of input) all.push(await this.predict(image, options));
      return all;
    }
    const source = typeof input === 'string' ? shortPath(input) : 'image';
    const pixels =
      typeof input === 'string' || input instanceof Uint8Array ? await decodeImage(input) : checkedPixels(input);
    const steps = modulesAt(this.config, 'test_dataloader.dataset.pipeline').filter(
      (t) => !t.type.endsWith('LoadAnnotations'),
    );
    const none = { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() };
    const { width, height } = pixels;
    const record: ImageRecord = {
      id: 0,
      path: source,
      width,
      height,
      truths: none,
      areas: new Float32Array(),
      annotationIds: [],
    };
    const sample = await buildPipeline(steps, catalogue, 'test_pipeline').run(record, Random.seeded(0), {
      ...pixels,
      data: pixels.data.slice(),
    });
    this.detector.eval();
    const [detections] = detect(this.detector, [sample], options.precision);
    return Predictions.create(source, pixels, detections, this.classes, options.threshold ?? 0.3);
  }

  /**
   * Measures the model on the validation part of `data` (or on its only part).
   * @throws DetLabError when the classes differ, or when the work was interrupted
   */
  async evaluate(data: LabDataset, options: EvaluateOptions = {}): Promise<Report> {
    const { evaluated } = data;
    if (evaluated.classes.join('\n') !== this.classes.join('\n'))
      throw new DetLabError(
        `Cannot evaluate on "${evaluated.name}": the model knows ${this.classes.join(', ')}; the data has ${evaluated.classes.join(', ')}. ` +
          `Load the data with { classes: model.classes }`,
      );
    const view = progressView(`evaluating ${this.name}`);
    const signal = options.signal ?? notebook()?.signal;
    const onProgress = (done: number, total: number) => {
      view.update(done, total);
      options.onProgress?.(done, total);
    };
    const report = await evaluate(this.detector, evaluated, this.config, { ...options, signal, onProgress });
    view.close();
    if (!report) throw new DetLabError(`The evaluation on "${evaluated.name}" was interrupted`);
    return report;
  }

  /**
   * Writes one file that `Model.load` and PyTorch read: `.safetensors`, or `.pth` with the weights under `state_dict`.
   * @example model.save('cells.pth') // Python: torch.load('cells.pth', weights_only=True)['state_dict']
   */
  save(file: string): string {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    const state = encodeState(this.detector.stateDict());
    writeWeights(file, state, { detlab: JSON.stringify(this.meta()), classes: this.classes });
    return path.resolve(file);
  }

  /**
   * Copies weights into this model as far as names and shapes agree; the report says what did not, and why.
   * @example model.loadFrom('resnet50-0676ba61.pth', { part: 'backbone' }).loaded.length
   */
  loadFrom(file: string, { key, ...options }: Omit<LoadFrom, 'file'> = {}): WeightsReport {
    return loadWeights(this.detector, readWeights(file, { key }), options);
  }

  /** What goes into every file of this model, so that the file is enough to load it. */
  meta(): { name: string; classes: readonly string[]; config: ConfigObject } {
    return { name: this.name, classes: this.classes, config: this.config };
  }

  /**
   * A model as it was saved: a file of `save`, a checkpoint's folder, or the folder of a run (its newest checkpoint).
   * @throws DetLabError for a file that names no config, or whose tensors do not fit
   */
  static async load(place: string): Promise<Model> {
    const file = modelFile(place);
    const weights = readWeights(file);
    const meta = metaOf(weights);
    if (!meta)
      throw new DetLabError(
        `Cannot load "${file}" as a model: it holds tensors but no config. Use detector(config).load("${file}") instead`,
      );
    const spec: RecipeSpec = { name: meta.name, config: meta.config, classes: meta.classes, freezing: [] };
    const detector = await buildModel(spec, meta.classes, undefined);
    loadStrictly(detector, weights);
    detector.eval();
    return new Model(detector, meta.classes, meta.name, meta.config);
  }

  /** @param input height and width the shapes are computed for */
  summary(input: [number, number] = inputSize(this.config)): SummaryDisplay {
    return new SummaryDisplay(summarise(this.detector, this.config, this.name, input));
  }

  get parameters(): number {
    return this.detector.parameterCount();
  }

  /** Frees the weights. */
  dispose(): void {
    this.detector.dispose();
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

/** @throws DetLabError when a tensor is missing, too many or of another shape, with the likely cause */
export function loadStrictly(detector: Detector, weights: Weights): void {
  const report = loadWeights(detector, weights);
  const shapes = report.mismatched.map((m) => `${m.name} is [${m.received}], the model's [${m.expected}]`);
  const wrong = [
    ...shapes,
    ...report.missing.map((name) => `${name} is missing`),
    ...report.unexpected.map((name) => `${name} has no place in the model`),
  ];
  if (wrong.length > 0)
    throw new DetLabError(
      `Cannot load "${weights.source}": ${wrong.length} of its tensors do not fit the config: ${wrong.slice(0, 3).join('; ')}` +
        report.causes.map((cause) => `\n  likely cause: ${cause}`).join(''),
    );
}

/** The config and classes a file was saved with, if it was saved by DetLab. */
export function metaOf({
  detlab,
}: Pick<Weights, 'detlab'>): { name: string; classes: string[]; config: ConfigObject } | undefined {
  try {
    const meta = JSON.parse(detlab ?? 'null');
    return meta && Array.isArray(meta.classes) && typeof meta.config === 'object' ? meta : undefined;
  } catch {
    return undefined;
  }
}

/** The model's file in a run's folder, a checkpoint's folder, or the file itself. */
export function modelFile(place: string): string {
  if (!existsSync(place)) throw new DetLabError(`Cannot find the model "${place}": there is no such file or folder`);
  if (statSync(place).isFile()) return place;
  const root = existsSync(path.join(place, 'checkpoints')) ? path.join(place, 'checkpoints') : place;
  const pointer = path.join(root, 'last_checkpoint');
  const folder = existsSync(pointer) ? path.join(root, readFileSync(pointer, 'utf8').trim()) : root;
  const file = path.join(folder, 'model.safetensors');
  if (!existsSync(file))
    throw new DetLabError(`Cannot find a model in "${place}": there is no model.safetensors in it`);
  return file;
}

function checkedPixels(image: PixelImage): PixelImage {
  const { data, width, height } = image;
  if (data?.length === width * height * 3 && width > 0) return image;
  throw new DetLabError(
    `Cannot predict on these pixels: expected { data: Uint8Array of height x width x 3, width, height, order }, received ` +
      `${data?.length ?? 'no'} values for ${width} x ${height}`,
  );
}

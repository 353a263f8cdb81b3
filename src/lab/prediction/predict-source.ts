// `model.predict(source)` and `model.stream(source)`: opens the source, detects, and makes displayable predictions of it.

import type { ConfigObject } from '../../config';
import {
  type ImageInput,
  type ImageInputs,
  isProblem,
  type OpenedSource,
  openSource,
  type SourceProblem,
} from '../../data';
import type { Precision } from '../../engine';
import { DetLabError } from '../../errors';
import type { Detector } from '../../models/types';
import { notebook } from '../../visualization/display';
import type { DrawingOptions } from '../../visualization/drawing-options';
import { configuredPalette } from '../configured-palette';
import { PredictionList } from '../prediction-list';
import { checkPredictionDrawing, Predictions } from '../predictions';
import { progressView } from '../progress-view';
import { type DetectedImage, detectImages } from './detect-images';

/**
 * Besides those of the source, how the predictions are displayed. The threshold is of the display, by default the model's
 * (`withThreshold`) or 0.3; the array has all.
 */
export interface PredictOptions extends DrawingOptions {
  precision?: Precision;
  /** Images that go through the network together, of those with one padded size. Default 1. */
  batch?: number;
  /** Of a video or camera: frames a second. Default: all of a video, 5 of a camera. */
  fps?: number;
  /** Of a video, a camera or a stream: the first frames only. */
  maxFrames?: number;
  /** Ends it; what is done is kept. By default Stop of the notebook. */
  signal?: AbortSignal;
  onProgress?: (done: number, total: number | undefined) => void;
}

export interface StreamOptions extends PredictOptions {
  /** Called for every image that cannot be used; by default its problem is printed. */
  onSkip?: (problem: SourceProblem) => void;
}

/** What `predict` takes. */
export type PredictSource = ImageInput | ImageInputs;

/** Patterns, and folders by their slash. */
export type SeveralImages = `${string}*${string}` | `${string}/`;

/** The parts of a model that predictions need. */
interface Network {
  readonly detector: Detector;
  readonly config: ConfigObject;
  readonly classes: readonly string[];
  readonly name: string;
  readonly threshold?: { score: number };
}

/** Checked drawing options with the model's colours and threshold. */
function drawingOf(model: Network, given: DrawingOptions): DrawingOptions {
  const palette = configuredPalette(model.config, model.classes);
  const asked = checkPredictionDrawing(given, 'predict', model.classes);
  const threshold = asked.threshold ?? model.threshold?.score;
  return { ...(palette && { palette }), ...asked, ...(threshold !== undefined && { threshold }) };
}

/** Predictions of the images of a source, and what could not be used, in order. */
async function* predictions(
  model: Network,
  source: OpenedSource,
  drawing: DrawingOptions,
  { batch = 1, precision, signal, onProgress }: PredictOptions,
): AsyncGenerator<Predictions | SourceProblem> {
  const view = progressView(`predicting with ${model.name}`, { quiet: source.total === 1 });
  let done = 0;
  try {
    for await (const one of detectImages(model, source, { batch, precision, signal })) {
      done++;
      view.update(done, source.total ?? done);
      onProgress?.(done, source.total);
      yield isProblem(one) ? one : displayable(one, model.classes, drawing);
    }
  } finally {
    view.close();
  }
}

function displayable(detected: DetectedImage, classes: readonly string[], drawing: DrawingOptions): Predictions {
  const { image, pixels, width, height, again, detections } = detected;
  const { name, file, time } = image;
  return Predictions.create(name, pixels ?? { width, height, again }, detections, classes, drawing, { file, time });
}

/** @throws DetLabError for a source that cannot be opened, and for a single image that cannot be used */
export async function predictSource(
  model: Network,
  given: unknown,
  options: PredictOptions,
): Promise<Predictions | PredictionList> {
  const { precision, batch, fps, maxFrames, onProgress, ...rest } = options;
  const { signal = notebook()?.signal, ...appearance } = rest;
  const drawing = drawingOf(model, appearance);
  const source = await openSource(given, { fps, maxFrames, signal });
  const done: Predictions[] = [];
  const skipped: SourceProblem[] = [];
  for await (const one of predictions(model, source, drawing, { batch, precision, signal, onProgress }))
    if (isProblem(one)) skipped.push(one);
    else done.push(one);
  const stopped = signal?.aborted === true;
  if (source.kind === 'image') {
    if (done.length === 1) return done[0];
    throw new DetLabError(skipped[0]?.message ?? 'The prediction was interrupted');
  }
  const outcome = { skipped, stopped, total: source.total, notices: source.notices };
  return PredictionList.create(done, model.classes, drawing, outcome);
}

/** The same one by one, for sources that are long or have no end: nothing is kept. */
export async function* streamSource(
  model: Network,
  given: unknown,
  options: StreamOptions,
): AsyncGenerator<Predictions, void, undefined> {
  const { precision, batch, fps, maxFrames, onProgress, onSkip, ...rest } = options;
  const { signal = notebook()?.signal, ...appearance } = rest;
  const drawing = drawingOf(model, appearance);
  const source = await openSource(given, { fps, maxFrames, signal });
  for await (const one of predictions(model, source, drawing, { batch, precision, signal, onProgress }))
    if (!isProblem(one)) yield one;
    else if (onSkip) onSkip(one);
    else console.error(one.message);
}

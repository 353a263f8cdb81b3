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
import { DetLabError } from '../../errors';
import type { Skeleton } from '../../geometry/skeleton';
import type { Detector } from '../../models/types';
import { entitiesOf, type TextPrompt } from '../../text/prompts';
import { notebook } from '../../visualization/display';
import type { DrawingOptions } from '../../visualization/drawing-options';
import { objectAt, readsText } from '../config-access';
import { configuredPalette } from '../configured-palette';
import { configuredSkeleton } from '../configured-skeleton';
import { PredictionList } from '../prediction-list';
import { checkPredictionDrawing, Predictions } from '../predictions';
import { progressView } from '../progress-view';
import { VideoPredictions } from '../video-predictions';
import { type DetectedImage, detectEach, detectImages } from './detect-images';
import { type InferenceOptions, imageDetector, refuseBatch } from './image-detector';
import { type TrackOptions, tracked } from './tracked';

/**
 * Besides those of the source, how the predictions are displayed. The threshold is of the display, by default the model's
 * (`withThreshold`) or 0.3; the array has all.
 */
export interface PredictOptions extends DrawingOptions, InferenceOptions {
  /**
   * What a detector on text is to find: names, or a caption whose phrases periods part; else its classes. The labels of predictions are
   * these names.
   */
  text?: string | readonly string[];
  /**
   * Images that go through the network together, of those with one padded size. Default 1; not with views and tiles. Of a model that finds
   * objects in several frames together (Mask2FormerVideo), the frames of a clip, 36 by default.
   */
  batch?: number;
  /** Of a video or camera: frames a second. Default: all of a video, 5 of a camera. */
  fps?: number;
  /** Of a video, a camera or a stream: the first frames only. */
  maxFrames?: number;
  /** Of a video, a camera, a stream or a list of frames: gives each object an `id`, by ByteTracker or the model's own tracker. Objects without one are left out. */
  track?: TrackOptions;
  /** Ends it; what is done is kept. By default Stop of the notebook. */
  signal?: AbortSignal;
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Options of `stream`: those of `predict`, and what becomes of an image that cannot be used. */
export interface StreamOptions extends PredictOptions {
  /** Called for every image that cannot be used; by default its problem is printed. */
  onSkip?: (problem: SourceProblem) => void;
}

/** What `predict` takes. */
export type PredictSource = ImageInput | ImageInputs;

type VideoExtension = 'mp4' | 'mov' | 'avi' | 'mkv' | 'webm' | 'm4v';
/** Videos and cameras, by their names. */
export type VideoSource = `${string}.${VideoExtension}` | `camera:${string}` | `/dev/video${string}`;

/** Patterns, and folders by their slash. */
export type SeveralImages = `${string}*${string}` | `${string}/`;

/** Of one image, of several, of a video. */
export type AnyPredictions = Predictions | PredictionList | VideoPredictions;

/** Detects in the images of a source, in order. */
export interface SourceDetector {
  (
    source: OpenedSource,
    options: InferenceOptions & { batch?: number; signal?: AbortSignal; prompt?: TextPrompt; clips?: boolean },
  ): AsyncGenerator<DetectedImage | SourceProblem>;
  /** Of a model that tracks. */
  tracker?: Detector['tracker'];
  /** Whether the model finds objects in several frames of a video together, which `clips` asks for. */
  predictsClips?: boolean;
  linkTracks?: Detector['linkTracks'];
}

/** Frames of a clip, unless `batch` says how many: as many as YouTube-VIS's longest videos have. */
const CLIP_FRAMES = 36;

/** What predictions are of and how they are displayed. */
export interface Predictor {
  readonly config: ConfigObject;
  readonly classes: readonly string[];
  readonly name: string;
  readonly threshold?: { score: number };
}

/** Detection by one model: in batches, or from several views and tiles of each image. */
export function detectorOf(network: { detector: Detector; config: ConfigObject }): SourceDetector {
  const { tracker, linkTracks, predictsClips } = network.detector;
  const detectIn: SourceDetector = (source, { batch, precision, signal, tta, tiles, prompt, clips }) => {
    if (tta === undefined && tiles === undefined) {
      const together = clips ? (batch ?? CLIP_FRAMES) : predictsClips ? 1 : (batch ?? 1);
      return detectImages(network, source, { batch: together, precision, signal, prompt, clips });
    }
    refuseBatch('predict', batch);
    return detectEach(imageDetector(network, { precision, tta, tiles }, 'test', prompt), source, signal);
  };
  return Object.assign(detectIn, { tracker, linkTracks, predictsClips });
}

/** The prompt of a text, and the model with the names in it as its classes. */
function withText(model: Predictor, text: PredictOptions['text']): { asked: Predictor; prompt?: TextPrompt } {
  if (text === undefined) return { asked: model };
  const prompt: TextPrompt = { text, customEntities: true };
  const classes = entitiesOf(prompt);
  if (!readsText(objectAt(model.config, 'model')))
    throw new DetLabError(
      `Cannot predict with a text: "${model.name}" finds its own classes (${model.classes.slice(0, 8).join(', ')}). Load a detector ` +
        'on text, such as grounding_dino_swin-t_pretrain_obj365_goldg_cap4m',
    );
  if (classes.length === 0)
    throw new DetLabError(
      'Cannot predict with this text: expected names of objects, such as "cat . dog", received none',
    );
  const { config, name, threshold } = model;
  return { asked: { config, name, threshold, classes }, prompt };
}

/** Checked drawing options with the model's colours and threshold. */
function drawingOf(model: Predictor, given: DrawingOptions): DrawingOptions {
  const palette = configuredPalette(model.config, model.classes);
  const asked = checkPredictionDrawing(given, 'predict', model.classes);
  const threshold = asked.threshold ?? model.threshold?.score;
  return { ...(palette && { palette }), ...asked, ...(threshold !== undefined && { threshold }) };
}

/** What is detected, shown as progress: also of frames that wait for the end of their video, whose tracks are joined then. */
async function* counted(
  model: Predictor,
  { total }: OpenedSource,
  found: AsyncGenerator<DetectedImage | SourceProblem>,
  onProgress: PredictOptions['onProgress'],
): AsyncGenerator<DetectedImage | SourceProblem> {
  const view = progressView(`predicting with ${model.name}`, { quiet: total === 1 });
  let done = 0;
  try {
    for await (const one of found) {
      done++;
      view.update(done, total ?? done);
      onProgress?.(done, total);
      yield one;
    }
  } finally {
    view.close();
  }
}

/** Predictions of the images of a source, and what could not be used, in order. */
async function* predictions(
  model: Predictor,
  drawing: DrawingOptions,
  found: AsyncGenerator<DetectedImage | SourceProblem>,
): AsyncGenerator<Predictions | SourceProblem> {
  const skeleton = configuredSkeleton(model.config);
  for await (const one of found) yield isProblem(one) ? one : displayable(one, model.classes, drawing, skeleton);
}

function displayable(
  detected: DetectedImage,
  classes: readonly string[],
  drawing: DrawingOptions,
  skeleton: Skeleton | undefined,
): Predictions {
  const { image, pixels, width, height, again, detections } = detected;
  const { name, file, time, fps } = image;
  return Predictions.create(name, pixels ?? { width, height, again }, detections, classes, drawing, {
    file,
    time,
    fps,
    skeleton,
  });
}

interface Opened {
  source: OpenedSource;
  drawing: DrawingOptions;
  signal?: AbortSignal;
  found: AsyncGenerator<Predictions | SourceProblem>;
}

async function open(
  model: Predictor,
  detectIn: SourceDetector,
  given: unknown,
  options: Omit<PredictOptions, 'text'> & { prompt?: TextPrompt },
): Promise<Opened> {
  const { precision, tta, tiles, batch, fps, maxFrames, track: asked, onProgress, prompt, ...rest } = options;
  const { signal = notebook()?.signal, ...appearance } = rest;
  const drawing = drawingOf(model, appearance);
  const source = await openSource(given, { fps, maxFrames, signal });
  // a model that tracks does so in every video
  const tracks = detectIn.tracker !== undefined || detectIn.predictsClips === true;
  const track = asked ?? (tracks && source.kind === 'video' ? true : undefined);
  if (track !== undefined && source.kind === 'image')
    throw new DetLabError('Cannot track: expected the frames of a video, camera, stream or list, received one image');
  const clips = track === true && detectIn.predictsClips === true;
  const each = detectIn(source, { precision, tta, tiles, batch, signal, prompt, clips });
  const detected = counted(model, source, each, onProgress);
  const { tracker, linkTracks } = detectIn;
  // of a camera the end is never known
  const own = { tracker, ...(source.total !== undefined && { linkTracks }) };
  const found = track === undefined || clips ? detected : tracked(detected, track, own);
  return { source, drawing, signal, found: predictions(model, drawing, found) };
}

/** @throws DetLabError for a source that cannot be opened, and for a single image that cannot be used */
export async function predictSource(
  model: Predictor,
  detectIn: SourceDetector,
  given: unknown,
  { text, ...options }: PredictOptions,
): Promise<AnyPredictions> {
  const { asked, prompt } = withText(model, text);
  const { source, drawing, signal, found } = await open(asked, detectIn, given, { ...options, prompt });
  const done: Predictions[] = [];
  const skipped: SourceProblem[] = [];
  for await (const one of found)
    if (isProblem(one)) skipped.push(one);
    else done.push(one);
  const stopped = signal?.aborted === true;
  if (source.kind === 'image') {
    for (const notice of source.notices) console.error(notice);
    if (done.length === 1) return done[0];
    throw new DetLabError(skipped[0]?.message ?? 'The prediction was interrupted');
  }
  const outcome = { skipped, stopped, total: source.total, notices: source.notices };
  if (source.kind === 'video' && source.video)
    return VideoPredictions.create(done, asked.classes, source.video, drawing, outcome);
  return PredictionList.create(done, asked.classes, drawing, outcome);
}

/** The same one by one, for sources that are long or have no end: nothing is kept. */
export async function* streamSource(
  model: Predictor,
  detectIn: SourceDetector,
  given: unknown,
  { onSkip, text, ...options }: StreamOptions,
): AsyncGenerator<Predictions, void, undefined> {
  const { asked, prompt } = withText(model, text);
  const { source, found } = await open(asked, detectIn, given, { ...options, prompt });
  for await (const one of found) {
    for (const notice of source.notices.splice(0)) console.error(notice);
    if (!isProblem(one)) yield one;
    else if (onSkip) onSkip(one);
    else console.error(one.message);
  }
  for (const notice of source.notices) console.error(notice);
}

// How the detections of one image are made: in one pass, merged from several views of it (test-time augmentation), and from
// tiles of a large image.

import type { ConfigObject } from '../../config';
import { buildPipeline, loadsAnnotations, type PackedSample } from '../../data';
import type { Precision } from '../../engine';
import { DetLabError } from '../../errors';
import type { ViewMerger } from '../../models/test-time-augs';
import type { Detector } from '../../models/types';
import type { TextPrompt } from '../../text/prompts';
import { catalogue } from '../catalogue';
import { evaluationPipeline } from '../evaluation-pipeline';
import { detect, type ImageDetector } from './detect';
import { refuseSegments } from './lost-segments';
import { packed } from './packed';
import { type TestTimeAugmentation, testTimeViews } from './test-time-views';
import { detectInTiles, type TileOptions } from './tiles';

export interface InferenceOptions {
  /** `bfloat16` is several times faster on a CPU that supports it, and changes AP by about 0.002. */
  precision?: Precision;
  /** Several views of each image, merged: true (the config's, or the image and its mirror image), or `['flip', 0.8, 1, 1.25]`. */
  tta?: TestTimeAugmentation;
  /** Overlapping tiles of large images: side in pixels, or more options. */
  tiles?: number | TileOptions;
}

/** @throws DetLabError: a batch would have no effect */
export function refuseBatch(what: string, batch: number | undefined, isEnsemble = false): void {
  if (batch !== undefined)
    throw new DetLabError(
      `Cannot ${what}: batch ${batch} would have no effect, as ` +
        (isEnsemble
          ? 'an ensemble detects in one image after the other. Leave out batch'
          : 'views and tiles differ in size and are detected one by one. Leave out batch, or tta and tiles'),
    );
}

/** What a detector needs besides its weights. */
export interface DetectorWithConfig {
  detector: Detector;
  config: ConfigObject;
}

/**
 * Builds what the options ask for, once for many images.
 *
 * @param part whose pipeline of the config is used
 * @param prompt what a detector on text is to find
 * @throws DetLabError for views that the config cannot have
 */
export function imageDetector(
  model: DetectorWithConfig,
  options: InferenceOptions = {},
  part: 'val' | 'test' = 'test',
  prompt?: TextPrompt,
): ImageDetector {
  const { tiles, tta } = options;
  if (model.detector.predictsClips)
    throw new DetLabError(
      'Cannot detect image by image: the model finds objects in the frames of a video together. Leave out tta and tiles, and ensembles',
    );
  const asked = prompt && { prompt };
  const whole =
    tta === undefined ? plainDetector(model, options, part, asked) : viewsDetector(model, tta, options, part, asked);
  return tiles === undefined ? whole : (pixels, source) => detectInTiles(whole, pixels, source, tiles);
}

const withoutTruths = (type: string) => !loadsAnnotations(type);

function plainDetector(
  { detector, config }: DetectorWithConfig,
  { precision }: InferenceOptions,
  part: 'val' | 'test',
  asked?: Pick<PackedSample, 'prompt'>,
): ImageDetector {
  const { steps, path } = evaluationPipeline(config, part);
  const pipeline = buildPipeline(
    steps.filter(({ type }) => withoutTruths(type)),
    catalogue,
    path,
  );
  return async (pixels, source) => {
    const sample = { ...(await packed(pipeline, pixels, source)), ...asked };
    detector.eval();
    return detect(detector, [sample], precision)[0];
  };
}

/** One view after the other: they differ in size. */
function viewsDetector(
  { detector, config }: DetectorWithConfig,
  tta: TestTimeAugmentation,
  { precision }: InferenceOptions,
  part: 'val' | 'test',
  asked?: Pick<PackedSample, 'prompt'>,
): ImageDetector {
  const { pipelines, merger } = testTimeViews(config, tta, part);
  const views = pipelines.map(({ steps, path }) => buildPipeline(steps, catalogue, path));
  const merge: ViewMerger = catalogue.build('tta_model', merger.config, { path: merger.path });
  return async (pixels, source) => {
    const found: Parameters<ViewMerger>[0][number][] = [];
    for (const view of views) {
      const sample = { ...(await packed(view, pixels, source)), ...asked };
      detector.eval();
      const [detections] = detect(detector, [sample], precision);
      refuseSegments(detections, `merge views of "${source}"`, 'tta');
      found.push({ detections, meta: sample.meta });
    }
    return merge(found);
  };
}

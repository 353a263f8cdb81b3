// The views of an image for test-time augmentation: a pipeline for each, by the config's own tta_pipeline, or by words.

import type { ModuleConfig } from '../../catalogue/registry';
import { type ConfigObject, type ConfigValue, isObject } from '../../config';
import { loadsAnnotations } from '../../data';
import { DetLabError, didYouMean } from '../../errors';
import { modulesAt } from '../config-access';
import { evaluationPipeline } from '../evaluation-pipeline';
import { canvasDivisor, setImageSize } from '../image-size/set-image-size';
import type { Scale } from '../image-size/size-scaling';
import { testScale } from '../image-size/test-scale';

/** A flip, or the size of the images as a share of the config's. */
export type ViewWord = 'flip' | 'horizontal' | 'vertical' | 'diagonal' | number;

/**
 * `true`: the views and the merging of the config's `tta_pipeline` and `tta_model`; without those, as MMDetection, the image
 * and its mirror image. A list of flips and scales: every flip and the image itself at every scale.
 */
export type TestTimeAugmentation = true | readonly ViewWord[];

export interface TestTimeViews {
  /** The transforms of each view, and where in the config they are. */
  pipelines: { path: string; steps: ModuleConfig[] }[];
  /** What merges them. */
  merger: { config: ModuleConfig; path: string };
}

const FLIPS = ['flip', 'horizontal', 'vertical', 'diagonal'] as const;
const MAX_VIEWS = 64;
/** As MMDetection's tools/test.py for a config without `tta_model`. */
const STANDARD: ModuleConfig = {
  type: 'DetTTAModel',
  tta_cfg: { nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 },
};

/**
 * @param part whose plain pipeline words are about
 * @throws DetLabError for a `tta_pipeline` without views, and for unknown words
 */
export function testTimeViews(config: ConfigObject, tta: TestTimeAugmentation, part: 'val' | 'test'): TestTimeViews {
  const merger = isObject(config.tta_model)
    ? { config: config.tta_model as ModuleConfig, path: 'tta_model' }
    : { config: STANDARD, path: 'tta' };
  const pipelines =
    tta !== true ? viewsByWords(config, tta, part) : (configuredViews(config) ?? viewsByWords(config, ['flip'], part));
  if (pipelines.length > MAX_VIEWS)
    throw new DetLabError(
      `Cannot augment: expected at most ${MAX_VIEWS} views of an image, received ${pipelines.length}. Take fewer scales or flips`,
    );
  return { pipelines, merger };
}

/** The product of the alternatives that TestTimeAug has, each followed by the next, as in mmcv. */
function configuredViews(config: ConfigObject): TestTimeViews['pipelines'] | undefined {
  const steps = modulesAt(config, 'tta_pipeline');
  if (steps.length === 0) return undefined;
  const at = steps.findIndex(({ type }) => bare(type) === 'TestTimeAug');
  const path = `tta_pipeline.${at}.transforms`;
  const alternatives = steps[at]?.transforms;
  const isList = (value: unknown): value is ConfigObject[] => Array.isArray(value) && value.length > 0;
  if (at !== steps.length - 1 || !isList(alternatives) || !alternatives.every(isList))
    throw new DetLabError(
      'Cannot augment by tta_pipeline: expected a TestTimeAug as its last transform, with transforms: [[a, b], [c], ...], ' +
        `received ${at < 0 ? steps.map(({ type }) => type).join(', ') : JSON.stringify(alternatives ?? null).slice(0, 120)}`,
    );
  let views: ConfigObject[][] = [steps.slice(0, at) as ConfigObject[]];
  for (const choices of alternatives as unknown as ConfigObject[][])
    views = views.flatMap((view) => choices.map((choice) => [...view, choice]));
  return views.map((view) => ({ path, steps: withoutTruths(view as ModuleConfig[]) }));
}

const bare = (type: string): string => type.slice(type.lastIndexOf('.') + 1);
const withoutTruths = (steps: ModuleConfig[]): ModuleConfig[] => steps.filter(({ type }) => !loadsAnnotations(type));

function viewsByWords(
  config: ConfigObject,
  words: readonly ViewWord[],
  part: 'val' | 'test',
): TestTimeViews['pipelines'] {
  if (words.length === 0) throw unknownWord('[]');
  for (const word of words)
    if (typeof word === 'number' ? !(word > 0 && word <= 8) : !FLIPS.includes(word)) throw unknownWord(word);
  const scales = words.filter((word) => typeof word === 'number');
  const flips = words
    .filter((word) => typeof word === 'string')
    .map((word) => ({ type: 'RandomFlip', prob: 1, direction: word === 'flip' ? 'horizontal' : word }));
  return [...new Set(scales.length > 0 ? scales : [1])].flatMap((scale) => {
    const { steps, path } = evaluationPipeline(scale === 1 ? config : scaledConfig(config, scale), part);
    const plain = withoutTruths(steps);
    // right after loading, so that what the pipeline does to one image it does to the other
    const flipped = flips.map((flip) => [plain[0], flip, ...plain.slice(1)]);
    return [plain, ...flipped].map((view) => ({ path, steps: view }));
  });
}

/** The config at a share of its image size, rounded to what the network can take. */
function scaledConfig(config: ConfigObject, scale: number): ConfigObject {
  const divisor = canvasDivisor(config);
  const side = (old: number) => Math.max(32, Math.round((old * scale) / divisor) * divisor);
  const target = (testScale(config) ?? [640, 640]).map(side) as Scale; // without one, it is asked for below
  return setImageSize(config, target, 'the views').config;
}

function unknownWord(word: ConfigValue): DetLabError {
  const hint = typeof word === 'string' ? didYouMean(word, [...FLIPS]) : '';
  return new DetLabError(
    `Cannot augment by ${JSON.stringify(word)}: expected true, or a list of "flip", "vertical", "diagonal" and scales above 0 and ` +
      `up to 8, such as ['flip', 0.8, 1, 1.25].${hint}`,
  );
}

// Which transforms may be in a pipeline that loads keypoints: those that move them with the pixels, and those that move neither.

import type { AnyDefinition, ModuleConfig, Registry } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

const KEEPING: ReadonlySet<string> = new Set([
  ...['Resize', 'FixScaleResize', 'LetterResize', 'YOLOv5KeepRatioResize', 'RandomResize', 'RandomChoiceResize', 'Pad'],
  ...[
    'RandomFlip',
    'RandomCrop',
    'RandomRotate',
    'RandomAffine',
    'Rotate',
    'ShearX',
    'ShearY',
    'TranslateX',
    'TranslateY',
  ],
  ...['Mosaic', 'CachedMosaic', 'MixUp', 'CachedMixUp', 'YOLOXMixUp', 'YOLOv5MixUp'],
  ...[
    'LoadImageFromFile',
    'LoadAnnotations',
    'LoadProposals',
    'FilterAnnotations',
    'PackDetInputs',
    'RemoveDataElement',
  ],
  ...[
    'Compose',
    'RandomChoice',
    'RandomApply',
    'RandomOrder',
    'AutoAugment',
    'RandAugment',
    'GeomTransform',
    'TestTimeAug',
  ],
  ...['YOLOXHSVRandomAug', 'YOLOv5HSVRandomAug', 'PhotoMetricDistortion', 'PPYOLOERandomDistort', 'Corrupt', 'CutOut'],
  ...[
    'ColorTransform',
    'Color',
    'Brightness',
    'Contrast',
    'Sharpness',
    'Solarize',
    'SolarizeAdd',
    'Posterize',
    'Equalize',
  ],
  ...['AutoContrast', 'Invert'],
]);

interface Step {
  type: string;
  at: string;
}

function stepsIn(value: unknown, at: string): Step[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, part]) => stepsIn(part, `${at}.${key}`));
  const { type } = value as { type?: unknown };
  return typeof type === 'string' ? [{ type, at }, ...inner] : inner;
}

const loadsKeypoints = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((value as { with_keypoints?: unknown }).with_keypoints === true || Object.values(value).some(loadsKeypoints));

/**
 * A transform of the user is trusted with them.
 * @param builtIn the transforms of which it is known what they do
 * @throws DetLabError for a built-in one that would leave keypoints where they were
 */
export function requireKeypointSteps(
  config: readonly ModuleConfig[],
  registry: Registry,
  builtIn: readonly AnyDefinition[],
  path: string,
): void {
  if (!loadsKeypoints(config)) return;
  const known = new Set(builtIn);
  for (const { type, at } of stepsIn(config, path)) {
    const definition = registry.find('transform', type);
    if (!definition || !known.has(definition) || KEEPING.has(definition.type)) continue;
    throw new DetLabError(
      `Cannot build ${at}: ${definition.type} does not move keypoints, which this pipeline loads. Of the transforms that move ` +
        'pixels, Resize, LetterResize, Pad, RandomFlip, RandomCrop, RandomRotate, RandomAffine, Mosaic and MixUp do',
    );
  }
}

// Pipelines of MMDetection 1.x and 2.x as 3.x writes them. Normalising and padding to a divisor move into the model's
// data preprocessor; bundling and collecting are one step, PackDetInputs.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined } from './changes';

/** What pipelines leave to the data preprocessor. */
export interface Preprocessing {
  norm?: ConfigObject;
  divisor?: ConfigValue;
}

const META_KEYS = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'];

export function migratePipeline(
  steps: readonly ConfigValue[],
  path: string,
  changes: Changes,
  preprocessing: Preprocessing,
): ConfigValue[] {
  return steps.flatMap((step, i) =>
    isObject(step) ? migrateStep(step, `${path}[${i}]`, changes, preprocessing) : [step],
  );
}

function migrateStep(step: ConfigObject, path: string, changes: Changes, preprocessing: Preprocessing): ConfigValue[] {
  const { type, ...options } = step;
  const note = (to: string) => changes.note(`${path} ${String(type)}`, to);
  const inner = (steps: ConfigValue) =>
    Array.isArray(steps) ? migratePipeline(steps, path, changes, preprocessing) : steps;
  switch (type) {
    case 'Normalize':
      preprocessing.norm ??= options;
      note('model.data_preprocessor (mean, std, bgr_to_rgb)');
      return [];
    case 'Pad':
      if (options.size_divisor === undefined) return [step];
      preprocessing.divisor ??= options.size_divisor;
      note('model.data_preprocessor.pad_size_divisor');
      return [];
    case 'DefaultFormatBundle':
    case 'ImageToTensor':
    case 'DefaultFormatBundleMMTrack':
      note('PackDetInputs');
      return [];
    case 'Collect':
      note('PackDetInputs');
      return [defined({ type: 'PackDetInputs', meta_keys: options.meta_keys })];
    case 'RandomFlip':
      return [flip(options, note)];
    case 'Resize':
      return [resize(options, note)];
    case 'MultiScaleFlipAug':
      return testAugmentation(options, inner, note);
    case 'AutoAugment':
      if (!Array.isArray(options.policies)) return [step];
      note('RandomChoice');
      return [{ type: 'RandomChoice', transforms: options.policies.map(inner) }];
    case 'LoadImageFromFile':
    case 'LoadAnnotations':
      if (options.file_client_args === undefined) return [step];
      note('backend_args instead of file_client_args');
      return [withBackend(step)];
    case 'Mosaic':
    case 'MixUp':
      if (options.img_scale !== undefined) note('img_scale keeps its name, but is (width, height) now');
      return [step];
  }
  return [step];
}

function withBackend({ file_client_args: _, ...step }: ConfigObject): ConfigObject {
  return { ...step, backend_args: null };
}

function flip(options: ConfigObject, note: (to: string) => void): ConfigObject {
  const { flip_ratio: ratio, ...rest } = options;
  if (ratio === undefined) return { type: 'RandomFlip', ...rest };
  note('RandomFlip(prob)');
  return { type: 'RandomFlip', prob: ratio, ...rest };
}

/** One size, a choice of sizes, or sizes between two. */
function resize(options: ConfigObject, note: (to: string) => void): ConfigObject {
  const { img_scale: scale, multiscale_mode: mode = 'range', ratio_range: ratio, override: _, ...rest } = options;
  const several = Array.isArray(scale) && scale.some(Array.isArray);
  if (ratio !== undefined && ratio !== null) {
    note('RandomResize(scale, ratio_range)');
    return defined({
      type: 'RandomResize',
      scale: several ? (scale as ConfigValue[])[0] : scale,
      ratio_range: ratio,
      ...rest,
    });
  }
  if (!several || (scale as ConfigValue[]).length === 1) {
    if (scale !== undefined) note('Resize(scale)');
    return defined({ type: 'Resize', scale: several ? (scale as ConfigValue[])[0] : scale, ...rest });
  }
  if (mode === 'value') {
    note('RandomChoiceResize(scales)');
    return defined({ type: 'RandomChoiceResize', scales: scale, ...rest });
  }
  note('RandomResize(scale)');
  return defined({ type: 'RandomResize', scale, ...rest });
}

/** One scale without flips is a plain pipeline; more of them are test-time augmentation. */
function testAugmentation(
  options: ConfigObject,
  inner: (steps: ConfigValue) => ConfigValue,
  note: (to: string) => void,
): ConfigValue[] {
  const { img_scale: scale, flip: flips, transforms = [] } = options;
  const scales = Array.isArray(scale) && scale.some(Array.isArray) ? scale : [scale as ConfigValue];
  const steps = (inner(transforms) as ConfigValue[]).filter((step) => isObject(step));
  const kept = (steps as ConfigObject[]).filter(({ type }) => type !== 'RandomFlip');
  if (scales.length > 1 || flips === true)
    note('its first scale without flips; for test-time augmentation write a tta_pipeline with TestTimeAug');
  else note('its steps one after another');
  return kept.flatMap((step): ConfigValue[] => {
    if (step.type === 'Resize' && step.scale === undefined)
      return [{ type: 'Resize', scale: scales[0], ...rest(step) }];
    if (step.type !== 'PackDetInputs') return [step];
    return [
      { type: 'LoadAnnotations', with_bbox: true },
      { type: 'PackDetInputs', meta_keys: step.meta_keys ?? META_KEYS },
    ];
  });
}

function rest({ type: _, ...step }: ConfigObject): ConfigObject {
  return step;
}

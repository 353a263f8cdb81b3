// Training at several image sizes: each training pipeline's last resize draws one of them, or the batch does (YOLOX).

import { type ConfigObject, type ConfigValue, isObject } from '../../config';
import { DetLabError } from '../../errors';
import { eachObject } from './size-options';
import { isPair, type Scale } from './size-scaling';

const bare = (type: ConfigValue | undefined) => String(type ?? '').replace(/^.*\./, '');
const RESIZES = ['Resize', 'FixScaleResize', 'RandomResize', 'RandomChoiceResize'];
/** Parts of a config that are not for training. */
const EVALUATION = /^(val|test|tta)_|^img_scales?$/;

/**
 * Sets the sizes in place, where the largest is set already.
 * @returns names of the options set
 * @throws DetLabError when the training images fill a canvas of one size
 */
export function trainAtSizes(config: ConfigObject, sizes: readonly Scale[], name: string): string[] {
  const names: string[] = [];
  const heights = sizes.map(([, height]) => height);
  eachObject(config.model ?? null, (module) => {
    if (!bare(module.type).endsWith('BatchSyncRandomResize')) return;
    module.random_size_range = [Math.min(...heights), Math.max(...heights)];
    names.push(`${bare(module.type)}.random_size_range`);
  });
  if (names.length > 0) return names;
  for (const [key, part] of Object.entries(config)) {
    if (key === 'model' || EVALUATION.test(key)) continue;
    for (const pipeline of pipelinesIn(part)) names.push(...resizeLast(pipeline, sizes, name));
  }
  if (names.length > 0) return names;
  throw new DetLabError(
    `Cannot train ${name} at ${sizes.length} image sizes: its training pipeline has no resize that could draw one. Give one size`,
  );
}

/** Lists of transforms, outermost ones. */
function pipelinesIn(value: ConfigValue): ConfigObject[][] {
  if (Array.isArray(value)) {
    const steps = value.filter((item) => isObject(item));
    if (steps.length === value.length && steps.some(({ type }) => bare(type) === 'LoadImageFromFile')) return [steps];
    return value.flatMap(pipelinesIn);
  }
  return isObject(value) ? Object.values(value).flatMap(pipelinesIn) : [];
}

function resizeLast(pipeline: ConfigObject[], sizes: readonly Scale[], name: string): string[] {
  const fixed = pipeline.find(
    ({ type, size, crop_size, img_scale }) =>
      bare(type) === 'LetterResize' ||
      isPair(size) ||
      isPair(img_scale) ||
      (bare(type) === 'RandomCrop' && isPair(crop_size)),
  );
  if (fixed)
    throw new DetLabError(
      `Cannot train ${name} at ${sizes.length} image sizes: its training images fill one canvas (${bare(fixed.type)}). Give one size`,
    );
  const last = pipeline.findLast(({ type, transforms }) => RESIZES.includes(bare(type)) || Array.isArray(transforms));
  if (!last) return [];
  if (Array.isArray(last.transforms)) return resizeBranches(last.transforms, sizes);
  return [drawSizes(last, sizes)];
}

/** The branches of a RandomChoice: the last resize of each. */
function resizeBranches(branches: ConfigValue[], sizes: readonly Scale[]): string[] {
  return branches.flatMap((branch) => {
    const last = [branch].flat().findLast((step) => isObject(step) && RESIZES.includes(bare(step.type)));
    return isObject(last) ? [drawSizes(last, sizes)] : [];
  });
}

function drawSizes(resize: ConfigObject, sizes: readonly Scale[]): string {
  const { ratio_range: _, scale_factor: __, ...options } = resize;
  for (const key of Object.keys(resize)) delete resize[key];
  const { type, scale: ___, scales: ____, ...kept } = options;
  if (bare(type) === 'RandomResize' && sizes.length === 2)
    Object.assign(resize, { type, scale: sizes.map((size) => [...size]), ...kept });
  else {
    const [scales, fixed] = [sizes.map((size) => [...size]), bare(type) === 'FixScaleResize'];
    Object.assign(resize, { type: 'RandomChoiceResize', scales, ...(fixed && { resize_type: type }), ...kept });
  }
  return `${bare(resize.type)}.${resize.scales ? 'scales' : 'scale'}`;
}

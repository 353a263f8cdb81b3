// Translates MultiScaleFlipAug. One scale without flips is a plain pipeline; several are test-time augmentation, which 3.x
// has separately (tta_pipeline, tta_model) from the plain test pipeline.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { defined } from './changes';
import type { PipelineContext } from './pipeline-context';

const META_KEYS = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'];
const KEYS = ['type', 'transforms', 'img_scale', 'scale_factor', 'flip', 'flip_direction'];

export function testAugmentation(
  options: ConfigObject,
  path: string,
  inner: (steps: ConfigValue, path: string) => ConfigObject[],
  before: readonly ConfigObject[],
  context: PipelineContext,
): ConfigObject[] {
  const { changes } = context;
  changes.unknownKeys(options, KEYS, path);
  const { img_scale: scale, scale_factor: factor, flip = false, transforms = [] } = options;
  const sizes = listOf(scale).map((value): ConfigObject => ({ scale: value }));
  const factors = listOf(factor).map((value): ConfigObject => ({ scale_factor: value }));
  const targets = sizes.length > 0 ? sizes : factors.filter(({ scale_factor }) => scale_factor !== 1);
  const steps = inner(transforms, `${path}.transforms`).filter(({ type }) => type !== 'RandomFlip');
  const packed = steps.some(({ type }) => type === 'PackDetInputs');
  const resized = (target: ConfigObject | undefined) =>
    steps.flatMap((step) => {
      if (step.type !== 'Resize' || step.scale !== undefined || step.scale_factor !== undefined) return [step];
      return target ? [{ ...step, ...target }] : [];
    });

  const plain = resized(targets[0]).flatMap((step): ConfigObject[] =>
    step.type === 'PackDetInputs' ? [truths(context), packing(step)] : [step],
  );
  if (targets.length < 2 && flip !== true) {
    changes.note(`${path} MultiScaleFlipAug`, 'its steps in order');
    return plain;
  }
  changes.note(
    `${path} MultiScaleFlipAug`,
    'its first scale without flips; all scales and flips in tta_pipeline, with tta_model',
  );
  const resizes = steps.filter(({ type, scale }) => type === 'Resize' && scale === undefined);
  const others = steps.filter((step) => !resizes.includes(step) && step.type !== 'PackDetInputs');
  const directions = listOf(options.flip_direction ?? 'horizontal');
  const flips: ConfigObject[] = [
    ...directions.map((direction) => ({
      type: 'RandomFlip',
      prob: 1,
      ...(direction === 'horizontal' ? {} : { direction }),
    })),
    { type: 'RandomFlip', prob: 0 },
  ];
  context.augmented.pipeline ??= [
    ...before,
    {
      type: 'TestTimeAug',
      transforms: [
        ...(targets.length > 0 ? [targets.map((target) => defined({ type: 'Resize', ...resizes[0], ...target }))] : []),
        ...(flip === true ? [flips] : []),
        ...others.map((step) => [step]),
        [truths(context)],
        [{ type: 'PackDetInputs', meta_keys: [...META_KEYS, 'flip', 'flip_direction'] }],
      ] as ConfigValue[],
    },
  ];
  if (!packed) changes.leave(path, 'missing Collect: end the pipeline with PackDetInputs');
  return plain;
}

const packing = (step: ConfigObject): ConfigObject => ({
  type: 'PackDetInputs',
  meta_keys: step.meta_keys ?? META_KEYS,
});

const truths = ({ masks }: PipelineContext): ConfigObject => ({
  type: 'LoadAnnotations',
  with_bbox: true,
  ...(masks ? { with_mask: true } : {}),
});

function listOf(value: ConfigValue | undefined): ConfigValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && (value.some(Array.isArray) || value.some((v) => typeof v === 'string'))
    ? value
    : Array.isArray(value) && value.length !== 2
      ? value
      : [value];
}

/** The model that merges the detections of all views, with NMS and max_per_img of the test settings. */
export function augmentedModel(model: ConfigObject): ConfigObject {
  const test = isObject(model.test_cfg) ? model.test_cfg : {};
  const settings = isObject(test.rcnn) ? test.rcnn : test;
  return {
    type: 'DetTTAModel',
    tta_cfg: {
      nms: isObject(settings.nms) ? settings.nms : { type: 'nms', iou_threshold: 0.5 },
      max_per_img: settings.max_per_img ?? 100,
    },
  };
}

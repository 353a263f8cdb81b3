// Translates a transform of 1.x or 2.x to 3.x: renamed options, (height, width) swapped to (width, height), removed steps.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined } from './changes';
import type { PipelineContext } from './pipeline-context';

type Inner = (steps: ConfigValue, path: string) => ConfigObject[];
interface Step {
  options: ConfigObject;
  path: string;
  inner: Inner;
  context: PipelineContext;
  changes: Changes;
  /** Notes the replacement of the step. */
  note: (to: string) => void;
}
type Rule = (step: Step) => ConfigObject[];

export function migrateTransform(
  { type, ...options }: ConfigObject,
  path: string,
  inner: Inner,
  context: PipelineContext,
): ConfigObject[] {
  const { changes } = context;
  const name = String(type).replace(/^mmdet\./, '');
  const note = (to: string) => changes.note(`${path} ${name}`, to);
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  const step = { options: withBackend(options, note), path, inner, context, changes, note };
  return rule ? rule(step) : [{ type: type ?? null, ...step.options }];
}

/** file_client_args became backend_args; files are read from disk by default. */
function withBackend({ file_client_args: client, ...options }: ConfigObject, note: (to: string) => void): ConfigObject {
  if (client === undefined) return options;
  note('backend_args instead of file_client_args');
  return { ...options, backend_args: isObject(client) && client.backend !== 'disk' ? client : null };
}

const gone =
  (to: string): Rule =>
  ({ note }) => {
    note(to);
    return [];
  };

/** The same step, `keys` swapped from (height, width) to (width, height), without removed options. */
const swapped =
  (type: string, keys: readonly string[], dropped: readonly string[] = []): Rule =>
  ({ options, note, changes, path }) => {
    const kept = { ...options };
    for (const key of keys) {
      const pair = kept[key];
      if (!Array.isArray(pair) || pair.length !== 2 || pair[0] === pair[1]) continue;
      kept[key] = [pair[1], pair[0]];
      note(`${key} is (width, height) now`);
    }
    for (const key of dropped) {
      const value = kept[key];
      if (value === undefined) continue;
      delete kept[key];
      if (value === false || (Array.isArray(value) && value.length === 0)) continue;
      changes.leave(`${path}.${key}`, `not an option of ${type} in 3.x; add a FilterAnnotations after it`);
    }
    return [{ type, ...kept }];
  };

const FILTERING = ['min_bbox_size', 'skip_filter', 'min_area_ratio', 'max_aspect_ratio'];

const renamed =
  (type: string): Rule =>
  ({ options, note }) => {
    note(type);
    return [{ type, ...options }];
  };

/** A step of 2.x that has different units in 3.x. */
const otherUnits =
  (to: string): Rule =>
  ({ path, changes }) => {
    changes.leave(
      path,
      `not translated: 3.x has ${to} with different units (prob, level, min_mag, max_mag). Rewrite it`,
    );
    return [];
  };

const RULES: Readonly<Record<string, Rule>> = {
  Normalize: ({ options, context, path }) => {
    context.preprocessing.normalise({ to_rgb: true, ...options }, `${path} Normalize`);
    return [];
  },
  Pad: pad,
  DefaultFormatBundle: gone('PackDetInputs'),
  DefaultFormatBundleMMTrack: gone('PackDetInputs'),
  ImageToTensor: gone('PackDetInputs'),
  ToTensor: gone('PackDetInputs'),
  ToDataContainer: gone('PackDetInputs'),
  WrapFieldsToLists: gone('PackDetInputs'),
  Transpose: gone('PackDetInputs'),
  Collect: collect,
  RandomFlip: flip,
  Resize: resize,
  AutoAugment: ({ options, note, inner, path }) => {
    const { policies, ...rest } = options;
    if (!Array.isArray(policies)) return [{ type: 'AutoAugment', ...options }];
    note('RandomChoice');
    return [
      { type: 'RandomChoice', transforms: policies.map((one, i) => inner(one, `${path}.policies[${i}]`)), ...rest },
    ];
  },
  LoadAnnotations: loadAnnotations,
  LoadPanopticAnnotations: ({ options, path, changes }) => {
    changes.leave(path, 'panoptic segmentation is not supported');
    return [{ type: 'LoadPanopticAnnotations', ...options }];
  },
  LoadImageFromFile: ({ options, path, changes }) => {
    const { channel_order: order, ...rest } = options;
    if (order !== undefined && order !== 'bgr')
      changes.leave(`${path}.channel_order`, '3.x reads BGR; convert to RGB with model.data_preprocessor.bgr_to_rgb');
    return [{ type: 'LoadImageFromFile', ...rest }];
  },
  RandomCrop: (step) =>
    // absolute_range is (min, max) of both sides, the other types are a size
    step.options.crop_type === 'absolute_range'
      ? [{ type: 'RandomCrop', ...step.options }]
      : swapped('RandomCrop', ['crop_size'])(step),
  RandomShift: ({ options, note }) => {
    const { shift_ratio: ratio, ...rest } = options;
    if (ratio !== undefined) note('RandomShift(prob)');
    return [defined({ type: 'RandomShift', prob: ratio, ...rest })];
  },
  SegRescale: ({ options, context, note }) => {
    context.preprocessing.mapScale = options.scale_factor ?? 1;
    note('model.roi_head.semantic_head.seg_scale_factor');
    return [];
  },
  RandomCenterCropPad: swapped('RandomCenterCropPad', ['crop_size']),
  Mosaic: swapped('Mosaic', ['img_scale'], FILTERING),
  MixUp: swapped('MixUp', ['img_scale'], FILTERING),
  RandomAffine: swapped('RandomAffine', ['border'], FILTERING),
  Albu: albu,
  EqualizeTransform: renamed('Equalize'),
  Shear: otherUnits('ShearX and ShearY'),
  Translate: otherUnits('TranslateX and TranslateY'),
  Rotate: otherUnits('Rotate'),
  BrightnessTransform: otherUnits('Brightness'),
  ContrastTransform: otherUnits('Contrast'),
  ColorTransform: otherUnits('Color'),
};

function pad({ options, context, path, note }: Step): ConfigObject[] {
  const { size, size_divisor: divisor, ...rest } = options;
  if (divisor !== undefined && divisor !== null && size === undefined) {
    context.preprocessing.padToMultiple(divisor, `${path} Pad`);
    return [];
  }
  if (!Array.isArray(size)) return [{ type: 'Pad', ...options }];
  // after normalisation, zero is the mean colour, with which only the data preprocessor can pad
  if (context.preprocessing.normalises) {
    context.preprocessing.padToSize(size, `${path} Pad`);
    return [];
  }
  if (size[0] !== size[1]) note('size is (width, height)');
  return [{ type: 'Pad', size: [size[1], size[0]], ...rest }];
}

function collect({ options, note, path, changes }: Step): ConfigObject[] {
  note('PackDetInputs');
  changes.unknownKeys(options, ['keys', 'meta_keys'], path);
  const { meta_keys: given } = options;
  if (!Array.isArray(given)) return [{ type: 'PackDetInputs' }];
  const names = given.map((key) => (key === 'filename' ? 'img_path' : key));
  const kept = names.filter((key) => !['ori_filename', 'pad_shape', 'img_norm_cfg'].includes(String(key)));
  return [{ type: 'PackDetInputs', meta_keys: ['img_id', ...kept.filter((key) => key !== 'img_id')] }];
}

function flip({ options, note, path, changes }: Step): ConfigObject[] {
  const { flip_ratio: ratio, ...rest } = options;
  changes.unknownKeys(rest, ['direction', 'prob'], path);
  if (ratio === undefined || ratio === null) return [{ type: 'RandomFlip', ...rest }];
  note('RandomFlip(prob)');
  return [{ type: 'RandomFlip', prob: ratio, ...rest }];
}

const RESIZE = ['img_scale', 'multiscale_mode', 'ratio_range', 'override', 'keep_ratio', 'bbox_clip_border'];
const RESIZE_KEPT = ['backend', 'interpolation', 'scale', 'scale_factor', 'clip_object_border'];

/** One size, one of several, or a size between two. */
function resize({ options, note, path, changes }: Step): ConfigObject[] {
  const {
    img_scale: scale,
    multiscale_mode: mode = 'range',
    ratio_range: ratio,
    override: _,
    bbox_clip_border: clips,
    keep_ratio = true,
    ...rest
  } = options;
  changes.unknownKeys(options, [...RESIZE, ...RESIZE_KEPT], path);
  const kept = defined({ keep_ratio, ...rest, clip_object_border: clips });
  const sizes = Array.isArray(scale) && scale.some(Array.isArray) ? scale : undefined;
  if (ratio !== undefined && ratio !== null) {
    note('RandomResize(scale, ratio_range)');
    return [defined({ type: 'RandomResize', scale: sizes ? sizes[0] : scale, ratio_range: ratio, ...kept })];
  }
  if (!sizes || sizes.length === 1) {
    if (scale !== undefined) note('Resize(scale)');
    return [defined({ type: 'Resize', scale: sizes ? sizes[0] : scale, ...kept })];
  }
  if (mode === 'value') {
    note('RandomChoiceResize(scales)');
    return [{ type: 'RandomChoiceResize', scales: sizes, ...kept }];
  }
  if (mode !== 'range') changes.leave(`${path}.multiscale_mode`, 'expected "range" or "value"; replaced by "range"');
  note('RandomResize(scale)');
  return [{ type: 'RandomResize', scale: sizes, ...kept }];
}

function loadAnnotations({ options, context, note }: Step): ConfigObject[] {
  const { denorm_bbox: denormalised, normed_bbox: _, with_label: labelled, ...rest } = options;
  if (rest.with_mask === true) context.preprocessing.masks = true;
  if (rest.with_seg === true) context.preprocessing.maps = true;
  if (labelled === false) note('with labels: class-agnostic heads of 3.x ignore them');
  if (denormalised !== undefined) note('without denorm_bbox: done by the dataset in 3.x');
  return [defined({ type: 'LoadAnnotations', ...rest, with_label: labelled === true ? true : undefined })];
}

/** Albu's fields were renamed in 3.x. */
function albu({ options, note, path, changes }: Step): ConfigObject[] {
  const { update_pad_shape: updates, bbox_params: boxes, ...rest } = options;
  if (updates === true) changes.leave(`${path}.update_pad_shape`, 'not an option of Albu in 3.x');
  if (!isObject(boxes) || !Array.isArray(boxes.label_fields))
    return [{ type: 'Albu', ...rest, ...defined({ bbox_params: boxes }) }];
  note('Albu(label_fields gt_bboxes_labels and gt_ignore_flags)');
  const fields = boxes.label_fields.map((field) => (field === 'gt_labels' ? 'gt_bboxes_labels' : field));
  return [{ type: 'Albu', ...rest, bbox_params: { ...boxes, label_fields: [...fields, 'gt_ignore_flags'] } }];
}

// The options of transforms, batch augmentations and backbones that hold an image size, and how each follows another one.

import { type ConfigObject, type ConfigValue, isObject } from '../../config';
import { isPair, type Scale, type SizeScaling } from './size-scaling';

type Follow = (value: ConfigValue, scaling: SizeScaling, module: ConfigObject) => ConfigValue;

const canvas: Follow = (value, scaling) => scaling.either(value, (pair) => scaling.canvas(pair));
const exact: Follow = (value, scaling) => scaling.either(value, (pair) => scaling.canvas(pair, 1));
const heightFirst: Follow = (value, scaling) => scaling.either(value, (pair) => scaling.heightFirst(pair));
const offset: Follow = (value, scaling) => (isPair(value) ? scaling.offset(value) : value);

/** A scale to fit into or, with `keep_ratio: false`, to stretch to; also a list of them. */
const fitted: Follow = (value, scaling, module) => {
  if (Array.isArray(value) && !isPair(value)) return value.map((one) => fitted(one, scaling, module));
  return module.keep_ratio === true
    ? scaling.either(value, (pair) => scaling.bounds(pair))
    : scaling.either(value, (pair) => scaling.canvas(pair));
};
/** Each number of a list is a square. */
const candidates: Follow = (value, scaling, module) =>
  Array.isArray(value) ? value.map((one) => fitted(one, scaling, module)) : value;
const keepRatio: Follow = (value, scaling) => scaling.either(value, (pair) => scaling.bounds(pair));

const crop: Follow = (value, scaling, { crop_type = 'absolute' }) => {
  if (!isPair(value) || String(crop_type).startsWith('relative')) return value;
  return crop_type === 'absolute_range' ? scaling.sides(value) : scaling.canvas(value);
};
const patches: Follow = (value, scaling, module) =>
  Array.isArray(value) && !isPair(value)
    ? value.map((one) => patches(one, scaling, module))
    : exact(value, scaling, module);

const heights: Follow = (value, scaling, { size_divisor = 32 }) =>
  isPair(value) ? scaling.heights(value, Number(size_divisor)) : value;

/** Options by type name; types of MMDetection and MMYOLO that DetLab lacks are those of test-time augmentation. */
const OPTIONS: Record<string, Record<string, Follow>> = {
  Resize: { scale: fitted },
  FixScaleResize: { scale: fitted },
  RandomResize: { scale: fitted },
  RandomChoiceResize: { scales: candidates },
  FixShapeResize: {
    width: (value, scaling) => (typeof value === 'number' ? scaling.canvas([value, 1])[0] : value),
    height: (value, scaling) => (typeof value === 'number' ? scaling.canvas([1, value])[1] : value),
  },
  LetterResize: { scale: canvas },
  YOLOv5KeepRatioResize: { scale: keepRatio },
  Pad: { size: canvas },
  RandomCrop: { crop_size: crop },
  Mosaic: { img_scale: canvas },
  Mosaic9: { img_scale: canvas },
  CachedMosaic: { img_scale: canvas },
  MixUp: { img_scale: canvas },
  CachedMixUp: { img_scale: canvas },
  YOLOXMixUp: { img_scale: canvas },
  RandomAffine: { border: offset },
  YOLOv5RandomAffine: { border: offset },
  CutOut: { cutout_shape: patches },
  BatchFixedSizePad: { size: heightFirst },
  BatchSyncRandomResize: { random_size_range: heights },
  BatchResize: { scale: fitted },
  YOLOXBatchSyncRandomResize: { random_size_range: heights },
  VisionTransformer: {
    img_size: (value, scaling) => scaling.either(value, ([h, w]) => reversed(scaling.canvas([w, h], 1))),
  },
};
const reversed = ([a, b]: Scale): Scale => [b, a];

const fitting: Follow = (value, scaling) => fitted(value, scaling, { keep_ratio: true });
/** Variables of config files, and the settings of datasets that have no type of their own. */
const VARIABLES: Record<string, Follow> = {
  img_scale: fitting,
  img_scales: fitting,
  tta_img_scales: fitting,
  image_size: canvas,
  input_size: canvas,
};

/** An option of an object that holds an image size. */
export interface SizeOption {
  key: string;
  /** Short name for messages: `Mosaic.img_scale`. */
  name: string;
  follow(scaling: SizeScaling): ConfigValue;
}

/** @param path of the object in the config; empty for the config itself */
export function sizeOptions(object: ConfigObject, path: string): SizeOption[] {
  const type = typeof object.type === 'string' ? object.type.slice(object.type.lastIndexOf('.') + 1) : '';
  const known = path === '' ? VARIABLES : Object.hasOwn(OPTIONS, type) ? OPTIONS[type] : {};
  const options = Object.entries(known)
    .filter(([key]) => object[key] !== undefined && object[key] !== null)
    .map(([key, follow]) => ({
      key,
      name: path === '' ? key : `${type}.${key}`,
      follow: (scaling: SizeScaling) => follow(object[key], scaling, object),
    }));
  // MMYOLO: the shapes of rectangular batches, a setting of datasets
  const shapes = path.split('.').at(-1) === 'batch_shapes_cfg' || type === 'BatchShapePolicy';
  if (shapes && typeof object.img_size === 'number') {
    const { img_size } = object;
    const follow = (scaling: SizeScaling) => scaling.longSide(img_size);
    options.push({ key: 'img_size', name: 'batch_shapes_cfg.img_size', follow });
  }
  return options;
}

/** Calls `visit` for every object of a config, outer ones first, with its dotted path. */
export function eachObject(value: ConfigValue, visit: (object: ConfigObject, path: string) => void, path = ''): void {
  const inner = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) for (const [i, item] of value.entries()) eachObject(item, visit, inner(i));
  else if (isObject(value)) {
    visit(value, path);
    for (const [key, item] of Object.entries(value)) eachObject(item, visit, inner(key));
  }
}

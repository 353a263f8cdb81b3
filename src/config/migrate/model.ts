// Translates models of 1.x and 2.x to 3.x: settings, data preprocessor, initial weights, and the parts that the other files
// of this folder translate.

import { DetLabError } from '../../errors';
import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, objectsIn, take } from './changes';
import { isFirstDialect } from './dialect';
import { migrateFirstDialect } from './first-dialect';
import type { Preprocessing } from './preprocessing';
import { migrateModules } from './renamed-options';
import { migrateTransformer } from './transformer';

const MODEL_CFG = ['train_cfg', 'test_cfg'] as const;

/** Up to 2.8 the model's train_cfg and test_cfg were at the top level, where 3.x has the loops. */
export function moveSettings(config: ConfigObject, changes: Changes): void {
  const model = objectAt(config, 'model');
  for (const key of MODEL_CFG) {
    const settings = config[key];
    if (settings === undefined || (isObject(settings) && isLoop(settings))) continue;
    delete config[key];
    if (settings === null) continue;
    changes.note(key, `model.${key}`);
    config.model = { ...model, ...objectAt(config, 'model'), [key]: settings };
  }
}

const isLoop = ({ type, max_epochs, max_iters, val_interval }: ConfigObject): boolean =>
  /Loop$/.test(String(type ?? '')) || [max_epochs, max_iters, val_interval].some((value) => value !== undefined);

export function migrateModel(config: ConfigObject, preprocessing: Preprocessing, changes: Changes): void {
  const first = isFirstDialect(config);
  const model = objectAt(config, 'model');
  if (!model) return;
  const pretrained = take(model, 'pretrained');
  const backbone = objectAt(model, 'backbone');
  if (pretrained !== undefined) {
    changes.note('model.pretrained', 'model.backbone.init_cfg');
    if (backbone && pretrained !== null)
      backbone.init_cfg = { type: 'Pretrained', checkpoint: checkpointName(pretrained) };
  }
  if (first) migrateFirstDialect(model, changes);
  migrateVgg(model, changes);
  migrateSegmHead(model, changes);
  preprocessing.applyTo(model);
  const heads = ['bbox_head', 'rpn_head', 'query_head'].flatMap((key) =>
    objectsIn(model[key]).map((head) => ({ key, head })),
  );
  for (const { key, head } of heads)
    if (isObject(head.transformer)) migrateTransformer(model, head, `model.${key}`, changes);
  const { data_preprocessor: preprocessor, train_cfg: train, test_cfg: test, ...parts } = model;
  migrateModules(parts, 'model', changes);
  const settings = defined({ train_cfg: train, test_cfg: test });
  migrateModules(settings, 'model', changes);
  // in the order of 3.x: data preprocessor first, settings last
  const { type, ...rest } = parts;
  config.model = { ...defined({ type, data_preprocessor: preprocessor }), ...rest, ...settings };
}

/** Up to 2.13 SSD's extra layers and the L2 norm of its first map were part of the backbone; in 3.x they are a neck. */
function migrateVgg(model: ConfigObject, changes: Changes): void {
  const backbone = objectAt(model, 'backbone');
  if (backbone?.type !== 'SSDVGG' || (model.neck !== undefined && model.neck !== null)) return;
  const size = take(backbone, 'input_size') ?? 300;
  const scale = take(backbone, 'l2_norm_scale') ?? 20;
  changes.note('model.backbone.{input_size, l2_norm_scale}', 'model.neck (SSDNeck)');
  const large = size === 512;
  model.neck = {
    type: 'SSDNeck',
    in_channels: [512, 1024],
    out_channels: [512, 1024, 512, 256, 256, 256, ...(large ? [256] : [])],
    level_strides: large ? [2, 2, 2, 2, 1] : [2, 2, 1, 1],
    level_paddings: large ? [1, 1, 1, 1, 1] : [1, 1, 0, 0],
    ...(large ? { last_kernel_size: 4 } : {}),
    l2_norm_scale: scale,
  };
}

/** In 2.x YOLACT's semantic branch was a head of its own; in 3.x it is a part of the mask head. */
function migrateSegmHead(model: ConfigObject, changes: Changes): void {
  const mask = objectAt(model, 'mask_head');
  if (!mask || !('segm_head' in model)) return;
  const segm = take(model, 'segm_head');
  changes.note('model.segm_head', 'model.mask_head.{with_seg_branch, loss_segm}');
  mask.with_seg_branch = isObject(segm);
  if (isObject(segm) && segm.loss_segm !== undefined) mask.loss_segm = segm.loss_segm;
}

/** Checkpoints that were renamed. */
const checkpointName = (name: ConfigValue): ConfigValue =>
  typeof name === 'string' ? name.replace(/^modelzoo:\/\//, 'torchvision://') : name;

const PANOPTIC = /Panoptic|^MaskFormer$|^Mask2Former$/;
const SEMANTIC = /^(EncoderDecoder|CascadeEncoderDecoder|FCNHead|UPerHead)$/;

/** @throws DetLabError for a model of another task than detection. */
export function refuseOtherTasks(config: ConfigObject): void {
  const model = objectAt(config, 'model') ?? {};
  const type = String(model.type ?? '');
  const task =
    PANOPTIC.test(type) || datasetTypes(config.data).some((name) => /Panoptic/.test(name))
      ? 'panoptic segmentation'
      : SEMANTIC.test(type)
        ? 'semantic segmentation'
        : undefined;
  if (!task) return;
  throw new DetLabError(
    `Cannot translate a config of ${task} (${type || 'its dataset'}): expected object detection or instance segmentation. ` +
      'Start from a detection config, e.g. mask-rcnn_r50_fpn_1x_coco',
  );
}

function datasetTypes(value: ConfigValue | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(datasetTypes);
  if (!isObject(value)) return [];
  const types = typeof value.type === 'string' && 'ann_file' in value ? [value.type] : [];
  return [
    ...types,
    ...Object.entries(value).flatMap(([key, child]) => (key === 'pipeline' ? [] : datasetTypes(child))),
  ];
}

// Models of 1.x: the modules of the RoI head were options of the detector, those of anchor generators and box coders options
// of the heads, and the background counted as a class.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, objectsIn, take } from './changes';

/** The RoI head of each two-stage detector. */
const ROI_HEADS: Readonly<Record<string, string>> = {
  CascadeRCNN: 'CascadeRoIHead',
  HybridTaskCascade: 'HybridTaskCascadeRoIHead',
  MaskScoringRCNN: 'MaskScoringRoIHead',
  GridRCNN: 'GridRoIHead',
  DoubleHeadRCNN: 'DoubleHeadRoIHead',
};
const ROI_PARTS = [
  'num_stages',
  'bbox_roi_extractor',
  'bbox_head',
  'mask_roi_extractor',
  'mask_head',
  'shared_head',
  'mask_iou_head',
  'grid_roi_extractor',
  'grid_head',
  'semantic_roi_extractor',
  'semantic_head',
  'semantic_fusion',
  'interleaved',
  'mask_info_flow',
  'reg_roi_scale_factor',
];

export function migrateFirstDialect(model: ConfigObject, changes: Changes): void {
  changes.leave(
    'model',
    'weights trained with 1.x cannot be used: background was class 0, and boxes included their last pixel. Retrain the model',
  );
  if (model.bbox_roi_extractor !== undefined || model.mask_roi_extractor !== undefined) gatherRegions(model, changes);
  const roi = objectAt(model, 'roi_head') ?? {};
  const heads: [string, ConfigObject][] = [
    ...(['rpn_head', 'bbox_head', 'mask_head'] as const).flatMap((key) => numbered(model, key, 'model')),
    ...(['bbox_head', 'mask_head', 'mask_iou_head', 'grid_head'] as const).flatMap((key) =>
      numbered(roi, key, 'model.roi_head'),
    ),
  ];
  for (const [path, head] of heads) migrateHead(head, path, model, changes);
  const backbone = objectAt(model, 'backbone');
  if (backbone) migrateBackbone(backbone, changes);
  for (const settings of [objectAt(model, 'train_cfg'), objectAt(model, 'test_cfg')])
    if (settings && take(settings, 'keep_all_stages') === true)
      changes.leave('model.test_cfg.keep_all_stages', '3.x returns the last stage only');
}

function numbered(from: ConfigObject, key: string, path: string): [string, ConfigObject][] {
  const many = Array.isArray(from[key]);
  return objectsIn(from[key]).map((head, i) => [`${path}.${key}${many ? `[${i}]` : ''}`, head]);
}

function gatherRegions(model: ConfigObject, changes: Changes): void {
  const type = String(model.type);
  const parts = Object.fromEntries(
    ROI_PARTS.filter((key) => model[key] !== undefined).map((key) => [key, take(model, key) as ConfigValue]),
  );
  changes.note(`model.{${Object.keys(parts).join(', ')}}`, 'model.roi_head');
  const weights = take(objectAt(model, 'train_cfg') ?? {}, 'stage_loss_weights');
  if (weights !== undefined) changes.note('train_cfg.stage_loss_weights', 'model.roi_head.stage_loss_weights');
  model.roi_head = defined({
    type: Object.hasOwn(ROI_HEADS, type) ? ROI_HEADS[type] : 'StandardRoIHead',
    stage_loss_weights: weights,
    ...parts,
  });
  if (type === 'HybridTaskCascade' || type === 'DoubleHeadRCNN') {
    model.type = type === 'DoubleHeadRCNN' ? 'FasterRCNN' : type;
    if (model.type !== type) changes.note(`model.type ${type}`, String(model.type));
  }
}

function migrateHead(head: ConfigObject, path: string, model: ConfigObject, changes: Changes): void {
  const regions = path.includes('roi_head');
  if (typeof head.num_classes === 'number' && !path.includes('rpn_head')) {
    changes.note(`${path}.num_classes ${head.num_classes}`, `${head.num_classes - 1}: 1.x counted the background`);
    head.num_classes -= 1;
  }
  if (head.type === 'SharedFCBBoxHead') {
    const count = take(head, 'num_fcs') ?? 2;
    const type = count === 2 ? 'Shared2FCBBoxHead' : 'ConvFCBBoxHead';
    changes.note(`${path}.type SharedFCBBoxHead`, type);
    head.type = type;
    if (count !== 2) head.num_shared_fcs = count;
  }
  migrateCoder(head, path, changes);
  if (!regions) migrateAnchors(head, path, model, changes);
}

function migrateCoder(head: ConfigObject, path: string, changes: Changes): void {
  const means = take(head, 'target_means');
  const deviations = take(head, 'target_stds');
  if (means === undefined && deviations === undefined) return;
  changes.note(`${path}.{target_means, target_stds}`, 'bbox_coder (DeltaXYWHBBoxCoder)');
  head.bbox_coder ??= {
    type: 'DeltaXYWHBBoxCoder',
    target_means: means ?? [0, 0, 0, 0],
    target_stds: deviations ?? [1, 1, 1, 1],
  };
}

const ANCHORS = [
  'anchor_scales',
  'anchor_ratios',
  'anchor_strides',
  'anchor_base_sizes',
  'octave_base_scale',
  'scales_per_octave',
  'basesize_ratio_range',
];

function migrateAnchors(head: ConfigObject, path: string, model: ConfigObject, changes: Changes): void {
  const given = Object.fromEntries(
    ANCHORS.filter((key) => head[key] !== undefined).map((key) => [key, take(head, key)]),
  );
  if (Object.keys(given).length === 0) return;
  if (/^GA/.test(String(head.type))) {
    changes.leave(path, 'guided anchors: write approx_anchor_generator and square_anchor_generator by hand');
    return;
  }
  changes.note(`${path}.{${Object.keys(given).join(', ')}}`, 'anchor_generator');
  const single = head.type === 'SSDHead';
  head.anchor_generator = defined({
    type: single ? 'SSDAnchorGenerator' : 'AnchorGenerator',
    scale_major: single ? false : undefined,
    input_size: single ? (take(head, 'input_size') ?? objectAt(model, 'backbone')?.input_size ?? 300) : undefined,
    basesize_ratio_range: given.basesize_ratio_range,
    scales: given.anchor_scales,
    octave_base_scale: given.octave_base_scale ?? (head.type === 'RetinaHead' ? 4 : undefined),
    scales_per_octave: given.scales_per_octave ?? (head.type === 'RetinaHead' ? 3 : undefined),
    ratios: given.anchor_ratios,
    strides: given.anchor_strides ?? [4, 8, 16, 32, 64],
    base_sizes: given.anchor_base_sizes ?? undefined,
  });
}

/** Plugins of the stages were separate options. */
function migrateBackbone(backbone: ConfigObject, changes: Changes): void {
  const plugins: ConfigObject[] = [];
  for (const [key, type, position, stages] of [
    ['gcb', 'ContextBlock', 'after_conv3', 'stage_with_gcb'],
    ['gen_attention', 'GeneralizedAttention', 'after_conv2', 'stage_with_gen_attention'],
  ] as const) {
    const cfg = take(backbone, key);
    const where = take(backbone, stages);
    if (!isObject(cfg)) continue;
    changes.note(`model.backbone.${key}`, `plugins (${type})`);
    if (Array.isArray(where) && where.some(Array.isArray)) {
      changes.leave(`model.backbone.${stages}`, '3.x adds plugins to whole stages: stages=(False, True, True, True)');
      plugins.push({ cfg: { type, ...cfg }, position });
    } else plugins.push(defined({ cfg: { type, ...cfg }, stages: where, position }));
  }
  if (plugins.length > 0) backbone.plugins = plugins;
}

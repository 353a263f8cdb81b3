// Which of OpenMMLab's packages has a type: separates what DetLab lacks from what nobody has, and MMYOLO's modules from
// those of MMDetection with the same name.

import { distance } from 'fastest-levenshtein';
import { isTypeTypo } from '../errors';
import type { Kind } from './kinds';
import { OPENMMLAB_TYPES, type TypeGroup } from './openmmlab-types';

type Scope = keyof typeof OPENMMLAB_TYPES;

export interface TypeOrigin {
  /** `mmdet`, as before the dot of a type name. */
  scope: string;
  /** `MMDetection 3.3.0`. */
  label: string;
}

const GROUPS: Record<Kind, TypeGroup> = {
  detector: 'models',
  data_preprocessor: 'models',
  backbone: 'models',
  neck: 'models',
  dense_head: 'models',
  head_module: 'models',
  roi_head: 'models',
  bbox_head: 'models',
  mask_head: 'models',
  mask_iou_head: 'models',
  grid_head: 'models',
  point_head: 'models',
  semantic_head: 'models',
  feat_relay_head: 'models',
  glbctx_head: 'models',
  reid_head: 'models',
  panoptic_head: 'models',
  pixel_decoder: 'models',
  panoptic_fusion_head: 'models',
  shared_head: 'models',
  roi_extractor: 'models',
  roi_layer: 'roi_layers',
  loss: 'models',
  anchor_generator: 'tasks',
  bbox_coder: 'tasks',
  angle_coder: 'tasks',
  assigner: 'tasks',
  sampler: 'tasks',
  iou_calculator: 'tasks',
  match_cost: 'tasks',
  positional_encoding: 'models',
  tta_model: 'models',
  track_head: 'models',
  embed_head: 'models',
  tracker: 'models',
  distiller: 'models',
  recorder: 'tasks',
  connector: 'models',
  language_model: 'models',
  transform: 'transforms',
  dataset: 'datasets',
  metric: 'metrics',
  optimizer: 'optimizers',
  param_scheduler: 'param_schedulers',
  optim_wrapper: 'optim_wrappers',
  loop: 'loops',
  hook: 'hooks',
  data_sampler: 'data_samplers',
  log_processor: 'log_processors',
  visualizer: 'visualizers',
  vis_backend: 'vis_backends',
};

/** Scopes of packages whose types are not listed: a type with one of them is theirs. */
const OTHER_SCOPES = [
  'mmaction',
  'mmagic',
  'mmcls',
  'mmdet3d',
  'mmedit',
  'mmocr',
  'mmpose',
  'mmpretrain',
  'mmrazor',
  'mmrotate',
  'mmseg',
  'mmselfsup',
  'mmtrack',
];

const isListed = (scope: string): scope is Scope => Object.hasOwn(OPENMMLAB_TYPES, scope);
const label = (scope: Scope): string => `${OPENMMLAB_TYPES[scope].name} ${OPENMMLAB_TYPES[scope].version}`;
const typesOf = (scope: Scope, group: TypeGroup): readonly string[] =>
  (OPENMMLAB_TYPES[scope].types as Partial<Record<TypeGroup, readonly string[]>>)[group] ?? [];

/** Scope and name of `mmdet.FPN`; without a scope, or with a dotted path of Python, that of the last part alone. */
function split(type: string): { scope?: string; name: string } {
  const parts = type.split('.');
  const name = parts.at(-1) as string;
  const [scope] = parts;
  return parts.length > 1 && (isListed(scope) || OTHER_SCOPES.includes(scope)) ? { scope, name } : { name };
}

/**
 * The package that has a type, or undefined where none has: the name is misspelt, or the user's.
 * @param group where the type is used; undefined: anywhere
 * @param defaultScope the package of types without a scope
 */
export function originOf(type: string, group?: TypeGroup, defaultScope?: string): TypeOrigin | undefined {
  const { scope = foreign(defaultScope), name } = split(type);
  if (scope !== undefined && !isListed(scope)) return { scope, label: scope };
  const has = (one: Scope) =>
    group === undefined
      ? Object.values<readonly string[]>(OPENMMLAB_TYPES[one].types).some((types) => types.includes(name))
      : typesOf(one, group).includes(name);
  const scopes = Object.keys(OPENMMLAB_TYPES) as Scope[];
  // a scope is also searched in its parents, as registries are
  const ordered = scope === undefined ? scopes : [scope as Scope, ...scopes.filter((one) => one !== scope)];
  const found = ordered.find(has);
  return found && { scope: found, label: label(found) };
}

export const originOfKind = (type: string, kind: Kind, defaultScope?: string): TypeOrigin | undefined =>
  originOf(type, GROUPS[kind], defaultScope);

/** The scope of a package whose types are not listed. */
const foreign = (scope: string | undefined): string | undefined =>
  scope !== undefined && OTHER_SCOPES.includes(scope) ? scope : undefined;

/** A config's `default_scope`: the package of its type names without one. */
export const scopeOf = ({ default_scope: scope }: Readonly<Record<string, unknown>>): string | undefined =>
  typeof scope === 'string' ? scope : undefined;

/** The name of another package that `type` is a typing error of. */
export function nearestElsewhere(type: string, kind: Kind): { name: string; origin: TypeOrigin } | undefined {
  const { name } = split(type);
  const scopes = Object.keys(OPENMMLAB_TYPES) as Scope[];
  const typos = scopes.flatMap((scope) =>
    typesOf(scope, GROUPS[kind]).flatMap((known) =>
      isTypeTypo(name, known)
        ? [
            {
              name: known,
              origin: { scope, label: label(scope) },
              far: distance(known.toLowerCase(), name.toLowerCase()),
            },
          ]
        : [],
    ),
  );
  return typos.sort((a, b) => a.far - b.far)[0];
}

/** Types of layers and initialisers that options hold, in whatever package. */
const LAYERS = new Set([
  ...OPENMMLAB_TYPES.mmcv.types.models,
  ...OPENMMLAB_TYPES.mmengine.types.initializers,
  ...OPENMMLAB_TYPES.mmengine.types.model_wrappers,
  ...['ReLU', 'LeakyReLU', 'PReLU', 'RReLU', 'ReLU6', 'ELU', 'GELU', 'SiLU', 'Sigmoid', 'Tanh', 'Softmax'],
  ...['Dropout', 'Linear', 'LayerNorm', 'BatchNorm2d', 'SyncBatchNorm', 'ModulatedDeformConv2d', 'DeformConv2d'],
  ...['nms', 'batched_nms', 'soft_nms', 'nms_match', 'DropPath', 'FrozenBN', 'NormedLinear', 'NormedConv2d'],
]);

/** Whether a type is one of a layer, an activation, a norm or an initialisation. */
export const isLayerType = (type: string): boolean => LAYERS.has(split(type).name);

/** Modules of MMDetection whose namesakes in MMYOLO are other modules, with options that only the namesake has. The catalogue has
 * them as `mmyolo.YOLOXHead`. */
const NAMESAKES: Record<string, readonly string[]> = {
  CSPNeXt: ['input_channels', 'plugins'],
  YOLOXPAFPN: ['deepen_factor', 'widen_factor', 'freeze_all'],
  CSPNeXtPAFPN: ['deepen_factor', 'widen_factor', 'freeze_all'],
  YOLOXHead: ['head_module', 'prior_generator', 'bbox_coder', 'loss_bbox_aux'],
  RTMDetHead: ['head_module'],
  RTMDetInsSepBNHead: ['head_module'],
  YOLOXModeSwitchHook: ['new_train_pipeline'],
};

/**
 * The package whose module of this name is meant where that is not the one implemented.
 * @param options of the module, by which MMYOLO's is recognised
 * @param defaultScope the config's `default_scope`
 */
export function otherNamesake(
  type: string,
  options: Readonly<Record<string, unknown>>,
  defaultScope?: string,
): TypeOrigin | undefined {
  const { scope, name } = split(type);
  if (scope !== undefined && OTHER_SCOPES.includes(scope)) {
    // no other package has it: the scope is where the implementation comes from
    return originOf(name) && { scope, label: scope };
  }
  if (!Object.hasOwn(NAMESAKES, name) || scope === 'mmdet') return undefined;
  const isMeant =
    scope === 'mmyolo' ||
    (scope === undefined && defaultScope === 'mmyolo') ||
    NAMESAKES[name].some((option) => Object.hasOwn(options, option));
  return isMeant ? { scope: 'mmyolo', label: label('mmyolo') } : undefined;
}

// Translates renamed options of modules anywhere in a model, and renamed packages.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, take } from './changes';
import { nameOfClassPath } from './class-paths';

type Rule = (module: ConfigObject, path: string, changes: Changes) => void;

/** Translates the modules of a 1.x or 2.x model, in place. */
export const migrateModules = (value: ConfigValue, path: string, changes: Changes): void =>
  everyModule(value, path, changes, (module, at) => {
    stillAccepted(module, at, changes);
    migrateModule(module, at, changes);
  });

/** Translates deprecated names and class paths in a config of 3.x. */
export function renewModules(config: ConfigObject, changes: Changes): void {
  const scope = typeof config.default_scope === 'string' ? config.default_scope : 'mmdet';
  for (const [key, value] of Object.entries(config)) {
    everyModule(value, key, changes, stillAccepted);
    everyModule(value, key, changes, renewType);
    everyModule(value, key, changes, (module) => nameClasses(module, scope));
  }
}

/** Names of MMTracking's types that configs of MMDetection 3.x still have, although it has no such type. */
const FORMER: Record<string, string> = { MOTChallengeMetrics: 'MOTChallengeMetric' };

function renewType(module: ConfigObject, path: string, changes: Changes): void {
  const { type } = module;
  const name = typeof type === 'string' ? type.replace(/^(mmdet|mmtrack)\./, '') : '';
  if (!Object.hasOwn(FORMER, name)) return;
  module.type = FORMER[name];
  changes.note(
    `${path}.type ${type}`,
    FORMER[name],
    `${path}.type: "${type}" is read as ${FORMER[name]}, its name in MMDetection`,
  );
}

/** Classes are values of `type` and of options that choose a class, such as `resize_type`. */
function nameClasses(module: ConfigObject, scope: string): void {
  for (const [key, value] of Object.entries(module)) {
    const name = typeof value === 'string' ? nameOfClassPath(value, scope) : undefined;
    if (name !== undefined) module[key] = name;
  }
}

function everyModule(value: ConfigValue, path: string, changes: Changes, rule: Rule): void {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) everyModule(item, `${path}[${i}]`, changes, rule);
  if (!isObject(value)) return;
  rule(value, path, changes);
  for (const [key, item] of Object.entries(value)) everyModule(item, `${path}.${key}`, changes, rule);
}

function stillAccepted(module: ConfigObject, path: string, changes: Changes): void {
  renameScope(module, path, changes);
  if (module.file_client_args !== undefined) {
    const client = take(module, 'file_client_args');
    changes.note(`${path}.file_client_args`, 'backend_args');
    module.backend_args ??= isObject(client) && client.backend !== 'disk' ? client : null;
  }
  if (module.pretrained === null) delete module.pretrained;
  if (typeof module.pretrained !== 'string' || module.init_cfg !== undefined) return;
  changes.note(`${path}.pretrained`, `${path}.init_cfg`);
  module.init_cfg = { type: 'Pretrained', checkpoint: module.pretrained };
  delete module.pretrained;
}

function migrateModule(module: ConfigObject, path: string, changes: Changes): void {
  const type = typeof module.type === 'string' ? module.type : '';
  const rename = (from: string, to: string) => {
    const value = take(module, from);
    if (value === undefined) return;
    changes.note(`${path}.${from}`, to);
    module[to] ??= value;
  };
  if (/HungarianAssigner$/.test(type)) joinCosts(module, path, changes);
  if (/^(RoI|ModulatedDeformRoI|DeformRoI|CARAFE).*(Align|Pool)/.test(type)) {
    rename('out_size', 'output_size');
    rename('sample_num', 'sampling_ratio');
  }
  if (/nms$/.test(type)) rename('iou_thr', 'iou_threshold');
  if (/^(DCN|DCNv2)$/.test(type) || path.endsWith('.dcn')) migrateDeformable(module, rename, changes, path);
  if (/\.(rpn|rpn_proposal)$/.test(path)) migrateProposals(module, path, changes);
  if (/FPN/.test(type)) extraConvolutions(module, path, changes);
  if (type === 'NASFPN' && take(module, 'add_extra_convs') !== undefined)
    changes.note(`${path}.add_extra_convs`, 'dropped: NASFPN ignored it');
  if (type === 'CTResNetNeck') rename('in_channel', 'in_channels');
  if (type === 'CenterNetHead') {
    rename('in_channel', 'in_channels');
    rename('feat_channel', 'feat_channels');
  }
  if (/MaskHead$/.test(type) && module.upsample_method !== undefined) {
    const scale = take(module, 'upsample_ratio');
    const method = take(module, 'upsample_method') as ConfigValue;
    changes.note(`${path}.{upsample_method, upsample_ratio}`, 'upsample_cfg');
    module.upsample_cfg = defined({ type: method, scale_factor: scale ?? 2 });
  }
}

/** mmcls became mmpretrain. */
function renameScope(module: ConfigObject, path: string, changes: Changes): void {
  const { type, _scope_: scope } = module;
  if (typeof type === 'string' && type.startsWith('mmcls.')) {
    module.type = type.replace('mmcls.', 'mmpretrain.');
    changes.note(`${path}.type ${type}`, module.type);
  }
  if (scope === 'mmcls') {
    module._scope_ = 'mmpretrain';
    changes.note(`${path}._scope_ mmcls`, 'mmpretrain');
  }
}

function joinCosts(assigner: ConfigObject, path: string, changes: Changes): void {
  if (assigner.match_costs !== undefined) return;
  const given = ['cls_cost', 'reg_cost', 'iou_cost', 'mask_cost', 'dice_cost'].map((key) => take(assigner, key));
  const costs = given.filter((cost) => isObject(cost) && cost.weight !== 0);
  if (costs.length === 0) return;
  changes.note(`${path}.{cls_cost, reg_cost, iou_cost}`, 'match_costs');
  assigner.match_costs = costs as ConfigValue[];
}

function migrateDeformable(
  module: ConfigObject,
  rename: (from: string, to: string) => void,
  changes: Changes,
  path: string,
): void {
  rename('deformable_groups', 'deform_groups');
  const modulated = take(module, 'modulated');
  if (modulated === undefined) return;
  changes.note(`${path}.modulated`, 'type');
  module.type ??= modulated === true ? 'DCNv2' : 'DCN';
}

/** Number of proposals and their NMS: flat options up to 2.3. */
function migrateProposals(settings: ConfigObject, path: string, changes: Changes): void {
  const threshold = take(settings, 'nms_thr');
  if (threshold !== undefined) {
    changes.note(`${path}.nms_thr`, 'nms');
    settings.nms ??= { type: 'nms', iou_threshold: threshold };
  }
  const most = take(settings, 'max_num');
  const after = take(settings, 'nms_post');
  if (most !== undefined || after !== undefined) {
    changes.note(`${path}.{nms_post, max_num}`, 'max_per_img');
    settings.max_per_img ??= (most ?? after) as ConfigValue;
  }
  if (take(settings, 'nms_across_levels') === true)
    changes.leave(`${path}.nms_across_levels`, '3.x applies NMS per level');
}

function extraConvolutions(neck: ConfigObject, path: string, changes: Changes): void {
  const onInputs = take(neck, 'extra_convs_on_inputs');
  if (onInputs === undefined) return;
  if (neck.add_extra_convs !== true) return;
  changes.note(`${path}.extra_convs_on_inputs`, 'add_extra_convs');
  neck.add_extra_convs = onInputs === true ? 'on_input' : 'on_output';
}

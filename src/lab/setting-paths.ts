// The paths that `.set`, `.freeze` and `.unfreeze` take, as types: those that most configs have, for an editor to complete.
// In a notebook the paths of the very recipe are completed: recipe-paths.ts.

import type { ModuleOverride } from '../catalogue/config-types';
import type { Kind } from '../catalogue/registry';
import type { ConfigValue } from '../config';

/** A part of a detector, or a glob. */
export type ModulePath =
  | 'backbone'
  | 'backbone.conv1'
  | 'backbone.bn1'
  | 'backbone.layer1'
  | 'backbone.layer2'
  | 'backbone.layer3'
  | 'backbone.layer4'
  | 'neck'
  | 'neck.lateral_convs'
  | 'neck.fpn_convs'
  | 'bbox_head'
  | 'mask_head'
  | 'rpn_head'
  | 'roi_head'
  | 'roi_head.bbox_head'
  | 'roi_head.mask_head'
  | '**.bn*'
  | (string & {});

/** A module with any of its options, or whatever a config can hold: modules of the user's own, scoped type names. */
type Part<K extends Kind> = ModuleOverride<K> | ConfigValue;

interface CommonSettings {
  'model.backbone'?: Part<'backbone'>;
  'model.backbone.depth'?: number;
  'model.backbone.frozen_stages'?: number;
  'model.backbone.init_cfg'?: ConfigValue;
  'model.neck'?: Part<'neck'>;
  'model.neck.num_outs'?: number;
  'model.neck.out_channels'?: number;
  'model.bbox_head'?: Part<'dense_head'>;
  'model.mask_head'?: Part<'mask_head'>;
  'model.rpn_head'?: Part<'dense_head'>;
  'model.roi_head'?: Part<'roi_head'>;
  'model.test_cfg'?: ConfigValue;
  'model.train_cfg'?: ConfigValue;
  'train_dataloader.batch_size'?: number;
  'train_dataloader.num_workers'?: number;
  'train_dataloader.dataset'?: Part<'dataset'>;
  'val_dataloader.batch_size'?: number;
  'test_dataloader.batch_size'?: number;
  val_evaluator?: Part<'metric'> | Part<'metric'>[];
  'optim_wrapper.optimizer'?: Part<'optimizer'>;
  'optim_wrapper.optimizer.lr'?: number;
  'optim_wrapper.optimizer.weight_decay'?: number;
  'optim_wrapper.clip_grad'?: { max_norm: number; norm_type?: number } | null;
  'optim_wrapper.accumulative_counts'?: number;
  'train_cfg.max_epochs'?: number;
  'train_cfg.val_interval'?: number;
  param_scheduler?: Part<'param_scheduler'> | Part<'param_scheduler'>[];
  'default_hooks.checkpoint'?: Part<'hook'>;
  'default_hooks.checkpoint.interval'?: number;
  'default_hooks.logger.interval'?: number;
  custom_hooks?: Part<'hook'> | Part<'hook'>[];
  load_from?: string | null;
}

/** Values by dotted path. */
export interface Settings extends CommonSettings {
  [path: string]: ConfigValue | CommonSettings[keyof CommonSettings];
}

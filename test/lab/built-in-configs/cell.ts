// Configs as a person types them in a cell or a config file: checked by the project's compiler (strict) and, in
// types.test.ts, by the notebook's (not strict). Every line under `@ts-expect-error` must be an error.

import '../../../src/lab/built-in-configs'; // as 'detlab' itself brings them
import { z } from 'zod';
import type {
  AssignerConfig,
  BackboneConfig,
  DenseHeadConfig,
  DetectorConfig,
  ModuleChoice,
  NeckConfig,
  SamplerConfig,
  TransformConfig,
  TypeName,
} from '../../../src/catalogue/config-types';
import { defineConfig } from '../../../src/catalogue/define-config';
import { configOf, defineModule } from '../../../src/catalogue/registry';

declare function neck(config: ModuleChoice<'neck'> | TypeName<'neck'>): void;

neck({ type: 'FPN', num_outs: 5 });
neck({ type: 'PAFPN' });
neck('PAFPN');
neck({ type: 'FPN', norm_cfg: { type: 'GN', num_groups: 32 }, init_cfg: null });
neck({ type: 'mmdet.FPN', num_outs: 5 });
// @ts-expect-error a misspelt option
neck({ type: 'FPN', num_out: 5 });
// @ts-expect-error a misspelt option behind a scope
neck({ type: 'mmdet.FPN', num_out: 5 });
// @ts-expect-error an unknown type behind a scope
neck({ type: 'mmdet.FPM', num_outs: 5 });
// @ts-expect-error an option of another type
neck({ type: 'mmyolo.PAFPN', stack_times: 2 });
// @ts-expect-error an unknown type
neck({ type: 'FPM', num_outs: 5 });
// @ts-expect-error an unknown type by name
neck('FPM');
// @ts-expect-error a wrong value
neck({ type: 'FPN', num_outs: '5' });
// @ts-expect-error a choice that is none
neck({ type: 'FPN', add_extra_convs: 'on_imput' });
// @ts-expect-error an unknown norm
neck({ type: 'FPN', norm_cfg: { type: 'BM' } });

export const complete: NeckConfig = { type: 'FPN', out_channels: 256, num_outs: 5 };
// @ts-expect-error out_channels is missing
export const incomplete: NeckConfig = { type: 'FPN', num_outs: 5 };
export const backbone: BackboneConfig = { type: 'ResNet', depth: 18 };
// @ts-expect-error no ResNet has this depth
export const depth: BackboneConfig = { type: 'ResNet', depth: 19 };

const assigner: AssignerConfig = { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5 };
export const without: SamplerConfig = { type: 'PseudoSampler' };
// @ts-expect-error a module without options has none
export const withMore: SamplerConfig = { type: 'PseudoSampler', num: 3 };
export const nested: DenseHeadConfig = {
  type: 'RPNHead',
  anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2], strides: [4, 8] },
  loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true },
};
export const misspeltBelow: DenseHeadConfig = {
  type: 'RPNHead',
  // @ts-expect-error a misspelt option of a module inside
  anchor_generator: { type: 'AnchorGenerator', scale: [8], ratios: [0.5, 1, 2] },
};
export const wrongKind: DenseHeadConfig = {
  type: 'RPNHead',
  // @ts-expect-error a neck is no loss
  loss_cls: { type: 'FPN' },
};
export const pipeline: TransformConfig[] = [
  { type: 'Resize', scale: [320, 240], keep_ratio: true },
  { type: 'PackDetInputs' },
];

export const derived = defineConfig({
  _base_: './faster-rcnn_r50_fpn_1x_coco',
  max_epochs: 4,
  model: {
    backbone: { depth: 101 },
    neck: { _delete_: true, type: 'PAFPN', out_channels: 256, num_outs: 5 },
    train_cfg: { rcnn: { assigner, sampler: { num: 128 } } },
  },
});
// @ts-expect-error a misspelt option of an inherited module
export const misspeltOverride = defineConfig({ _base_: './base', model: { backbone: { dept: 101 } } });
// @ts-expect-error an unknown type of an inherited module
export const unknownOverride = defineConfig({ _base_: './base', model: { neck: { type: 'FPM' } } });

export const scoped = defineConfig({
  model: {
    type: 'mmdet.RetinaNet',
    backbone,
    neck: { type: 'mmdet.FPN', out_channels: 256, num_outs: 5 },
    bbox_head: { type: 'mmdet.RetinaHead', num_classes: 3 },
  },
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 12 },
  default_hooks: { logger: { type: 'LoggerHook', interval: 10 }, timer: null },
  custom_hooks: [{ type: 'mmdet.NumClassCheckHook' }],
  optim_wrapper: { type: 'AmpOptimWrapper', dtype: 'bfloat16', optimizer: { type: 'SGD', lr: 0.1 } },
  train_dataloader: { batch_size: 2, sampler: { type: 'DefaultSampler', shuffle: true } },
  my_own_variable: [1, 2],
});
// @ts-expect-error an unknown hook
export const unknownHook = defineConfig({ custom_hooks: [{ type: 'EMAHuk' }] });
// @ts-expect-error a misspelt option of a hook
export const misspeltHook = defineConfig({ default_hooks: { logger: { type: 'LoggerHook', intervall: 10 } } });
// @ts-expect-error a wrong value of a loop
export const wrongLoop = defineConfig({ train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 'ten' } });
// @ts-expect-error a misspelt key of a data loader
export const misspeltLoader = defineConfig({ train_dataloader: { bacth_size: 2 } });
// @ts-expect-error an unknown dataset
export const unknownData = defineConfig({ train_dataloader: { dataset: { type: 'CocoDatset', ann_file: 'a.json' } } });
// @ts-expect-error an unknown sampler
export const unknownSampler = defineConfig({ train_dataloader: { sampler: { type: 'DefaultSamplr' } } });
// @ts-expect-error an unknown optimizer
export const unknownOptimizer = defineConfig({ optim_wrapper: { optimizer: { type: 'SDG', lr: 0.1 } } });
// @ts-expect-error a misspelt option of a schedule
export const misspeltSchedule = defineConfig({ param_scheduler: [{ type: 'MultiStepLR', milestone: [8] }] });
// @ts-expect-error an unknown transform
export const unknownTransform = defineConfig({ train_pipeline: [{ type: 'Resizee' }] });
// @ts-expect-error an unknown metric
export const unknownMetric = defineConfig({ val_evaluator: { type: 'CocoMetrik' } });

export const whole: DetectorConfig = {
  type: 'FasterRCNN',
  backbone,
  neck: complete,
  rpn_head: nested,
  roi_head: {
    type: 'StandardRoIHead',
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 3 },
  },
};

export const TestNeck = defineModule({
  kind: 'neck',
  type: 'TestNeck',
  summary: 'a neck of a cell',
  example: "{ type: 'TestNeck', gain: 2 }",
  options: z.strictObject({ gain: z.number().default(1).describe('factor') }),
  build: ({ gain }) => (gain * 2) as never,
});
neck(configOf(TestNeck, { gain: 2 }));
// @ts-expect-error an option it has not
neck(configOf(TestNeck, { gian: 2 }));
declare module '../../../src/catalogue/config-types' {
  interface UserModules {
    TestNeck: typeof TestNeck;
  }
}
neck({ type: 'TestNeck', gain: 2 });
// @ts-expect-error an option it has not
neck({ type: 'TestNeck', gian: 2 });

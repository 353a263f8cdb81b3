// A whole config against the catalogue: every type that is not there and every wrong option at once.

import { expect, test } from 'vitest';
import { checkConfig, findConfigProblems } from '../../src/catalogue/check-config';
import { problemLine } from '../../src/catalogue/option-problems';
import { loadConfig } from '../../src/config';
import { catalogue } from '../../src/lab/catalogue';
import { complaint } from '../config/scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
const config = (): any => loadConfig('faster-rcnn_r50_fpn_1x_coco').config;
/** Problems follow the order of the config; here it does not matter. */
const sorted = <T>(rows: T[]): T[] => rows.sort((a, b) => (String(a) < String(b) ? -1 : 1));
const lines = (given: Record<string, unknown>) => findConfigProblems(given, catalogue).map(problemLine);

test('a right config has no problems', () => {
  for (const name of ['faster-rcnn_r50_fpn_1x_coco', 'mask-rcnn_r50_fpn_amp-1x_coco', 'retinanet_r50_fpn_1x_coco'])
    expect(lines(loadConfig(name).config)).toEqual([]);
});

test('types that are not there are listed at once, each with its path and the nearest name', () => {
  const given = config();
  given.model.neck.type = 'mmdet.PAFNP';
  given.model.roi_head.bbox_head.loss_bbox.type = 'WingLoss';
  given.train_dataloader.sampler.type = 'DefaultSamplre';
  given.train_dataloader.dataset.pipeline[2].type = 'Resizee';
  given.val_evaluator.type = 'DumpProposals';
  given.optim_wrapper.optimizer.type = 'SDG';
  given.param_scheduler[0].type = 'LinearRL';
  given.custom_hooks = [{ type: 'EMAHuk' }];
  given.default_hooks.logger.type = 'LogerHook';
  given.visualizer.vis_backends = [{ type: 'ClearMLVisBackend' }];
  const problems = findConfigProblems(given, catalogue);
  expect(problems.every(({ unknown }) => unknown)).toBe(true);
  expect(
    sorted(
      problems.map(({ path, unknown, message }) => [path, unknown?.kind, /Did you mean "(\w+)"/.exec(message)?.[1]]),
    ),
  ).toEqual(
    sorted([
      ['model.neck', 'neck', 'PAFPN'],
      ['model.roi_head.bbox_head.loss_bbox', 'loss', 'IoULoss'],
      ['train_dataloader.sampler', 'data_sampler', 'DefaultSampler'],
      ['train_dataloader.dataset.pipeline.2', 'transform', 'Resize'],
      ['val_evaluator', 'metric', undefined],
      ['optim_wrapper.optimizer', 'optimizer', 'SGD'],
      ['param_scheduler.0', 'param_scheduler', 'LinearLR'],
      ['default_hooks.logger', 'hook', 'LoggerHook'],
      ['custom_hooks.0', 'hook', 'EMAHook'],
      ['visualizer.vis_backends.0', 'vis_backend', undefined],
    ]),
  );
});

test('inside a module nobody knows, the parts are looked at too', () => {
  const given = config();
  given.model = {
    type: 'DiamondNet',
    backbone: { type: 'ResNet', depth: 51 },
    neck: { type: 'FPM' },
    bbox_head: { type: 'DiamondHead', loss_wh: { type: 'L2Los' }, heads: [{ bbox_coder: { type: 'NoCoder' } }] },
    train_cfg: { assigner: { type: 'NoAssigner' } },
  };
  given.train_dataloader.dataset = {
    type: 'ObjectronDataset',
    dataset: { type: 'CocoDataset', ann_file: 'a.json', pipeline: [{ type: 'Mosaik' }] },
    pipeline: [{ type: 'PackDetInput' }],
  };
  expect(findConfigProblems(given, catalogue).map(({ path }) => path)).toEqual([
    'model',
    'model.backbone.depth',
    'model.neck',
    'model.bbox_head',
    'model.bbox_head.loss_wh',
    'model.bbox_head.heads.0.bbox_coder',
    'model.train_cfg.assigner',
    'train_dataloader.dataset',
    'train_dataloader.dataset.dataset.pipeline.0',
    'train_dataloader.dataset.pipeline.0',
  ]);
});

test('wrong options of every part are told with their paths', () => {
  const given = config();
  given.model.backbone.dept = 50;
  given.train_dataloader.bacth_size = 4;
  given.train_dataloader.dataset.an_file = 'x';
  given.train_cfg.max_epochs = 'ten';
  given.param_scheduler[1].mileston = [8];
  given.optim_wrapper.clip_grad = { max_nom: 35 };
  given.default_hooks.checkpoint.interval = 0;
  given.val_evaluator.metric = 'bbbox';
  given.optim_wraper = { optimizer: {} };
  given.optim_wrapper.constructor = 'LayerDecayOptimizerConstructor';
  expect(sorted(lines(given))).toEqual([
    'default_hooks.checkpoint.interval: expected int > 0 | -1, received the number 0',
    'model.backbone: unknown option "dept". Did you mean "depth"?',
    'optim_wraper: this key is not read. Did you mean "optim_wrapper"?',
    'optim_wrapper.clip_grad.max_norm: missing; expected number > 0',
    'optim_wrapper.clip_grad: unknown option "max_nom". Did you mean "max_norm"?',
    expect.stringMatching(/^optim_wrapper.constructor: expected "DefaultOptimWrapperConstructor"/),
    'param_scheduler.1: unknown option "mileston". Did you mean "milestones"?',
    'train_cfg.max_epochs: expected int > 0, received the string "ten"',
    'train_dataloader.dataset: unknown option "an_file". Did you mean "ann_file"?',
    'train_dataloader: unknown option "bacth_size". Did you mean "batch_size"?',
    expect.stringMatching(/^val_evaluator.metric: expected .*received the string "bbbox". Did you mean "bbox"\?$/),
  ]);
  delete given.optim_wrapper;
  expect(lines(given)[0]).toBe('optim_wraper: this key is not read. Did you mean "optim_wrapper"?');
});

test('what a detector hands to its head is checked with the head, where it is written', () => {
  const given = loadConfig('retinanet_r50_fpn_1x_coco').config as ReturnType<typeof config>;
  given.model.train_cfg.assigner.pos_iou_th = 0.5;
  given.model.test_cfg.score_thre = 0.1;
  expect(lines(given)).toEqual([
    'model.test_cfg: unknown option "score_thre". Did you mean "score_thr"?',
    'model.train_cfg.assigner: unknown option "pos_iou_th". Did you mean "pos_iou_thr"?',
  ]);
});

test('of a choice whose type is none, only the type is told', () => {
  const given = config();
  given.model.data_preprocessor.batch_augments = [{ type: 'BatchFixSizePad', size: [1, 2] }];
  expect(lines(given)).toEqual([
    expect.stringMatching(
      /^model.data_preprocessor.batch_augments.0.type: expected .*received the string "BatchFixSizePad"/,
    ),
  ]);
});

test('checkConfig throws them all in one error', () => {
  const given = config();
  given.model.neck.type = 'FPM';
  given.val_evaluator.type = 'CocoMetrik';
  expect(complaint(() => checkConfig(given, catalogue))).toMatch(
    /^Cannot use the config: 2 problems in its config.\n {2}model.neck: unknown neck "FPM"[^\n]*\n {2}val_evaluator/,
  );
});

/** What a config of a model finds: path, and whether it is a lack or a mistake. */
const verdicts = (model: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  findConfigProblems({ model, ...more }, catalogue).map(({ path, unknown, lacking }) => [
    path,
    unknown?.origin ?? (unknown ? 'mistake' : lacking ? 'lack' : 'option'),
  ]);

test('a lack is told from a mistake, also below a module nobody knows', () => {
  expect(
    verdicts({
      type: 'Detectron2Wrapper',
      data_preprocessor: { type: 'Detectron2Wrapper', pad_size_divisor: 32 },
      encoder: { layer_cfg: { self_attn_cfg: { embed_dims: 256 }, fusion: { type: 'NoSuchFusion' } } },
      bbox_head: { type: 'QuasiDenseTrackHead', embed_channels: 256, loss_cls: { type: 'FocalLos' } },
      backbone: { type: 'mmpretrain.RepVGG', arch: 'A0' },
      upsample: { type: 'nearest' },
      norm: { type: 'GN' },
      loss_mask: { type: 'MaskCrossEntropy' },
    }),
  ).toEqual([
    ['model', 'MMDetection 3.3.0'],
    ['model.data_preprocessor', 'MMDetection 3.3.0'],
    ['model.encoder.layer_cfg.fusion', 'mistake'],
    ['model.bbox_head', 'MMDetection 3.3.0'],
    ['model.bbox_head.loss_cls', 'mistake'],
    ['model.backbone', 'mmpretrain'],
    ['model.loss_mask', 'mistake'],
  ]);
});

test('types of a package that is not listed are its own, by scope or by _scope_', () => {
  const distiller = {
    _scope_: 'mmrazor',
    type: 'SelfDistill',
    distiller: { type: 'BYOTDistiller', recorders: { bb: { type: 'FunctionOutputs' } } },
  };
  expect(verdicts(distiller)).toEqual([
    ['model', 'mmrazor'],
    ['model.distiller', 'mmrazor'],
    ['model.distiller.recorders.bb', 'mmrazor'],
  ]);
  expect(verdicts({ type: 'mmrotate.RotatedRetinaNet' })).toEqual([['model', 'mmrotate']]);
});

test('options of a head of somebody else are not judged', () => {
  const given = config();
  given.model.rpn_head = { type: 'DiamondRPNHead' };
  given.model.train_cfg.rpn = { topk: 9, ratio: 0.2 };
  given.model.test_cfg.rpn.post = 1000;
  given.model.test_cfg.rcnn.score_thre = 0.1;
  expect(verdicts(given.model)).toEqual([
    ['model.test_cfg.rcnn', 'option'],
    ['model.rpn_head', 'mistake'],
  ]);
});

test('values and options that their package has and DetLab has not', () => {
  const given = config();
  const [, , ...rest] = given.train_dataloader.dataset.pipeline;
  given.train_dataloader.dataset.pipeline = [
    { type: 'LoadImageFromFile' },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'RandomChoiceResize', scales: [[64, 64]], resize_type: 'LetterResize' },
    {
      type: 'Albu',
      transforms: [
        { type: 'ElasticTransform', p: 0.5 },
        { type: 'ShiftScalRotat', p: 0.5 },
      ],
    },
    ...rest,
  ];
  const { model, ...more } = given;
  const pipeline = 'train_dataloader.dataset.pipeline';
  expect(sorted(verdicts(model, more))).toEqual([
    [`${pipeline}.2.resize_type`, 'lack'],
    [`${pipeline}.3.transforms.0.type`, 'albumentations 1.3.1'],
    [`${pipeline}.3.transforms.1.type`, 'mistake'],
  ]);
});

test('by_epoch beside the type of a training loop is right where both say the same', () => {
  const train = (train_cfg: object) => lines({ ...config(), train_cfg });
  expect(train({ type: 'EpochBasedTrainLoop', by_epoch: true, max_epochs: 36 })).toEqual([]);
  expect(train({ by_epoch: false, max_iters: 100 })).toEqual([]);
  expect(train({ type: 'EpochBasedTrainLoop', by_epoch: false, max_epochs: 36 })).toEqual([
    expect.stringMatching(/train_cfg\.by_epoch: .*true/),
  ]);
});

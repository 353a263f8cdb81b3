// What a run uses of a config is looked at before anything is built, and what it does not act on is named.

import { expect, test, vi } from 'vitest';
import { findConfigProblems } from '../../src/catalogue/check-config';
import { applyOptions, type ConfigValue, loadConfig } from '../../src/config';
import { catalogue } from '../../src/lab/catalogue';
import { checkRun, settingNotices } from '../../src/lab/check-run';
import { planRun } from '../../src/lab/plan';
import { complaint } from '../config/scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
const config = (): any => loadConfig('faster-rcnn_r50_fpn_1x_coco').config;
const withOptions = (options: Record<string, ConfigValue>) => applyOptions(config(), options);

test('faults of all parts are reported together', () => {
  const given = config();
  given.model.neck.num_out = 4;
  given.train_dataloader.dataset.pipeline[2].type = 'Resizee';
  given.train_dataloader.bacth_size = 4;
  given.train_dataloader.sampler.type = 'DefaultSamplre';
  given.optim_wrapper.optimizer.type = 'SDG';
  given.param_scheduler[1].mileston = [3];
  given.custom_hooks = [{ type: 'EarlyStopingHook' }];
  given.val_evaluator.type = 'DumpProposals';
  given.env_cfg.cudnn_bench = true;
  given.optim_wraper = { optimizer: {} };
  expect(
    complaint(() => checkRun(given))
      .split('\n')
      .map((line) => line.trim().split(':')[0])
      .sort(),
  ).toEqual([
    'Cannot train',
    'custom_hooks.0',
    'env_cfg',
    'model.neck',
    'optim_wraper',
    'optim_wrapper.optimizer',
    'param_scheduler.1',
    'train_dataloader',
    'train_dataloader.dataset.pipeline.2',
    'train_dataloader.sampler',
    'val_evaluator',
  ]);
});

test('a run goes on without what it does not need, and says so', () => {
  const given = config();
  given.train_dataloader.dataset.type = 'MyDataset';
  given.visualizer.type = 'MyVisualizer';
  given.visualizer.vis_backends = [{ type: 'LocalVisBackend' }];
  given.custom_hooks = [{ type: 'MyHook' }, { type: 'NaiveVisualizationHook' }];
  given.default_hooks.logger = { type: 'MyLogger', level: 3 };
  given.train_dataloader.sampler = { type: 'MultiDataSampler' };
  expect(checkRun(given).sort()).toEqual([
    'custom_hooks.0: "MyHook" is not implemented: it is left out',
    'custom_hooks.1: hook "NaiveVisualizationHook" of MMEngine 0.10.7 is not implemented: it is left out',
    'default_hooks.logger: "MyLogger" is not implemented: the default hook is used',
    'train_dataloader.sampler: data_sampler "MultiDataSampler" of MMDetection 3.3.0 is not implemented: images are read as by DefaultSampler',
    'visualizer: "MyVisualizer" is not implemented: model.predict(image) draws',
  ]);
});

test.each<[Record<string, ConfigValue>, RegExp, lost: boolean]>([
  [{ 'default_hooks.visualization.test_out_dir': 'out' }, /it is not acted on without draw: true$/, true],
  [
    { launcher: 'pytorch' },
    /^launcher: "pytorch" has no effect: a launcher is an option: `detlab train --launcher`/,
    false,
  ],
  [{ model_wrapper_cfg: { type: 'MMDistributedDataParallel' } }, /^model_wrapper_cfg: /, false],
  [{ 'env_cfg.dist_cfg.port': 29500 }, /^env_cfg.dist_cfg.port: 29500 has no effect: MASTER_PORT/, false],
  [{ 'env_cfg.cudnn_benchmark': true }, /^env_cfg.cudnn_benchmark: true has no effect/, false],
  [{ 'env_cfg.mp_cfg.mp_start_method': 'spawn' }, /^env_cfg.mp_cfg.mp_start_method: "spawn" has no effect/, false],
  [{ 'val_evaluator.ann_file': 'other.json' }, /^val_evaluator.ann_file: "other.json" is not read: /, true],
  [{ 'train_dataloader.pin_memory': true }, /^train_dataloader.pin_memory: true has no effect/, false],
  [{ 'train_dataloader.prefetch_factor': 4 }, /^train_dataloader.prefetch_factor: 4 has no effect/, false],
  [{ 'train_dataloader.collate_fn': { type: 'my_collate' } }, /^train_dataloader.collate_fn: .* not acted on/, true],
  [{ 'train_dataloader.sampler.seed': 7 }, /^train_dataloader.sampler.seed: 7 has no effect/, false],
  [{ 'val_dataloader.drop_last': true }, /^val_dataloader.drop_last: .*on all images$/, true],
  [
    { 'default_hooks.checkpoint.backend_args': { backend: 'petrel' } },
    /^default_hooks.checkpoint.backend_args: /,
    true,
  ],
  [{ 'default_hooks.logger.out_dir': 'x' }, /^default_hooks.logger.out_dir: "x" is not acted on/, true],
  [{ 'log_processor.custom_cfg': [{ data_src: 'loss' }] }, /^log_processor.custom_cfg: /, true],
  [{ 'log_processor.by_epoch': false }, /^log_processor.by_epoch: false has no effect/, false],
  [{ log_level: 'DEBUG' }, /^log_level: "DEBUG" has no effect/, false],
  [{ 'visualizer.line_width': 1 }, /^visualizer.line_width: 1 is not acted on/, true],
  [{ 'val_cfg.fp16': true }, /^val_cfg.fp16: true is not acted on/, true],
  [{ val_cfg: null }, /^val_cfg: null does not switch evaluations off/, false],
  [{ 'val_dataloader.num_batch_per_epoch': 2 }, /^val_dataloader.num_batch_per_epoch: .*on all images$/, true],
  [
    { 'val_dataloader.dataset.test_mode': false, 'val_dataloader.dataset.filter_cfg': { min_size: 32 } },
    /^val_dataloader.dataset.filter_cfg: it is not acted on: an evaluation is on all images$/,
    true,
  ],
  [
    { 'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.loss_scale': 512 },
    /^optim_wrapper.loss_scale: 512/,
    false,
  ],
  [{ seed: 3 }, /^seed: it is not read: set randomness.seed$/, true],
  [{ 'model.backbone.with_cp': true }, /^model.backbone.with_cp: true has no effect: activations are kept/, false],
  [
    { 'train_dataloader.dataset.data_prefix.seg': 'maps' },
    /^train_dataloader.dataset.data_prefix.seg: "maps" has/,
    false,
  ],
  [
    { 'train_dataloader.dataset.return_classes': true },
    /return_classes: true has no effect: the detector reads no text/,
    false,
  ],
  [
    { custom_imports: { imports: ['my_package.hooks', 'mmdet.models'] } },
    /^custom_imports: "my_package.hooks" is a Python module and was not loaded/,
    true,
  ],
  [
    { 'optim_wrapper.paramwise_cfg': { base_total_batch_size: 64 } },
    /^optim_wrapper.paramwise_cfg.base_total_batch_size: it is not acted on: YOLOv5OptimizerConstructor reads it$/,
    true,
  ],
  [{ compile: true }, /^compile: true has no effect/, false],
])('%j is one line', (options, line, lost) => {
  const lines = checkRun(withOptions(options));
  expect(lines).toEqual([expect.stringMatching(line)]);
  expect(settingNotices(withOptions(options)).map((notice) => notice.lost)).toEqual([lost]);
});

test('a scale of the learning rate without its batch size is an error, and one that a run overrides is said', () => {
  expect(complaint(() => checkRun(withOptions({ auto_scale_lr: { _delete_: true, enable: true } })))).toMatch(
    /auto_scale_lr: expected base_batch_size/,
  );
  const { notices } = planRun(withOptions({ 'auto_scale_lr.enable': true }), { lr: 0.01 });
  expect(notices).toEqual(['auto_scale_lr has no effect: the learning rate of the run is given, 0.01']);
});

test.each([
  [
    { classes: ['a', 'b'], palette: [[1, 2, 3]] },
    /metainfo.palette: expected a color for each of the 2 classes, received 1/,
  ],
  [{ palette: [[1, 2, 256]] }, /metainfo.palette.0.2: expected int 0 to 255, received the number 256/],
  [{ palette: 'coco' }, /metainfo.palette: expected \[\[red, green, blue\], ...\] from 0 to 255/],
  [{ pallete: [[1, 2, 3]] }, /expected \{ classes, palette \}/],
])('a wrong palette is an error: %j', (metainfo, message) => {
  const problems = findConfigProblems(withOptions({ 'train_dataloader.dataset.metainfo': metainfo }), catalogue);
  expect(problems.map(({ path, message: text }) => `${path}: ${text}`)).toEqual([expect.stringMatching(message)]);
});

test('a palette is no line', () => {
  const metainfo = { classes: ['a'], palette: [[220, 20, 60]] };
  expect(checkRun(withOptions({ 'train_dataloader.dataset.metainfo': metainfo }))).toEqual([]);
});

test('a key of a file that is nearly one that is read is an error, whatever its value', () => {
  for (const key of ['load_form', 'resum', 'optim_wraper', 'train_dataloder', 'env_cgf'])
    expect(complaint(() => checkRun({ ...config(), [key]: key === 'resum' ? true : 'x.pth' }))).toMatch(
      new RegExp(`${key}: this key is not read. Did you mean "`),
    );
  const variables = {
    norm_cfg: { type: 'BN', requires_grad: true },
    log_interval: 50,
    img_scale: [1333, 800],
    epochs: 12,
  };
  expect(checkRun({ ...config(), ...variables })).toEqual([]);
});

test.each([
  ['bbox_mAP', /val_evaluator has no metric "bbox_mAP". Did you mean "coco\/bbox_mAP"\?$/],
  ['coco/segm_mAP', /has no metric "coco\/segm_mAP". Did you mean "coco\/bbox_mAP"/],
  ['coco/bbox_mPA', /Did you mean "coco\/bbox_mAP"/],
])('save_best: %s is found before the first evaluation', (best, message) => {
  expect(complaint(() => checkRun(withOptions({ 'default_hooks.checkpoint.save_best': best })))).toMatch(message);
});

test.each(['auto', 'coco/bbox_mAP_50', 'coco/AR@100', ['coco/bbox_mAP']])('save_best: %j is right', (best) => {
  expect(checkRun(withOptions({ 'default_hooks.checkpoint.save_best': best }))).toEqual([]);
});

test('a value that makes no difference is no line', () => {
  expect(checkRun(config())).toEqual([]);
  const same = {
    launcher: 'none',
    sync_bn: null,
    find_unused_parameters: false,
    'train_dataloader.pin_memory': false,
    'train_dataloader.collate_fn': { type: 'pseudo_collate' },
    'default_hooks.visualization.interval': 10,
    'default_hooks.checkpoint.save_last': true,
    'randomness.seed': 3,
    'val_evaluator.ann_file': './data/coco/annotations/instances_val2017.json',
    'default_hooks.runtime_info': { type: 'RuntimeInfoHook' },
    tta_model: null,
  };
  expect(checkRun(withOptions(same))).toEqual([]);
});

test('of several metrics the unknown ones are named, those of one name refused; three loaders are one line', () => {
  const given = config();
  const evaluator = given.val_evaluator;
  given.val_evaluator = [evaluator, evaluator];
  expect(complaint(() => checkRun(given))).toMatch(
    /val_evaluator.1: expected a metric of another type than val_evaluator.0/,
  );
  given.val_evaluator = [evaluator, { type: 'CityScapesMetric' }, { type: 'DumpProposals' }];
  for (const part of ['train', 'val', 'test']) given[`${part}_dataloader`].pin_memory = true;
  expect(checkRun(given)).toEqual([
    'val_evaluator.2: metric "DumpProposals" of MMDetection 3.3.0 is not implemented: it is not computed',
    'train_dataloader.pin_memory, val_dataloader.pin_memory, test_dataloader.pin_memory: true has no effect: there is no memory to pin, tensors are on the CPU',
  ]);
});

test('a process of several is named', () => {
  vi.stubEnv('RANK', '1');
  vi.stubEnv('WORLD_SIZE', '2');
  try {
    expect(checkRun(config())).toEqual([expect.stringMatching(/^environment: RANK=1 WORLD_SIZE=2 has no effect/)]);
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a module of MMPose is told from its namesake in MMDetection', () => {
  const of = (neck: object) =>
    findConfigProblems({ model: { type: 'YOLOX', backbone: { type: 'CSPDarknet' }, neck } }, catalogue).filter(
      ({ unknown }) => unknown,
    );
  const lack = /^neck "FPN" of mmpose is not implemented: the module of this name is MMDetection's, "mmdet.FPN"$/;
  const options = { in_channels: [128, 256, 512], out_channels: 128, num_outs: 3 };
  expect(of({ type: 'mmpose.FPN', ...options })).toEqual([
    { path: 'model.neck', message: expect.stringMatching(lack), unknown: expect.anything() },
  ]);
  expect(of({ type: 'mmdet.FPN', ...options })).toEqual([]);
});

test('a name that two packages have is the module that its scope or its options say', () => {
  const of = (neck: object, more: object = {}) =>
    findConfigProblems({ model: { type: 'YOLOX', backbone: { type: 'CSPDarknet' }, neck }, ...more }, catalogue)
      .filter(({ path }) => path.startsWith('model.neck'))
      .map(({ path, message }) => `${path}: ${message}`);
  const sizes = { in_channels: [128, 256, 512], out_channels: 128 };
  const scope = { default_scope: 'mmyolo' };
  // deepen_factor is MMYOLO's alone, num_csp_blocks MMDetection's with other values
  const own = { ...sizes, deepen_factor: 0.33 };
  expect(of({ type: 'mmyolo.YOLOXPAFPN', ...own })).toEqual([]);
  expect(of({ type: 'YOLOXPAFPN', ...own }, scope)).toEqual([]);
  expect(of({ type: 'YOLOXPAFPN', ...own })).toEqual([]);
  expect(of({ type: 'mmdet.YOLOXPAFPN', ...sizes }, scope)).toEqual([]);
  expect(of({ type: 'mmdet.YOLOXPAFPN', ...own }, scope)).toEqual([expect.stringMatching(/deepen_factor/)]);
});

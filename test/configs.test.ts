// The files of configs/: equal to the reference after inheritance, and every name in them known to the catalogue.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findConfigProblems } from '../src/catalogue/check-config';
import { checkModel, findModuleProblems } from '../src/catalogue/check-model';
import { listConfigs, loadConfig } from '../src/config';
import { buildPipeline } from '../src/data';
import { catalogue } from '../src/lab/catalogue';
import { goldenJson } from './golden-data';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
type Untyped = Record<string, any>;

const golden = (name: string) =>
  JSON.parse(readFileSync(path.join(__dirname, 'golden', `${name}.json`), 'utf8')) as { merged: object };

test.each([
  ['faster-rcnn_r50_fpn_1x_coco', 'config_faster_r50_fpn_1x'],
  ['faster-rcnn_r50_pafpn_1x_coco', 'config_faster_r50_pafpn'],
  ['faster-rcnn_r50_fpn_1x_voc0712', 'config_faster_voc'],
  ['retinanet_r50_fpn_1x_coco', 'config_retinanet_r50'],
  ['retinanet_r50_nasfpn_crop640-50e_coco', 'config_retinanet_r50_nasfpn'],
  ['faster-rcnn_r50_fpg_crop640-50e_coco', 'config_faster_r50_fpg50e'],
  ['mask-rcnn_r50_fpg_crop640-50e_coco', 'config_mask_r50_fpg50e'],
  ['ssd300_coco', 'config_ssd300'],
  ['yolox_s_8xb8-300e_coco', 'config_yolox_s'],
  ['yolov8_s_syncbn_fast_8xb16-500e_coco', 'config_mmyolo_yolov8_s'],
  ['yolov8_m_syncbn_fast_8xb16-500e_coco', 'config_mmyolo_yolov8_m'],
  ['mask-rcnn_r50_fpn_1x_coco', 'config_mask_rcnn_r50'],
  ['cascade-mask-rcnn_r50_fpn_1x_coco', 'config_cascade_mask_r50'],
  ['faster-rcnn_r50_fpn_1x_cityscapes', 'config_faster_r50_cityscapes'],
  ['mask-rcnn_r50_fpn_1x_cityscapes', 'config_mask_r50_cityscapes'],
])('%s equals the reference after inheritance', (name, reference) => {
  expect(loadConfig(name).config).toEqual(golden(reference).merged);
});

/** As generate/configs_two_stage.py makes it. */
function digest(config: unknown): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, v]) => [key, sorted(v)]));
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(config)))
    .digest('hex')
    .slice(0, 16);
}

const digestsOf = (name: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(__dirname, `golden/${name}.json`), 'utf8'));
const digests = digestsOf('configs_two_stage');
const singleStage = digestsOf('configs_single_stage');
const families = digestsOf('configs_families');
test.each(Object.entries({ ...digests, ...singleStage, ...families }))('%s equals the reference', (name, expected) => {
  expect(digest(loadConfig(name).config)).toBe(expected);
});

test.each(Object.keys(digests))('the model, pipelines and metric of %s are known to the catalogue', (name) => {
  const config = loadConfig(name).config as Untyped;
  expect(() => checkModel(config.model, catalogue)).not.toThrow();
  const train = config.train_dataloader.dataset;
  const pipelines = [(train.dataset ?? train).pipeline, config.test_dataloader.dataset.pipeline];
  for (const pipeline of pipelines) if (pipeline) expect(() => buildPipeline(pipeline, catalogue)).not.toThrow();
  for (const metric of [config.val_evaluator].flat())
    expect(findModuleProblems(metric, catalogue, 'metric', 'val_evaluator')).toEqual([]);
});

test.each(Object.keys(singleStage))('the model of %s is known to the catalogue', (name) => {
  expect(() => checkModel((loadConfig(name).config as Untyped).model, catalogue)).not.toThrow();
});

test.each(Object.keys(families))('all that %s names is known to the catalogue', (name) => {
  expect(findConfigProblems(loadConfig(name).config, catalogue)).toEqual([]);
});

/** {algorithm}_{components}_{settings}_{data}: the parts between may be left out, or be several. */
const NAME =
  /^[a-z\d]+([-.][a-z\d.]+)*(_[A-Za-z\d]+([-.+][A-Za-z\d.]+)*)*_(coco|semi-[\d.]+-coco|coco-panoptic|coco_1x|coco_v1|coco_instance|youtubevis(2019|2021)|base|test-mot\d+(half)?(val(20)?|test)|objects365v[12]|obj365|cap4m|crowdhuman|dota|voc0712|cityscapes|toytown|bccd|tta)$/;

test('names of configs follow the pattern, and none stands twice', () => {
  const configs = listConfigs();
  expect([...configs.keys()].filter((name) => !NAME.test(name))).toEqual([]);
  expect([...configs].filter(([, files]) => files.length > 1)).toEqual([]);
});

test('the R101 config differs from the R50 one in its backbone only', () => {
  const { config, files, name } = loadConfig('faster-rcnn_r101_fpn_1x_coco');
  const expected = structuredClone(golden('config_faster_r50_fpn_1x').merged) as Untyped;
  expected.model.backbone.depth = 101;
  expected.model.backbone.init_cfg.checkpoint = 'torchvision://resnet101';
  expect(config).toEqual(expected);
  expect(name).toBe('faster-rcnn_r101_fpn_1x_coco');
  expect(files.map((file) => path.basename(file))).toEqual([
    'pixels.ts',
    'resnet50.ts',
    'faster-rcnn_r50_fpn.ts',
    'coco_detection.ts',
    'schedule_1x.ts',
    'default_runtime.ts',
    'faster-rcnn_r50_fpn_1x_coco.ts',
    'faster-rcnn_r101_fpn_1x_coco.ts',
  ]);
});

test('the small configs train an R18 from scratch, as the recipe says', () => {
  const toytown = loadConfig('faster-rcnn_r18_fpn_toytown').config as Untyped;
  const bccd = loadConfig('faster-rcnn_r18_fpn_bccd').config as Untyped;
  for (const { model, train_pipeline, train_dataloader, optim_wrapper, param_scheduler } of [toytown, bccd]) {
    expect(model.backbone).toMatchObject({ depth: 18, frozen_stages: -1, norm_eval: false, init_cfg: null });
    expect(model.roi_head.bbox_head.num_classes).toBe(3);
    expect(model.train_cfg.rcnn.sampler).toMatchObject({ type: 'RandomSampler', num: 128, pos_fraction: 0.25 });
    expect(model.train_cfg.rpn_proposal).toMatchObject({ nms_pre: 1000, max_per_img: 500 });
    expect(train_pipeline[2]).toEqual({ type: 'Resize', scale: [320, 240], keep_ratio: true });
    expect(train_dataloader).toMatchObject({ batch_size: 4 });
    expect(optim_wrapper).toMatchObject({ optimizer: { lr: 0.02, momentum: 0.9 }, clip_grad: { max_norm: 10 } });
    expect(param_scheduler[0]).toMatchObject({ type: 'LinearLR', start_factor: 0.01 });
  }
  expect(bccd.model.neck).toEqual({ type: 'FPN', out_channels: 256, num_outs: 5 });
  expect(toytown.model.neck).toEqual({ type: 'FPN', out_channels: 128, num_outs: 5 });
  expect(bccd.param_scheduler[0].end).toBe(100);
  expect(toytown.train_cfg.max_epochs).toBe(6);
  expect(toytown.param_scheduler[1].milestones).toEqual([4, 5]);
  expect(bccd.train_cfg).toEqual({ type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 3 });
  expect(bccd.param_scheduler[1].milestones).toEqual([8, 11]);
});

test('a config of four levels reads each of its files once', () => {
  const { files } = loadConfig('faster-rcnn_r101_fpn_1x_coco');
  expect(files.length).toBeGreaterThan(4);
  expect(new Set(files).size).toBe(files.length);
});

const family = goldenJson<Record<string, object>>('config_detr_family');

test('detr_r50_8xb2-150e_coco equals the reference after inheritance', () => {
  expect(loadConfig('detr_r50_8xb2-150e_coco').config).toEqual(
    goldenJson<{ merged: object }>('config_detr_r50').merged,
  );
});

test.each(Object.entries(family))('%s equals the reference after inheritance', (name, expected) => {
  expect(loadConfig(name).config).toEqual(expected);
});

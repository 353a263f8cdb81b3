// What the tutorials print, as a person pastes it: each a recipe that builds, or refused with the key and the next step.
// The blocks stand in test/golden/seeds; where the tutorials lie beside the clone, they must say the same.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type ConfigObject, isObject, readConfigFile } from '../../src/config';
import { detector } from '../../src/lab/detector';
import type { Recipe } from '../../src/lab/recipe';
import { detlab } from '../cli/detlab';
import { scratch } from '../config/scratch';

const blocks = path.join(__dirname, '../golden/seeds');
const block = (name: string) => readFileSync(path.join(blocks, `${name}.py`), 'utf8');
const tutorials = path.join(__dirname, '../../../shared/seeds');

test.skipIf(!existsSync(tutorials))('the blocks are those of the tutorials', () => {
  const texts = readdirSync(tutorials).map((file) => readFileSync(path.join(tutorials, file), 'utf8'));
  for (const file of readdirSync(blocks)) {
    const text = readFileSync(path.join(blocks, file), 'utf8').trimEnd();
    expect(
      texts.some((tutorial) => tutorial.includes(text)),
      file,
    ).toBe(true);
  }
});

/** A recipe of a file, with what was said on the way. */
function recipeOf(file: string): { recipe: Recipe; said: string[] } {
  const said: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line) => void said.push(String(line)));
  try {
    return { recipe: detector(file), said };
  } finally {
    spy.mockRestore();
  }
}

const written = (text: string) => path.join(scratch({ 'mine.py': text }), 'mine.py');
/** `neck=dict(...)` where it belongs. */
const withNeck = (fragment: string, base: string, before = '') =>
  written(`_base_ = '${base}'\n${before}\nmodel = dict(\n${fragment.trim()})\n`);

async function stages(recipe: Recipe, input: [number, number]) {
  const { summary } = await recipe.summary({ input });
  return Object.fromEntries(summary.stages.map((stage) => [stage.path, stage]));
}

const pyramid = (channels: number) => [32, 16, 8, 4, 2].map((side) => [side, side, channels]);
const FASTER = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py';

describe('necks that replace another', () => {
  test('AugFPN on Cascade Mask R-CNN and Cityscapes, with the Python import that stands for it', async () => {
    const bases = [
      'models/cascade-mask-rcnn_r50_fpn',
      'datasets/cityscapes_instance',
      'schedules/schedule_1x',
      'default_runtime',
    ];
    const file = written(`_base_ = [${bases.map((base) => `'mmdet::_base_/${base}.py'`).join(', ')}]
${block('augfpn-imports')}
model = dict(
${block('augfpn-neck').trim()})`);
    const { recipe, said } = recipeOf(file);
    await recipe.imports();
    expect(said).toEqual([]);
    expect((await stages(recipe, [128, 128])).neck).toMatchObject({ type: 'AugFPN', outputs: pyramid(256) });
  });

  test.each([
    ['NASFPN', 'nasfpn-neck'],
    ['FPN_DropBlock', 'fpn-dropblock-neck'],
  ])('%s on Faster R-CNN', async (type, name) => {
    const { recipe } = recipeOf(withNeck(block(name), FASTER));
    expect((await stages(recipe, [128, 128])).neck).toMatchObject({ type, outputs: pyramid(256) });
    // and in words, from the fragment alone
    const { neck } = readConfigFile(written(block(name))).config;
    const model = detector('faster-rcnn_r50_fpn_1x_coco').neck(neck as never).config.model as ConfigObject;
    expect(model.neck).toEqual((recipe.config.model as ConfigObject).neck);
  });

  test("FPG, all of its file, on DetLab's own config of that name", async () => {
    const { recipe, said } = recipeOf(written(block('fpg')));
    expect(said).toEqual([expect.stringContaining(' -> fpg/faster-rcnn_r50_fpn_crop640-50e_coco.ts')]);
    expect(recipe.config.model).toEqual(detector('faster-rcnn_r50_fpg_crop640-50e_coco').config.model);
    expect((await stages(recipe, [128, 128])).neck).toMatchObject({ type: 'FPG', outputs: pyramid(256) });
  });

  test('FPG with its options left open is refused at the first of them', () => {
    expect(() => recipeOf(written(block('fpg-open')))).toThrow(
      /mine.py:6:17: \.\.\. is not data. Write the value itself\n\s+6 \|\s+stack_times=\.\.\.,/,
    );
  });

  test('a neck alone is a fragment, and the error says how to complete it', async () => {
    for (const name of ['augfpn-neck', 'nasfpn-neck', 'fpn-dropblock-neck'])
      await expect(recipeOf(written(block(name))).recipe.summary()).rejects.toThrow(
        /expected model = dict\(type=...\), received neck. This is a fragment of a config: inherit from the config that it changes, _base_ = .*write model = dict\(neck=dict/,
      );
  });

  test('text that a page has typeset names its quote or its dots', () => {
    expect(() => recipeOf(written(block('pafpn-typeset')))).toThrow(/"‘" is a typographic character.*Write ' or "/);
    expect(() => recipeOf(written(block('mobilenet-typeset')))).toThrow(
      /"…" is a typographic character.*Write the omitted text/,
    );
  });

  test('a module written in Python is code, and it is said where it goes', () => {
    expect(() => recipeOf(written(block('augfpn-module')))).toThrow(
      /decorators are not supported. Write the module in TypeScript, and name its file in custom_imports/,
    );
  });
});

describe('fine-tuning Mask R-CNN on Cityscapes', () => {
  const parts = ['cityscapes-bases', 'cityscapes-head', 'cityscapes-schedule', 'cityscapes-weights'];
  const whole = parts.map(block).join('\n');

  test('as printed, a comma too many is refused', () => {
    expect(() => recipeOf(written(whole))).toThrow(
      /Cannot use default_hooks of .*mine.py: expected dict\(...\), received a list of 1. In Python a comma after dict\(...\) makes it a tuple: remove the comma after default_hooks/,
    );
  });

  test('without it the recipe builds, with eight classes', async () => {
    const { recipe, said } = recipeOf(written(whole.replace('interval=100)),', 'interval=100))')));
    expect(said).toEqual([
      expect.stringContaining("missing base configs replaced by DetLab's: ../_base_/models/mask_rcnn_r50_fpn.py"),
    ]);
    expect(recipe.config).toMatchObject({
      train_dataloader: { dataset: { dataset: { type: 'CityscapesDataset' } } },
      optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01 } },
      train_cfg: { max_epochs: 8 },
      default_hooks: { logger: { type: 'LoggerHook', interval: 100 } },
    });
    const { roi_head } = recipe.config.model as ConfigObject;
    expect(roi_head).toMatchObject({ bbox_head: { num_classes: 8 }, mask_head: { num_classes: 8 } });
    const { state } = (await recipe.summary({ input: [128, 128] })).summary;
    const shapeOf = (name: string) => state.find((entry) => entry.name === name)?.shape;
    expect(shapeOf('roi_head.bbox_head.fc_cls.weight')).toEqual([9, 1024]);
    expect(shapeOf('roi_head.bbox_head.fc_reg.weight')).toEqual([32, 1024]);
    expect(shapeOf('roi_head.mask_head.conv_logits.weight')).toEqual([8, 256, 1, 1]);
  });

  test('the part with the heads alone names what is missing', async () => {
    await expect(recipeOf(written(block('cityscapes-head'))).recipe.summary()).rejects.toThrow(
      /received a model without a type. This is a fragment of a config: inherit from the config that it changes/,
    );
  });
});

describe('DETR with DeiT-tiny on ScanNet, in the words of 2.x', () => {
  const project = () =>
    path.join(
      scratch({
        'setup.py': '',
        'configs/_base_/datasets/scannet_detection.py': block('scannet_detection'),
        'configs/detr/detr_deit_tiny_8x1_150e_scannet.py': block('detr_deit_tiny_8x1_150e_scannet'),
      }),
      'configs/detr/detr_deit_tiny_8x1_150e_scannet.py',
    );

  test('is a recipe as it stands, and builds', async () => {
    const { recipe, said } = recipeOf(project());
    expect(said).toEqual([
      expect.stringContaining('../../mmdetection/configs/_base_/default_runtime.py -> _base_'),
      expect.stringMatching(/is written for MMDetection 2.x/),
    ]);
    expect(recipe.config).toMatchObject({
      train_dataloader: {
        batch_size: 1,
        dataset: { data_root: 'data/scannet-frames/', ann_file: 'scannet_objdet_train.json' },
      },
      train_cfg: { max_epochs: 150 },
      optim_wrapper: { paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1, decay_mult: 1 } } } },
      param_scheduler: [{ type: 'MultiStepLR', milestones: [100], end: 150 }],
      default_hooks: { timer: { type: 'IterTimerHook' } },
    });
    const { backbone, neck, bbox_head } = await stages(recipe, [64, 96]);
    expect(backbone.outputs).toEqual([[4, 6, 192]]);
    expect(neck.outputs).toEqual([[4, 6, 192]]);
    expect(bbox_head.type).toBe('DETRHead');
    const { state } = (await recipe.summary({ input: [64, 96] })).summary;
    expect(state.find(({ name }) => name === 'bbox_head.fc_cls.weight')?.shape).toEqual([21, 192]);
  });

  test('weights and all: one image through the model', async () => {
    const { recipe } = recipeOf(project());
    const spy = vi.spyOn(console, 'error').mockImplementation(() => {});
    const model = await recipe
      .set({
        'test_dataloader.dataset.pipeline.1.scale': [96, 64],
        'model.encoder.num_layers': 1,
        'model.decoder.num_layers': 2,
      })
      .build();
    spy.mockRestore();
    const pixels = { data: new Uint8Array(96 * 64 * 3).fill(90), width: 96, height: 64, order: 'rgb' as const };
    const found = [...(await model.predict(pixels, { threshold: 0 }))];
    expect(found.length).toBe(100);
    expect(new Set(found.map((one) => model.classes.includes(one.label)))).toEqual(new Set([true]));
    model.dispose();
  });
});

describe("a dataset of 1.x of one's own", () => {
  const whole = `_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'\n${block('custom-dataset')}`;

  test('CustomDataset is read in the middle format; its file is named where it is not there', async () => {
    const { code, err } = await detlab('train', written(whole));
    expect(code).toBe(3);
    expect(err).toMatch(/custom_train.json/);
    expect(err).not.toMatch(/not translated/);
  });

  test('as CocoDataset, it is a recipe of 3.x', () => {
    const { recipe, said } = recipeOf(
      written(
        whole
          .replace("'CustomDataset'", "'CocoDataset'")
          .replace('train=dict(\n', "train=dict(\nclasses=('a', 'b', 'c', 'd', 'e'),\n"),
      ),
    );
    expect(said).toHaveLength(1);
    const { dataset } = recipe.config.train_dataloader as { dataset: ConfigObject };
    expect(dataset).toMatchObject({
      type: 'CocoDataset',
      data_root: 'data/custom/',
      ann_file: 'annotations/custom_train.json',
      data_prefix: { img: 'custom_train/' },
      metainfo: { classes: ['a', 'b', 'c', 'd', 'e'] },
    });
    expect((dataset.pipeline as ConfigObject[]).map(({ type }) => type)).toEqual([
      'LoadImageFromFile',
      'LoadAnnotations',
      'Resize',
      'RandomFlip',
      'PackDetInputs',
    ]);
    expect(isObject(recipe.config.model) && recipe.config.model.data_preprocessor).toMatchObject({
      pad_size_divisor: 32,
    });
  });
});

test('YOLOv8: a base without its quotes, and with them', async () => {
  const text = block('yolov8-base');
  expect(() => recipeOf(written(text))).toThrow(
    /a path must be quoted. Write 'yolov8_s_syncbn_fast_8xb16-500e_coco.py'/,
  );
  const quoted = text.replace(/= (.*\.py)/, "= '$1'");
  const { recipe } = recipeOf(written(`${quoted}model = dict(backbone=dict(deepen_factor=0.33, widen_factor=0.25))`));
  expect(recipe.config.model).toMatchObject({
    type: 'YOLODetector',
    backbone: { deepen_factor: 0.33, widen_factor: 0.25 },
  });
});

// `recipe.imageSize`: over every shipped config no value of the old size is left and the pipelines build; what cannot be is
// refused.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detector, startEngine } from '../../../src';
import { type ConfigObject, type ConfigValue, isObject, listConfigs, loadConfig } from '../../../src/config';
import { buildPipeline } from '../../../src/data';
import { catalogue } from '../../../src/lab/catalogue';
import { modulesAt, valueAt } from '../../../src/lab/config-access';
import { setImageSize } from '../../../src/lab/image-size/set-image-size';
import { inputSize } from '../../../src/lab/summary';
import { quick, scenes, small } from '../small';

/** The shipped configs, those with equal pipelines, batch augmentations and image sizes of the model once. */
function distinctConfigs(): { name: string; config: ConfigObject }[] {
  const distinct = new Map<string, { name: string; config: ConfigObject }>();
  for (const name of listConfigs().keys()) {
    if (name.endsWith('_tta') || name.startsWith('ssd')) continue;
    const { config } = loadConfig(name);
    if (config.test_dataloader === undefined) continue; // to be inherited from: its users add the data
    const { model, ...rest } = config;
    const parts = [valueAt(config, 'model.data_preprocessor'), valueAt(config, 'model.backbone.img_size'), rest];
    distinct.set(JSON.stringify(parts), { name, config });
  }
  return [...distinct.values()];
}

const configs = distinctConfigs();

/** Paths at which a list of two numbers, or a number under a name of a size, is as given. */
function placesOf(value: ConfigValue, matches: (pair: number[]) => boolean, path = ''): string[] {
  if (Array.isArray(value)) {
    if (value.length === 2 && value.every((v) => typeof v === 'number') && matches(value as number[])) return [path];
    return value.flatMap((v, i) => placesOf(v, matches, `${path}.${i}`));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, v]) =>
    typeof v === 'number' && /^(scale|size|img_scale|img_size|input_size)$/.test(key) && matches([v, v])
      ? [`${path}.${key}`]
      : placesOf(v, matches, `${path}.${key}`),
  );
}

/** The training and test pipelines of a config, datasets within datasets included. */
function pipelines(config: ConfigObject): [path: string, steps: ReturnType<typeof modulesAt>][] {
  const found: [string, ReturnType<typeof modulesAt>][] = [];
  const visit = (path: string): void => {
    const steps = modulesAt(config, `${path}.pipeline`);
    if (steps.at(-1)?.type === 'PackDetInputs') found.push([path, steps]);
    const inner = valueAt(config, `${path}.dataset`);
    if (isObject(inner)) visit(`${path}.dataset`);
  };
  for (const part of ['train', 'val', 'test']) visit(`${part}_dataloader.dataset`);
  return found;
}

/** Tested on whole images of any size, which a transform pads. */
const UNSCALED = [
  'centernet_r18-dcnv2_8xb16-crop512-140e_coco',
  'centripetalnet_hourglass104_16xb6-crop511-210e-mstest_coco',
  'cornernet_hourglass104_8xb6-210e-mstest_coco',
  'ppyoloe_plus_s_fast_8xb8-80e_coco',
];

test.each(UNSCALED)('%s has no size to set: the error says what to add', (name) => {
  const { config } = configs.find((one) => one.name === name)!;
  expect(() => setImageSize(config, [352, 224], name)).toThrow(/no Resize with a scale\. Add \{ type: 'Resize'/);
});

test.each(configs.filter(({ name }) => !UNSCALED.includes(name)))('$name at 352 x 224', ({ name, config }) => {
  const [height, width] = inputSize(config);
  const { config: changed, line } = setImageSize(config, [352, 224], name);
  const old = [width, height];
  // the same pair, in either order, or either side with a border of half of it
  const isOld = (pair: number[]) =>
    [old, [...old].reverse(), old.map((v) => -v / 2)].some((one) => one.join() === pair.join());
  expect(placesOf(config, isOld).length).toBeGreaterThan(2);
  expect(placesOf(changed, isOld)).toEqual([]);
  expect(inputSize(changed)).toEqual([224, 352]);
  expect(line).toMatch(/^image size 352 x 224 \(width x height\) in place of \d+ x \d+: \d+ values set \(.*\bscale/);
  expect(line).not.toMatch(/left at/);
  const before = pipelines(config).map(([path]) => path);
  const after = pipelines(changed);
  expect(after.map(([path]) => path)).toEqual(before);
  for (const [path, steps] of after) expect(() => buildPipeline(steps, catalogue, path)).not.toThrow();
  // aspect semantics, transforms and everything else stay
  const types = (value: ConfigObject) => JSON.stringify(value).match(/"(type|keep_ratio)":[^,}]+/g);
  expect(types(changed)).toEqual(types(config));
  // there and back again, but for rounding
  const { config: again } = setImageSize(changed, old as [number, number], name);
  expect(inputSize(again)).toEqual([height, width]);
});

test('the size a config has already changes nothing', () => {
  for (const name of ['yolox_s_8xb8-300e_coco', 'detr_r50_8xb2-150e_coco', 'rtmdet_s_8xb32-300e_coco', 'ssd300_coco']) {
    const { config } = detector(name);
    const [height, width] = inputSize(config);
    const { config: same, line } = setImageSize(config, [width, height], name);
    expect([name, same, line]).toEqual([name, config, expect.stringMatching(/: nothing to set$/)]);
  }
});

describe('multi-scale training keeps its proportions', () => {
  test('of the sides of DETR, whose crops follow the shorter one', () => {
    const { config } = setImageSize(detector('detr_r50_8xb2-150e_coco').config, [666, 400], 'detr');
    const choice = modulesAt(config, 'train_dataloader.dataset.pipeline').find(({ type }) => type === 'RandomChoice');
    const [[first], [second, crop]] = choice!.transforms as ConfigObject[][];
    expect((first.scales as number[][])[0]).toEqual([240, 666]);
    expect(second.scales).toEqual([200, 250, 300].map((side) => [side, 666]));
    expect(crop).toMatchObject({ crop_type: 'absolute_range', crop_size: [192, 300] });
  });

  test('of mosaics, borders and batches of YOLOX and YOLOv8', () => {
    const x = setImageSize(detector('yolox_s_8xb8-300e_coco').config, 320, 'yolox').config;
    expect(valueAt(x, 'model.data_preprocessor.batch_augments.0.random_size_range')).toEqual([256, 416]);
    const steps = modulesAt(x, 'train_dataloader.dataset.pipeline');
    expect(steps.find(({ type }) => type === 'RandomAffine')?.border).toEqual([-160, -160]);
    expect(x).toMatchObject({
      img_scale: [320, 320],
      img_scales: [
        [320, 320],
        [160, 160],
        [480, 480],
      ],
    });
    const v8 = setImageSize(detector('yolov8_s_syncbn_fast_8xb16-500e_coco').config, 320, 'yolov8').config;
    const hook = modulesAt(v8, 'custom_hooks').find(({ type }) => type.endsWith('PipelineSwitchHook'));
    expect(JSON.stringify(hook)).toMatch(/"LetterResize","scale":\[320,320\]/);
    expect(v8.img_scales).toEqual([
      [320, 320],
      [160, 160],
      [480, 480],
    ]);
  });

  test('of a model that holds the size of the image', () => {
    const { config } = setImageSize(detector('detr_deit-tiny_toytown').config, [640, 480], 'detr');
    expect(valueAt(config, 'model.backbone.img_size')).toEqual([480, 640]);
  });
});

describe('several sizes to train at', () => {
  const trainStep = (config: ConfigObject, type: RegExp) =>
    pipelines(config)[0][1].find((step) => type.test(step.type));
  test('become choices of the training pipeline, the largest is tested', () => {
    const { config, line } = setImageSize(
      detector('retinanet_r50_fpn_1x_coco').config,
      [
        [300, 200],
        [600, 400],
        [450, 300],
      ],
      'r',
    );
    const choice = {
      type: 'RandomChoiceResize',
      scales: [
        [300, 200],
        [600, 400],
        [450, 300],
      ],
      keep_ratio: true,
    };
    expect(trainStep(config, /Resize/)).toEqual(choice);
    expect(inputSize(config)).toEqual([400, 600]);
    expect(line).toMatch(/^image size 300 x 200, 600 x 400, 450 x 300 .*RandomChoiceResize\.scales/);
    const range = setImageSize(
      detector('retinanet_r50_fpn_ms-640-800-3x_coco').config,
      [
        [300, 200],
        [300, 260],
      ],
      'm',
    ).config;
    expect(trainStep(range, /Resize/)).toMatchObject({
      type: 'RandomResize',
      scale: [
        [300, 200],
        [300, 260],
      ],
    });
  });

  test('are drawn by the kind of resize that the config has', () => {
    const { config: written } = detector('retinanet_r50_fpn_1x_coco');
    const given = JSON.parse(JSON.stringify(written).replaceAll('"Resize"', '"FixScaleResize"')) as ConfigObject;
    const sizes: [number, number][] = [
      [300, 200],
      [600, 400],
    ];
    expect(trainStep(setImageSize(given, sizes, 'r').config, /Resize/)).toEqual({
      type: 'RandomChoiceResize',
      scales: sizes,
      resize_type: 'FixScaleResize',
      keep_ratio: true,
    });
  });

  test('are drawn for batches by YOLOX, by the last resize of each branch by DETR, and by no canvas', () => {
    const x = setImageSize(
      detector('yolox_s_8xb8-300e_coco').config,
      [
        [320, 320],
        [416, 416],
      ],
      'yolox',
    ).config;
    expect(valueAt(x, 'model.data_preprocessor.batch_augments.0.random_size_range')).toEqual([320, 416]);
    const detr = setImageSize(
      detector('detr_r50_8xb2-150e_coco').config,
      [
        [320, 320],
        [416, 416],
      ],
      'detr',
    ).config;
    const branches = trainStep(detr, /RandomChoice$/)?.transforms as ConfigObject[][];
    for (const branch of branches)
      expect(branch.at(-1)?.scales).toEqual([
        [320, 320],
        [416, 416],
      ]);
    expect(() =>
      setImageSize(
        detector('rtmdet_s_8xb32-300e_coco').config,
        [
          [320, 320],
          [416, 416],
        ],
        'rtmdet',
      ),
    ).toThrow(
      /Cannot train rtmdet at 2 image sizes: its training images fill one canvas \(CachedMosaic\)\. Give one size/,
    );
  });
});

describe('refused', () => {
  test('sizes that are none', () => {
    for (const size of [0, 31, 320.5, [320], [320, -1], [[320, 320], 5], 'large', []])
      expect(() => setImageSize(small().config, size as never, 'x')).toThrow(
        /expected a whole number of at least 32 pixels/,
      );
  });

  test('what SSD is not made for, naming the config that is', () => {
    expect(() => detector('ssd300_coco').imageSize(320)).toThrow(
      /Cannot set the image size of ssd300_coco to 320 x 320: SSD's anchors and extra layers are made for 300 x 300 alone\. There are ssd300_coco and ssd512_coco/,
    );
    expect(() => detector('ssd300_coco').imageSize(512)).toThrow(/Use detector\('ssd512_coco'\)/);
  });

  test('sides that a network without padding cannot halve', () => {
    for (const name of ['rtmdet_s_8xb32-300e_coco', 'yolov8_s_syncbn_fast_8xb16-500e_coco'])
      expect(() => detector(name).imageSize([300, 320])).toThrow(
        /expected multiples of 32, received 300\. The nearest is 288/,
      );
    expect(() => detector('yolox_s_8xb8-300e_coco').imageSize(300)).not.toThrow();
  });

  test('a config whose test images are not resized', () => {
    const recipe = small().set({ 'test_dataloader.dataset.pipeline': [{ type: 'LoadImageFromFile' }] });
    expect(() => setImageSize({ ...recipe.config, val_dataloader: {}, test_pipeline: [] }, 320, 'x')).toThrow(
      /test pipeline .* has no Resize with a scale/,
    );
  });
});

test('a transform that is not known to hold a size is named', () => {
  const { config } = small();
  const steps = [...modulesAt(config, 'train_pipeline'), { type: 'UserCrop', window: [96, 64] }];
  const { line } = setImageSize({ ...config, train_pipeline: steps as never }, [48, 32], 'x');
  expect(line).toMatch(/left at 96 x 64, not known to hold an image size: UserCrop\.window/);
});

test('a run at another size says so in its log, and its model predicts at it', async () => {
  await startEngine();
  const folder = mkdtempSync(join(tmpdir(), 'detlab-size-'));
  try {
    const data = await scenes(folder);
    const lines: string[] = [];
    const run = await small().fit(data, {
      ...quick,
      epochs: 1,
      imageSize: [64, 48],
      log: (line) => void lines.push(line),
    });
    expect(lines.join('\n')).toMatch(/image size 64 x 48 \(width x height\) in place of 96 x 64: \d+ values set/);
    expect(inputSize(run.model.config)).toEqual([48, 64]);
    expect(String(small().imageSize([64, 48]))).toMatch(/scale: \[64, 48\]/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

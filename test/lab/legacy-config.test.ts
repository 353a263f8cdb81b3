// Configs of MMDetection 1.x and 2.x where a recipe starts: read in the words of 3.x, with a line that says so.

import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { type ConfigObject, loadConfig, migrateConfig } from '../../src/config';
import { detector } from '../../src/lab/detector';
import { detlab } from '../cli/detlab';
import { scratch } from '../config/scratch';

const old = path.join(__dirname, '../golden/old-configs/2.x/birds/retinanet_r18_fpn_24e_birds.py');

/** What `work` says on the way. */
function saying<T>(work: () => T): [T, string[]] {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(String(line)));
  try {
    return [work(), lines];
  } finally {
    spy.mockRestore();
  }
}

test('a file of 2.x is a recipe', async () => {
  const [recipe, said] = saying(() => detector(old));
  expect(said).toEqual([
    expect.stringMatching(
      /is written for MMDetection 2.x and is read as 3.x \(\d+ changes\).*detlab config migrate .*-o NEW.ts$/,
    ),
  ]);
  expect(recipe.config).toEqual(migrateConfig(loadConfig(old).config).config);
  const { summary } = await recipe.summary({ input: [64, 64] });
  expect(summary.stages.map(({ path }) => path)).toEqual(expect.arrayContaining(['backbone', 'neck', 'bbox_head']));
});

test('options may be of either dialect, and those of 3.x are laid over the translation', () => {
  const [recipe] = saying(() =>
    detector(old, { options: ['data.samples_per_gpu=7', 'optim_wrapper.optimizer.lr=0.5', 'model.neck.num_outs=6'] }),
  );
  expect(recipe.config).toMatchObject({
    train_dataloader: { batch_size: 7 },
    optim_wrapper: { type: 'AmpOptimWrapper', optimizer: { type: 'SGD', lr: 0.5 } },
    model: { neck: { num_outs: 6 } },
  });
});

test('an object of 2.x, and what could not be translated of it', () => {
  const given: ConfigObject = {
    model: { type: 'RetinaNet', pretrained: null },
    optimizer: { type: 'SGD', lr: 0.1 },
    lr_config: { policy: 'inv' },
  };
  const [recipe, said] = saying(() => detector(given));
  expect(said).toEqual([
    expect.stringMatching(/^this config is written for MMDetection 2.x/),
    expect.stringMatching(/^not translated: lr_config.policy: inv has no counterpart/),
  ]);
  expect(recipe.config.optim_wrapper).toEqual({ type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.1 } });
  expect(given).toHaveProperty('lr_config');
});

test('a config of 3.x says nothing, and old names of packages are renewed', () => {
  const [, said] = saying(() => detector('retinanet_r18_fpn_1x_coco'));
  expect(said).toEqual([]);
  const [recipe] = saying(() => detector({ model: { type: 'DETR', backbone: { type: 'mmcls.VisionTransformer' } } }));
  expect(recipe.config.model).toMatchObject({ backbone: { type: 'mmpretrain.VisionTransformer' } });
});

test('detlab summary takes it too', async () => {
  const { code, out, err } = await detlab('summary', old, '--input', '64x64');
  expect(code).toBe(0);
  expect(err).toMatch(/is read as 3.x/);
  expect(out).toMatch(/bbox_head {2}RetinaHead/);
});

test('of another task it is refused', () => {
  const folder = scratch({ 'a.py': "model = dict(type='MaskFormer')\ndata = dict(samples_per_gpu=1)" });
  expect(() => saying(() => detector(path.join(folder, 'a.py')))).toThrow(/panoptic segmentation \(MaskFormer\)/);
});

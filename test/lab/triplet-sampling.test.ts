// A whole run of ReID: crops of persons from their lists to batches of triplets, both losses, and the metrics of what was learned.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector, type LabDataset, startEngine } from '../../src';
import { configuredData } from '../../src/lab/config-data';
import type { Settings } from '../../src/lab/setting-paths';
import { Random } from '../../src/random';

const folder = mkdtempSync(join(tmpdir(), 'detlab-reid-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [PERSONS, OF_TRAIN, OF_VAL] = [4, 6, 3];
const [WIDTH, HEIGHT] = [32, 64];

/** Noise around one colour of any kind, with a dark bar whose height in the image is the person's. */
async function crop(file: string, person: number, random: Random): Promise<void> {
  const colour = [0, 1, 2].map(() => 90 + random.integer(130));
  const top = 6 + 14 * person + random.integer(4);
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const row = Math.floor(i / (3 * WIDTH));
    return row >= top && row < top + 8 ? random.integer(40) : colour[i % 3] + random.integer(30);
  });
  await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).toFile(file);
}

const recipe = detector('reid_r50_8xb32-6e_mot17train80_test-mot17val20').set({
  ...Object.fromEntries(
    [
      ['train', 'train.txt'],
      ['val', 'val.txt'],
    ].flatMap(([part, list]) => [
      [`${part}_dataloader.dataset.data_root`, folder],
      [`${part}_dataloader.dataset.ann_file`, list],
      [`${part}_dataloader.dataset.data_prefix.img_path`, 'imgs'],
    ]),
  ),
  'train_dataloader.dataset.triplet_sampler': { num_ids: PERSONS, ins_per_id: 2 },
  'train_dataloader.dataset.pipeline.0.transforms.1.scale': [WIDTH, HEIGHT],
  'val_dataloader.dataset.pipeline.1.scale': [WIDTH, HEIGHT],
  'optim_wrapper.optimizer.lr': 0.02,
  'model.init_cfg': null,
  'model.backbone.depth': 18,
  'model.backbone.base_channels': 8,
  'model.neck.kernel_size': [2, 1],
  'model.head.in_channels': 64,
  'model.head.fc_channels': 32,
  'model.head.out_channels': 16,
  'model.head.num_classes': PERSONS,
} as Settings);

let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  mkdirSync(join(folder, 'imgs'));
  const random = Random.seeded(4);
  for (const [list, count] of [
    ['train', OF_TRAIN],
    ['val', OF_VAL],
  ] as const) {
    const lines: string[] = [];
    for (let person = 0; person < PERSONS; person++)
      for (let i = 0; i < count; i++) {
        const name = `${list} ${person}-${i}.png`;
        await crop(join(folder, 'imgs', name), person, random);
        lines.push(`${name} ${person}`);
      }
    writeFileSync(join(folder, `${list}.txt`), `${lines.join('\n')}\n`);
  }
  data = await configuredData(recipe.config, recipe.name);
});

test('a run learns to tell persons apart, and its file keeps what it learned', async () => {
  const untrained = await recipe.classes(data.classes).build({ seed: 1 });
  const before = (await untrained.evaluate(data)).metrics.mAP;
  untrained.dispose();
  const run = await recipe.fit(data, { epochs: 4, seed: 1, workers: 0, workDir: false, log: () => {} });
  const { train } = run.history;
  // a batch is the triplets of one image
  expect(train.at(-1)).toMatchObject({ epoch: 4, step: 4 * PERSONS * OF_TRAIN });
  for (const record of train)
    for (const name of ['loss', 'triplet_loss', 'ce_loss'])
      expect(Number.isFinite(record[name]) && Number(record[name]) >= 0, name).toBe(true);
  expect(train.at(-1)!.loss).toBeLessThan(train[0].loss / 2);

  const { metrics } = run.report!;
  expect(Object.keys(metrics)).toEqual(['mAP', 'R1', 'R5', 'R10', 'R20']);
  expect(before).toBeLessThan(0.8);
  expect(metrics.mAP).toBeGreaterThan(0.95);

  const file = join(folder, 'reid.pth');
  await run.model.save(file);
  const again = await recipe.load(file);
  expect((await again.evaluate(data)).metrics).toEqual((await run.model.evaluate(data)).metrics);
  again.dispose();
  run.model.dispose();
});

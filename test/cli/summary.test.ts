// Names, shapes and order of every parameter and buffer, as `detlab summary --json` lists them, equal to MMDetection's.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { detlab } from './detlab';

const golden = join(__dirname, '../golden');
const folder = mkdtempSync(join(tmpdir(), 'detlab-parameters-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['faster_r50_fpn', 'config_faster_r50_fpn_1x.json'],
  ['faster_r50_pafpn', 'config_faster_r50_pafpn.json'],
  ['retinanet_r50_fpn', 'config_retinanet_r50.json'],
  ['mask_r50_fpn', 'config_mask_rcnn_r50.json'],
])('%s', async (name, config) => {
  const params = JSON.parse(readFileSync(join(golden, `params_${name}.json`), 'utf8'));
  const file = join(folder, config);
  const { model } = JSON.parse(readFileSync(join(golden, config), 'utf8')).merged;
  writeFileSync(file, JSON.stringify({ model }));
  const { code, err, lines } = await detlab('summary', file, '--json');
  expect([code, err]).toEqual([0, '']);
  const [{ state, parameters, trainable }] = lines();
  expect(state.map((entry: { name: string; shape: number[] }) => [entry.name, entry.shape])).toEqual(
    params.state_dict_order,
  );
  expect([parameters, trainable]).toEqual([params.total, params.trainable_after_freeze]);
});

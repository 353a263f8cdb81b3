// Ensembles saved to a folder and loaded from it.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ensemble, ensemble, Model } from '../../src';
import { small } from './small';

const root = mkdtempSync(path.join(tmpdir(), 'detlab-ensemble-'));
const image = { data: new Uint8Array(64 * 96 * 3).map((_, i) => (i * 7) % 251), width: 96, height: 64 };
let [one, two]: Model[] = [];
beforeAll(async () => {
  one = await small().classes(['a', 'b']).build({ seed: 1 });
  two = await small().neck('PAFPN').classes(['a', 'b']).build({ seed: 2 });
});
afterAll(() => {
  one.dispose();
  two.dispose();
  rmSync(root, { recursive: true, force: true });
});

const plain = (found: Iterable<{ score: number; bbox: number[] }>) =>
  Array.from(found, ({ score, bbox }) => [score, ...bbox]);

it('predicts the same from its folder, whose files are models', async () => {
  const both = ensemble([one, two], { weights: [2, 1], score: 0.02 });
  const folder = both.save(path.join(root, 'both'));
  expect(readdirSync(folder).sort()).toEqual(['ensemble.json', 'model-1.safetensors', 'model-2.safetensors']);
  const loaded = await Ensemble.load(folder);
  expect(plain(await loaded.predict(image))).toEqual(plain(await both.predict(image)));
  expect(String(loaded)).toBe(String(both));
  const second = await Model.load(path.join(folder, 'model-2.safetensors'));
  expect(plain(await second.predict(image))).toEqual(plain(await two.predict(image)));
  for (const model of [...loaded.models, second]) model.dispose();
});

it('streams as a model does', async () => {
  const both = ensemble([one, two]);
  const found = [];
  for await (const frame of both.stream([image, image])) found.push(plain(frame));
  expect(found).toEqual([plain(await both.predict(image)), plain(await both.predict(image))]);
  expect(() => both.stream([image], { bach: 2 } as never)).toThrow(/Did you mean "batch"/);
});

it('is a folder, not a file', () => {
  expect(() => ensemble([one, two]).save(path.join(root, 'both.safetensors'))).toThrow(
    /expected a folder, "ensemble\/"/,
  );
  expect(existsSync(path.join(root, 'both.safetensors'))).toBe(false);
});

it.each([
  ['{', /is no JSON/],
  ['null', /expected \{ "models"/],
  ['{"models": ["../both/model-1.safetensors", "model-2.safetensors"]}', /names of files in the folder/],
  ['{"models": [".."]}', /names of files in the folder/],
  ['{"models": [1, 2]}', /names of files in the folder/],
  ['{"models": ["model-1.safetensors"]}', /at least two models, received 1/],
  ['{"models": ["model-1.safetensors", "model-3.safetensors"]}', /Cannot find the model/],
  ['{"models": ["model-1.safetensors", "model-2.safetensors"], "options": {"merge": "wfb"}}', /merge/],
])('a list that is damaged or not its own: %s', async (text, message) => {
  const folder = ensemble([one, two]).save(path.join(root, 'damaged'));
  const list = path.join(folder, 'ensemble.json');
  expect(JSON.parse(readFileSync(list, 'utf8')).models).toHaveLength(2);
  writeFileSync(list, text);
  await expect(Ensemble.load(folder)).rejects.toThrow(message);
});

it('a folder of a single model says how that is loaded', async () => {
  await expect(Ensemble.load(root)).rejects.toThrow(/it has no ensemble\.json.*Model\.load/);
});

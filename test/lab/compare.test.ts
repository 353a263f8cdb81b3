// Recipes trained for several seeds: a folder each, mean and spread, and verdicts.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Comparison, compare, free, type LabDataset, startEngine } from '../../src';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-compare-'));
let data: LabDataset;
let result: Comparison;
beforeAll(async () => {
  await startEngine();
  data = (await scenes(folder)).take(4);
  const recipes = { FPN: small(), PAFPN: small().neck('PAFPN') };
  result = await compare(recipes).fit(data, { ...quick, epochs: 1, workDir: join(folder, 'runs'), seeds: [1, 5] });
});
afterAll(() => {
  free(result);
  rmSync(folder, { recursive: true });
});

test('each run is in a folder of its own', () => {
  for (const name of ['FPN', 'PAFPN'])
    for (const seed of [1, 5])
      expect(existsSync(join(folder, 'runs', name, `seed_${seed}`, 'scalars.jsonl'))).toBe(true);
  expect(Object.values(result.all).map((runs) => runs.length)).toEqual([2, 2]);
  expect(result.runs.FPN).toBe(result.all.FPN[0]);
  const losses = result.all.FPN.map(({ history }) => history.train[0].loss);
  expect(losses[0]).not.toBe(losses[1]);
  expect(result.interrupted).toBe(false);
});

test('table, chart, verdicts and files', async () => {
  expect(String(result)).toMatch(/^AP +0\.\d{3} ± 0\.\d{3}.* 0\.\d{3} ± 0\.\d{3}/m);
  expect(String(result)).toContain('mean ± standard deviation of 2 runs each');
  expect(String(result)).toMatch(/PAFPN (and FPN are not told apart|is (better|worse) than FPN): AP/);
  const html = String((await result[JUPYTER_DISPLAY]())['text/html']);
  expect(html).toContain('comparison chart');
  expect(html).toContain('PAFPN compared with FPN');
  const csv = readFileSync(await result.save(join(folder, 'c.csv')), 'utf8');
  expect(csv).toContain(`PAFPN,1,AP,,${result.all.PAFPN[1].report!.metrics.AP}\r\n`);
  const json = JSON.parse(readFileSync(await result.save(join(folder, 'c.json')), 'utf8'));
  expect(json.recipes.map(({ name }: { name: string }) => name)).toEqual(['FPN', 'PAFPN']);
  expect(json.differences.comparisons[0].other).toBe('PAFPN');
  for (const name of ['c.png', 'c.svg', 'c.html']) expect(existsSync(await result.save(join(folder, name)))).toBe(true);
});

test('seeds that are none are refused before anything is trained', async () => {
  const fit = (options: object) => compare({ FPN: small() }).fit(data, { ...quick, ...options });
  await expect(fit({ seeds: 0 })).rejects.toThrow(/seeds: expected int > 0 \| list of int >= 0, received the number 0/);
  await expect(fit({ seeds: [1, 1] })).rejects.toThrow(/seeds \[1, 1\]: expected distinct integers/);
  await expect(fit({ seeds: [1, 2], seed: 3 })).rejects.toThrow(/seed 3 and seeds \[1, 2\]: expected one of them/);
});

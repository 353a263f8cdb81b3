// A module loaded with the code of an earlier start: the same module, and nothing of a file that does not fit.

import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCompiled } from '../../../../kernels/jupyter/compiler/compiled-typescript';

const folder = mkdtempSync(join(tmpdir(), 'detlab-compiled-'));
const path = join(folder, 'module.js');
const cache = join(folder, 'cache');
const caches = () => readdirSync(cache).map((name) => join(cache, name));
const require = createRequire(path);
const load = () => {
  delete require.cache[path];
  const loaded = loadCompiled(path, cache);
  return { ...loaded, exported: require(path) as { twice(n: number): number; directory: string; first: number } };
};

beforeAll(() =>
  writeFileSync(
    path,
    "const { join } = require('node:path');\nexports.twice = (n) => 2 * n;\nexports.directory = join(__dirname, '');\nexports.first = 1;\n",
  ),
);
afterAll(() => rmSync(folder, { recursive: true }));

it('uses the code of the last start', () => {
  const first = load();
  expect(first.fromCache).toBe(false);
  expect(first.exported.twice(3)).toBe(6);
  first.keep();
  const second = load();
  expect(second.fromCache).toBe(true);
  expect(second.exported).toMatchObject({ directory: folder, first: 1 });
  expect(second.exported.twice(4)).toBe(8);
});

it('loads the module itself where the code is damaged, or of another version of it', () => {
  const [file] = caches();
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length / 2));
  expect(load().fromCache).toBe(false);
  writeFileSync(file, bytes);
  expect(load().fromCache).toBe(true);
  writeFileSync(path, readFileSync(path, 'utf8').replace('first = 1', 'first = 2'));
  utimesSync(path, new Date(), new Date(Date.now() - 60_000));
  const changed = load();
  expect([changed.fromCache, changed.exported.first]).toEqual([false, 2]);
  changed.keep();
  expect(caches()).toHaveLength(1);
  expect(load()).toMatchObject({ fromCache: true, exported: { first: 2 } });
});

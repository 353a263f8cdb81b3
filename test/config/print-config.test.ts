// Printed as Python, TypeScript or JSON, every config of the project reads back to the same values.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listConfigs, loadConfig, printConfig, printDict, readConfigFile } from '../../src/config';
import { sampled } from '../slow-cases';
import { complaint, scratch } from './scratch';

test('configs read back equal from each of their printed forms', () => {
  const folder = scratch({});
  for (const [name, [file]] of sampled([...listConfigs()], 3)) {
    const { dict, config } = readConfigFile(file);
    for (const format of ['py', 'ts', 'json'] as const) {
      const printed = path.join(folder, `${name}.${format}`);
      writeFileSync(printed, printDict(dict, format));
      expect([name, format, readConfigFile(printed).config]).toEqual([name, format, config]);
    }
  }
});

test('a printed config reads back to the same values', () => {
  const odd = {
    'a-b': 'it\'s "quoted"\n\\',
    n: [1e-5, -0, 1e21, Number.NEGATIVE_INFINITY],
    empty: { list: [], object: {} },
    no: null,
    yes: true,
  };
  for (const config of [loadConfig('faster-rcnn_r50_fpn_1x_coco').config, odd]) {
    const folder = scratch({ 'p.ts': printConfig(config), 'p.json': printConfig(config, 'json') });
    expect(readConfigFile(path.join(folder, 'p.ts')).config).toEqual(config);
    expect(readConfigFile(path.join(folder, 'p.json')).config).toEqual(config);
    expect(JSON.parse(printConfig(config, 'json'))).toEqual(config);
  }
  expect(printConfig({ model: { type: 'FPN', num_outs: 5 }, 'x-y': "it's" })).toBe(
    "import { defineConfig } from 'detlab';\n\nexport default defineConfig({\n  model: { type: 'FPN', num_outs: 5 },\n  'x-y': 'it\\'s',\n});\n",
  );
  expect(complaint(() => printConfig({ a: Number.NaN }, 'json'))).toMatch(/it contains NaN/);
});

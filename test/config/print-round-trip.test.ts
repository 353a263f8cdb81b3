// Printed as Python, TypeScript or JSON, every config of the project reads back to the same values.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listConfigs, printDict, readConfigFile } from '../../src/config';
import { scratch } from './scratch';

test('every config reads back equal from each of its printed forms', () => {
  const folder = scratch({});
  for (const [name, [file]] of listConfigs()) {
    const { dict, config } = readConfigFile(file);
    for (const format of ['py', 'ts', 'json'] as const) {
      const printed = path.join(folder, `${name}.${format}`);
      writeFileSync(printed, printDict(dict, format));
      expect([name, format, readConfigFile(printed).config]).toEqual([name, format, config]);
    }
  }
});

// The notebooks with the models and images that they show, for one epoch each.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, test } from 'vitest';
import { checkExecution, notebooks } from './notebooks/executed';
import { reducedNotebook, SMALLER } from './notebooks/reductions';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-notebooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.keys(SMALLER))('%s runs with whole models', { timeout: 900_000 }, (name) => {
  checkExecution(name, reducedNotebook(name, readFileSync(path.join(notebooks, name), 'utf8')), folder);
});

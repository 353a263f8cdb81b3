// The notebooks with the models and images that they show, for one epoch each.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, test } from 'vitest';
import { hasFfmpeg } from './ffmpeg';
import { checkExecution, notebooks, WITH_CLIPS } from './notebooks/executed';
import { reducedNotebook, SMALLER } from './notebooks/reductions';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-notebooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.for(Object.keys(SMALLER))('%s runs with whole models', { timeout: 900_000 }, (name, { skip }) => {
  skip(WITH_CLIPS.includes(name) && !hasFfmpeg, 'ffmpeg is not installed');
  checkExecution(name, reducedNotebook(name, readFileSync(path.join(notebooks, name), 'utf8')), folder);
});

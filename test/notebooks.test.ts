// Every notebook in notebooks/ is committed with its outputs and runs from top to bottom, here on a reduced schedule: one of
// each kind; with DETLAB_SLOW all of them, and in notebooks.slow.test.ts with whole models.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../src/paths';
import { hasFfmpeg } from './ffmpeg';
import { checkExecution, codeCells, notebooks, WITH_CLIPS } from './notebooks/executed';
import { reducedNotebook, SMALLER } from './notebooks/reductions';
import { slowCases } from './slow-cases';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-notebooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = readdirSync(notebooks).filter((name) => name.endsWith('.ipynb'));

test.each(names)('%s is committed as it was executed, without paths of the machine', (name) => {
  const committed = codeCells(path.join(notebooks, name));
  expect(committed.map((c) => c.execution_count)).toEqual(committed.map((_, i) => i + 1));
  const written = JSON.stringify(
    committed.flatMap((c) => c.outputs ?? []).map((o) => ({ ...o, data: { ...o.data, 'image/png': '' } })),
  );
  expect(written).not.toContain(packageRoot);
  const fails = committed.map((c) => c.outputs?.some((o) => o.output_type === 'error') ?? false);
  expect(fails).toEqual(committed.map((c) => c.metadata?.tags?.includes('raises-exception') ?? false));
});

/** The language, training and errors, what becomes of a model, and the tools of a training; the tour runs in JupyterLab. */
const ONE_OF_A_KIND = [
  '00-typescript.ipynb',
  '05-where-does-it-err.ipynb',
  '08-take-it-away.ipynb',
  '10-train-it-well.ipynb',
];

test.for([...ONE_OF_A_KIND, ...slowCases(names.filter((name) => !ONE_OF_A_KIND.includes(name)))])(
  '%s runs from top to bottom',
  { timeout: 600_000 },
  (name, { skip }) => {
    skip(WITH_CLIPS.includes(name) && !hasFfmpeg, 'ffmpeg is not installed');
    const json = readFileSync(path.join(notebooks, name), 'utf8');
    checkExecution(name, reducedNotebook(name, json, SMALLER[name]), folder);
  },
);

test('the committed tour ends with an AP above 0.35 for both necks', () => {
  const outputs = codeCells(path.join(notebooks, '01-tour.ipynb')).flatMap((c) => c.outputs ?? []);
  const shown = outputs.map((o) => [o.data?.['text/plain'] ?? ''].flat().join('')).join('\n');
  const [, ...values] = /^AP +(0\.\d+)[ *]+(0\.\d+)/m.exec(shown) ?? [];
  expect(values).toHaveLength(2);
  expect(Math.min(...values.map(Number))).toBeGreaterThan(0.35);
});

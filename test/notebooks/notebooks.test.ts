// Every notebook in notebooks/ is committed with its outputs and runs from top to bottom, here on a reduced schedule.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/paths';
import { reducedNotebook } from './reductions';

interface Output {
  output_type: string;
  data?: Record<string, unknown>;
  name?: string;
  text?: string | string[];
  traceback?: string[];
}
interface Cell {
  cell_type: string;
  source: string | string[];
  outputs?: Output[];
  execution_count?: number | null;
  metadata?: { tags?: string[] };
}

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-notebooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = (value: string | string[]) => (Array.isArray(value) ? value.join('') : value);
const read = (file: string): { cells: Cell[] } => JSON.parse(readFileSync(file, 'utf8'));
const code = ({ cells }: { cells: Cell[] }) => cells.filter((c) => c.cell_type === 'code');
const names = readdirSync(path.join(packageRoot, 'notebooks')).filter((name) => name.endsWith('.ipynb'));

const jupyter = existsSync(path.join(packageRoot, '.venv/share/jupyter/kernels/detlab/kernel.json'));
const runner = jupyter
  ? [path.join(packageRoot, '.venv/bin/python'), path.join(packageRoot, 'scripts/run_notebook.py')]
  : [process.execPath, path.join(packageRoot, 'dist/kernels/jupyter/run-notebook.js')];

test.each(names)('%s is committed as it was executed, without paths of the machine', (name) => {
  const committed = read(path.join(packageRoot, 'notebooks', name));
  expect(code(committed).map((c) => c.execution_count)).toEqual(code(committed).map((_, i) => i + 1));
  const written = JSON.stringify(
    code(committed)
      .flatMap((c) => c.outputs ?? [])
      .map((o) => ({ ...o, data: { ...o.data, 'image/png': '' } })),
  );
  expect(written).not.toContain(packageRoot);
  const fails = (cell: Cell) => cell.outputs?.some((o) => o.output_type === 'error') ?? false;
  const isMeant = (cell: Cell) => cell.metadata?.tags?.includes('raises-exception') ?? false;
  expect(code(committed).map(fails)).toEqual(code(committed).map(isMeant));
});

test.each(names)('%s runs from top to bottom', { timeout: 600_000 }, (name) => {
  const source = reducedNotebook(name, readFileSync(path.join(packageRoot, 'notebooks', name), 'utf8'));
  const files = [name, `done-${name}`, `${name}.html`].map((file) => path.join(folder, file));
  writeFileSync(files[0], source);
  const run = spawnSync(runner[0], [...runner.slice(1), ...files], { encoding: 'utf8', cwd: folder });
  expect(run.status, `${run.stdout.slice(-2000)}\n${run.stderr.slice(-2000)}`).toBe(0);

  // every kind of output a cell had when it was committed is there again
  const kinds = (file: string) =>
    code(read(file)).map((c) => [...new Set((c.outputs ?? []).flatMap((o) => Object.keys(o.data ?? {})))].sort());
  expect(kinds(files[1])).toEqual(kinds(path.join(packageRoot, 'notebooks', name)));
  const results = code(read(files[1])).flatMap((c) => c.outputs ?? []);
  const shown = results.map((o) => text((o.data?.['text/plain'] as string) ?? '')).join('\n');
  const printed = results.map((o) => text(o.text ?? '')).join('');
  if (name === '00-typescript.ipynb') {
    const errors = results.flatMap((o) => o.traceback ?? []).join('\n');
    expect(errors).toContain("2:26 - Cannot find name 'scroes'. Did you mean 'scores'? (TS2552)");
    expect(errors).toMatch(/RangeError: 0.91 looks too good\n\s+at check \(cell\[\d+\]:4:26\)/);
    expect(printed).toContain(`from a shell\n${process.version}`);
  }
  if (name === '02-necks.ipynb') {
    expect(shown).toMatch(/stack_times: required/);
    expect(printed).toMatch(/Cannot place priors at model.rpn_head/);
    expect(shown).toMatch(
      /Comparison\n.*FPN .*PAFPN .*NASFPN .*FPG .*FPN_DropBlock .*FPN \+ BFP .*AugFPN .*WeightedFPN/,
    );
  }
  if (name === '03-detr-deit.ipynb') {
    expect(printed).toMatch(/is written for MMDetection 2\.x and is read as 3\.x/);
    expect(printed).toMatch(/positional_encoding\.num_feats must be 96, received 128/);
    expect(shown).toMatch(/backbone +VisionTransformer .*15×20×192.*frozen/);
    expect(shown).toMatch(/AP50/);
  }
  if (name === '04-yolov8.ipynb') {
    expect(printed).toMatch(/yolov8_n depth x 0\.33 +width x 0\.25 +3\.2 M[\s\S]*yolov8_x .* 68\.2 M/);
    expect(printed).toMatch(/yolov8_s_syncbn_fast_8xb16-500e_coco/);
    expect(shown).toMatch(/AP50/);
    expect(shown).toMatch(/\.stage3.*frozen/);
  }
  if (name === '01-tour.ipynb') {
    expect(shown).toMatch(/AP50/);
    expect(shown).toMatch(/Comparison/);
    expect(shown).toMatch(/layer2 .*frozen/);
    expect(readFileSync(files[2], 'utf8')).toContain('data:image/png;base64,');
  }
});

// 2,000 sets made by test/golden/generate/metrics.py, in a Python environment of its own (two minutes). The table that it prints is in
// src/evaluation/README.md. With DETLAB_REFERENCE_SETS, a file of sets that were made before; MMDetection's metrics are compared where the
// Python that made it had mmdet.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { compareWithReferences } from './reference-comparison';
import type { ReferenceSet } from './reference-sets';

const PACKAGES = ['numpy', 'pycocotools==2.0.11', 'faster-coco-eval==1.8.0', 'hotcoco==1.3.0', 'lvis==0.5.3'];

function generated(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-differential-'));
  try {
    const python = path.join(folder, 'venv', 'bin', 'python');
    execFileSync('python3', ['-m', 'venv', path.join(folder, 'venv')]);
    execFileSync(python, ['-m', 'pip', 'install', '-q', ...PACKAGES]);
    const script = path.join(__dirname, '../golden/generate/metrics.py');
    execFileSync(python, [script, '2000', path.join(folder, 'sets.json'), '18']);
    return readFileSync(path.join(folder, 'sets.json'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('2,000 sets', async () => {
  const file = process.env.DETLAB_REFERENCE_SETS;
  const sets = JSON.parse(file ? readFileSync(file, 'utf8') : generated()) as ReferenceSet[];
  const counts = new Map<string, number>();
  for (const set of sets)
    for (const { reference, kind, result } of await compareWithReferences(set)) {
      const row = `| ${reference} | ${result === 'equal' ? 'all' : kind} | ${result} |`;
      counts.set(row, (counts.get(row) ?? 0) + 1);
    }
  const rows = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([row, count]) => `${row} ${count} |`);
  console.log(['| reference | sets | result | count |', '|---|---|---|---|', ...rows].join('\n'));
  expect(rows.filter((row) => row.includes('| different |'))).toEqual([]);
}, 1_800_000);

// Proposals from a file.

import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withProposals } from '../../../src/data/datasets/proposal-file';
import { record } from '../transforms/outlined';

it('come from a file by folder and name', async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'detlab-proposals-'));
  const file = path.join(dir, 'p.json');
  const data = { name: 'x', classes: ['a'], records: [record], problems: [] };
  writeFileSync(file, JSON.stringify({ 'val/one.png': { bboxes: [[1, 2, 3, 4]], scores: [0.5] } }));
  expect([...(await withProposals(data, file)).records[0].proposals!.bboxes]).toEqual([1, 2, 3, 4]);
  writeFileSync(file, JSON.stringify({ 'val/two.png': { bboxes: [], scores: [] } }));
  await expect(withProposals(data, file)).rejects.toThrow(/none for "val\/one\.png"/);
  await expect(withProposals(data, 'p.pkl')).rejects.toThrow(/expected a \.json file/);
});

// A data set whose files are not there: what is missing is said in a sentence, never by the system's own error.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, test } from 'vitest';
import { readBounded } from '../../../src/data/loading/bounded-read';
import { catalogue } from '../../../src/lab/catalogue';

const folder = mkdtempSync(join(tmpdir(), 'detlab-missing-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(catalogue.types('dataset'))('%s', async (type) => {
  // an example is an expression; its data lies in no folder of the tests
  const config = runInNewContext(`(${catalogue.get('dataset', type).example})`);
  const load = async () => {
    const dataset = catalogue.build('dataset', config, { path: 'train_dataloader.dataset' });
    const { records, problems } = await dataset.load();
    // a folder of images and truths may be empty: that is told
    expect(records).toHaveLength(0);
    expect(problems.length).toBeGreaterThan(0);
  };
  const said = await load().then(
    () => '',
    (error: Error) => error.message,
  );
  expect(said).not.toMatch(/ENOENT|ENOTDIR|no such file or directory/);
  expect(said === '' || /^Cannot /.test(said)).toBe(true);
});

test('which part of a path is missing, and what is near it', async () => {
  mkdirSync(join(folder, 'annotations'));
  writeFileSync(join(folder, 'annotations', 'train.txt'), '');
  const read = (...path: string[]) => readBounded(join(folder, ...path), 10);
  await expect(read('annotations', 'trian.txt')).rejects.toMatchObject({
    message: `Cannot read "${join(folder, 'annotations', 'trian.txt')}": there is no such file. Did you mean ${JSON.stringify(join(folder, 'annotations', 'train.txt'))}?`,
    code: 'ENOENT',
  });
  await expect(read('anotations', 'deep', 'train.txt')).rejects.toThrow(
    `there is no folder "${join(folder, 'anotations')}". Did you mean ${JSON.stringify(join(folder, 'annotations'))}?`,
  );
});

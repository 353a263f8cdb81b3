// Data sets of long-tailed and crowded benchmarks read what MMDetection's read of the same files (generate/long_tail_data.py).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { DATASETS } from '../../../src/data/datasets/list';
import { goldenJson } from '../../golden-data';
import { greyImages } from './cases';

interface Expected {
  config: ModuleConfig;
  classes: string[];
  ancestors?: number[][];
  images: {
    file: string;
    size: [number, number];
    objects: { bbox: number[]; name: string | null; ignored: number; group: number }[];
    verified?: string[];
  }[];
}
const { files, pictures, cases } = goldenJson<{
  datasets: {
    files: Record<string, string>;
    pictures: [string, number, number][];
    cases: Record<string, Expected>;
  };
}>('long_tail_data').datasets;
const root = mkdtempSync(path.join(tmpdir(), 'detlab-long-tail-'));
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), Buffer.from(content, 'base64'));
  }
  await greyImages(root, Object.fromEntries(pictures.map(([name, width, height]) => [name, [width, height]])));
});

const load = (config: ModuleConfig) => {
  const { metainfo: _, ...given } = config;
  return new Registry(DATASETS).build('dataset', { ...given, data_root: root }, { path: 'dataset' }).load();
};

test.each(Object.entries(cases))('%s', async (_, { config, classes, ancestors, images }) => {
  const data = await load(config);
  expect(new Set(data.classes)).toEqual(new Set(classes));
  const inOrder = (labels: readonly number[]) => labels.map((label) => data.classes[label]).sort();
  if (ancestors)
    for (const [label, name] of classes.entries())
      expect(inOrder(data.ancestors![data.classes.indexOf(name)])).toEqual(
        ancestors[label].map((other) => classes[other]).sort(),
      );
  const read = data.records.map(({ path: file, width, height, truths, groups, fields }) => ({
    file: path.relative(root, file),
    size: [width, height],
    objects: Array.from(truths.labels, (label, k) => ({
      bbox: Array.from(truths.bboxes.subarray(4 * k, 4 * k + 4)),
      name: truths.ignored[k] && config.type === 'CrowdHumanDataset' ? null : data.classes[label],
      ignored: truths.ignored[k],
      group: groups?.[k] ?? 0,
    })),
    ...(fields?.image_level_labels ? { verified: fields.image_level_labels } : {}),
  }));
  const rounded = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (_key, v) => (typeof v === 'number' ? Math.fround(v) : v));
  expect(rounded(read)).toEqual(rounded(images));
});

test('what cannot be read is said', async () => {
  writeFileSync(
    path.join(root, 'bad.odgt'),
    '{"ID": "273,c9", "gtboxes": [{"tag": "person", "fbox": [1, 2]}]}\nno json\n',
  );
  const data = await load({ ...cases.crowd_human.config, ann_file: 'bad.odgt' });
  expect(data.problems.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['bad-annotation', 'bad-annotation']));
  await expect(load({ ...cases.v3det.config, label_file: 'none.txt' })).rejects.toThrow(/Give label_file, or metainfo/);
  await expect(load({ ...cases.challenge.config, hierarchy_file: 'val.txt' })).rejects.toThrow(
    /expected a tree in JSON/,
  );
  await expect(load({ ...cases.challenge.config, ann_file: 'boxes.csv' })).rejects.toThrow(/as boxes of the challenge/);
});

// The data of a config for a detector on text: a caption, or the names of a data set, decide what its images are asked for.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConfigObject } from '../../src/config';
import { configuredData, configuredTestData } from '../../src/lab/config-data';
import { runEvaluation } from '../../src/lab/evaluation-run';
import { LabDataset } from '../../src/lab/lab-dataset';
import type { Report } from '../../src/lab/report';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-config-data-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  const pixels = { create: { ...size, channels: 3 as const, background: 'grey' } };
  await sharp(pixels).jpeg().toFile(path.join(folder, 'a.jpg'));
});
const write = (name: string, value: unknown) => writeFileSync(path.join(folder, name), JSON.stringify(value));
write('map.json', { 0: 'cat', 1: 'dog' });
const size = { width: 100, height: 80 };
write('od.jsonl', { filename: 'a.jpg', ...size, detection: { instances: [{ bbox: [1, 2, 30, 40], label: 1 }] } });
write('coco.json', {
  images: [{ id: 1, file_name: 'a.jpg', ...size, caption: 'a bus on the left' }],
  annotations: [{ id: 1, image_id: 1, category_id: 7, bbox: [1, 2, 30, 40], area: 1200, iscrowd: 0 }],
  categories: [{ id: 7, name: 'bus' }],
});

const base = { data_root: folder, data_prefix: { img: '' } };
const train = { type: 'ODVGDataset', ...base, ann_file: 'od.jsonl', label_map_file: 'map.json', return_classes: true };
const coco = (options: object = {}) => ({ type: 'CocoDataset', ...base, ann_file: 'coco.json', ...options });
const caption = { type: 'MDETRStyleRefCocoDataset', ...base, ann_file: 'coco.json' };
const config = (dataset: object, model: object = { language_model: { type: 'BertModel' } }) =>
  ({
    model,
    train_dataloader: { dataset: train },
    val_dataloader: { dataset },
    test_dataloader: { dataset },
  }) as unknown as ConfigObject;

test('names of the data set, where they are its text', async () => {
  const { val, classes } = await configuredData(config(coco({ return_classes: true })), 'animals');
  expect([classes, val!.classes]).toEqual([['cat', 'dog'], ['bus']]);
  const [{ truths, prompt }] = val!.records;
  expect([...truths.labels]).toEqual([0]); // not lost, as no training class is a bus
  expect(prompt).toMatchObject({ text: ['bus'], customEntities: true });
});

test('a caption, also in a wrapper, and an evaluation on it', async () => {
  const data = await configuredTestData(config({ type: 'ConcatDataset', datasets: [caption, caption] }), [
    'cat',
    'dog',
  ]);
  const { evaluated } = data;
  expect(evaluated.classes).toEqual(['bus']);
  expect(evaluated.records.map(({ prompt }) => prompt?.text)).toEqual(['a bus on the left', 'a bus on the left']);
  const model = { kind: 'model', name: 'reader', classes: ['cat', 'dog'] };
  const report = {} as Report;
  expect(await runEvaluation(model, data, {}, async () => report)).toBe(report);
  const others = new LabDataset('cats', { ...evaluated, readsText: false }, undefined);
  await expect(runEvaluation(model, others, {}, async () => report)).rejects.toThrow(
    /classes are cat, dog; the data's are bus/,
  );
});

test("the model's classes, where images have no text or the detector reads none", async () => {
  const metainfo = { classes: ['bus'] };
  for (const given of [
    config(coco({ metainfo })),
    config(coco({ metainfo, return_classes: true }), { type: 'RetinaNet' }),
  ]) {
    const data = await configuredTestData(given, ['bus', 'dog']);
    expect(data.evaluated.classes).toEqual(['bus', 'dog']);
  }
});

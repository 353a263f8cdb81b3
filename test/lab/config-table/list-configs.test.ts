// `listConfigs`: filter, columns, the Map it is, what it displays and saves.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { detector, listConfigs, startEngine } from '../../../src';
import { listConfigs as allConfigs } from '../../../src/config';
import { buildModel, resolveClasses } from '../../../src/lab/build-model';
import sizes from '../../../src/lab/config-table/model-sizes.json';
import published from '../../../src/lab/config-table/published-results.json';
import weights from '../../../src/lab/config-table/published-weights.json';
import { detectorFlops } from '../../../src/lab/flops';
import { inputSize } from '../../../src/lab/summary';
import { fileNameOf, hashIn } from '../../../src/lab/weights/hub-cache';

const TEXT_FAMILIES = ['grounding_dino', 'glip'];
const SHOW = Symbol.for('Jupyter.display');

test('is the Map of names and files, and a row for each', () => {
  const table = listConfigs();
  expect([...table]).toEqual([...allConfigs()]);
  expect(table.names).toEqual(table.rows.map(({ name }) => name));
  expect(table.rows.find(({ name }) => name === 'mask-rcnn_r50_fpn_1x_coco')).toEqual({
    name: 'mask-rcnn_r50_fpn_1x_coco',
    family: 'mask_rcnn',
    input: [800, 1333],
    parameters: 44_396_336,
    flops: expect.any(Number),
    boxAP: 38.2,
    maskAP: 34.7,
    source: 'MMDetection 3.3.0',
    weights:
      'https://download.openmmlab.com/mmdetection/v2.0/mask_rcnn/mask_rcnn_r50_fpn_1x_coco/mask_rcnn_r50_fpn_1x_coco_20200205-d4b0c5d6.pth',
  });
  // DetLab's configs, and those of the zoo without results
  for (const name of ['faster-rcnn_r18_fpn_toytown', 'fast-rcnn_r50_fpn_1x_coco'])
    expect(Object.keys(table.rows.find((row) => row.name === name)!)).toEqual([
      'name',
      'family',
      'input',
      'parameters',
      'flops',
    ]);
  expect(new Set(table.rows.filter((row) => row.source).map((row) => row.source))).toEqual(
    new Set(['MMDetection 3.3.0', 'MMYOLO 0.6.0']),
  );
});

test('finds words in family and name, in any order', () => {
  expect(listConfigs('r18 retinanet').names).toEqual(['retinanet_r18_fpn_1x_coco', 'retinanet_r18_fpn_1xb8-1x_coco']);
  expect(String(listConfigs('r18 retinanet'))).toMatch(/^2 of \d+ configs\nconfig +family +parameters +multiply-adds/);
  expect(() => listConfigs('retinanet nothing-like-it')).toThrow(
    /Cannot find a config: no name contains retinanet and nothing-like-it\. listConfigs\(\) and "detlab configs" list all \d+/,
  );
});

test('folders of the user are listed without numbers of configs of the same name', () => {
  const root = join(__dirname, '../../../configs/retinanet');
  const [row] = listConfigs([root]).rows;
  expect(row).toEqual({ name: expect.stringMatching(/^retinanet/), family: '.' });
});

test('published weights: those of shipped configs, whose names have a hash', async () => {
  const rows = listConfigs().rows.filter(({ weights }) => weights !== undefined);
  expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(weights.files).sort());
  for (const { weights: address } of rows)
    expect([address, hashIn(fileNameOf(address!))]).toEqual([
      expect.stringMatching(/^https:\/\/[^ ]+\.pth$/),
      expect.stringMatching(/^[0-9a-f]{8}$/),
    ]);
  const shown = String(listConfigs('retinanet r18').weights);
  expect(shown).toMatch(/retinanet_r18_fpn_1x_coco +about 86 MB +31\.7 +https:.*-614fd399\.pth/);
});

test('displays a sortable table, and saves itself', async () => {
  const table = listConfigs('yolox');
  const bundle = table[SHOW as never] as unknown as () => Record<string, string>;
  const { 'text/html': html, 'text/plain': text, 'text/markdown': markdown } = bundle.call(table);
  expect(html).toMatch(/<table class="detlab-sortable".*makeTablesSortable\(root, data\)/s);
  expect(markdown).toMatch(
    /\| yolox\\_s\\_8xb8-300e\\_coco \| yolox \| 8\.97 M \| 13\.\d G \| 640 × 640 \| 40\.5 \| +\|/,
  );
  expect([text, inspect(table)]).toEqual([String(table), String(table)]);
  expect(text).toMatch(/AP on COCO val2017 in percent, published by MMDetection 3\.3\.0 and MMYOLO 0\.6\.0$/);
  const folder = mkdtempSync(join(tmpdir(), 'detlab-configs-'));
  try {
    const csv = readFileSync(await table.save(join(folder, 'a.csv')), 'utf8').split('\r\n');
    expect(csv.find((line) => line.startsWith('yolox_s'))).toMatch(
      /^yolox_s_8xb8-300e_coco,yolox,640,640,8968255,\d+,40\.5,,MMDetection 3\.3\.0,https:.*-4592a793\.pth$/,
    );
    expect(JSON.parse(readFileSync(await table.save(join(folder, 'a.json')), 'utf8'))).toEqual(table.rows);
    expect(readFileSync(await table.save(join(folder, 'a.html')), 'utf8')).toMatch(/<!doctype html>.*detlab-sortable/s);
    await expect(table.save(join(folder, 'a.png'))).rejects.toThrow(
      /expected an extension of \.html, \.csv, \.json, \.txt/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the numbers in the table', () => {
  beforeAll(() => startEngine());

  test('are there for every config with a model, and for no other', () => {
    const models = [...allConfigs().keys()].filter((name) => !name.endsWith('_tta'));
    // a text model is files of its own, by which the others' numbers follow
    const withoutText = models.filter((name) => !TEXT_FAMILIES.some((family) => name.startsWith(family)));
    expect(Object.keys(sizes).sort()).toEqual(withoutText.sort());
    const zoo = [...Object.keys(published.mmdet.results), ...Object.keys(published.mmyolo.results)];
    expect(zoo.filter((name) => !models.includes(name))).toEqual([]);
  });

  test.each([
    'yolox_tiny_8xb8-300e_coco',
    'yolov8_n_syncbn_fast_8xb16-500e_coco',
    'rtmdet_tiny_8xb32-300e_coco',
    'ssd300_coco',
    'faster-rcnn_r18_fpn_toytown',
    'faster-rcnn_r18-w32-pre_fpn_toytown',
    'detr_deit-tiny_toytown',
    'dino_deit-tiny-4layers_toytown',
    'retinanet_r18_fpn_1x_coco',
  ])(
    'are those of %s, built',
    async (name) => {
      const { config } = detector(name);
      const spec = { name, config, freezing: [] };
      const model = await buildModel(spec, resolveClasses(spec), undefined);
      const input = inputSize(config);
      const [height, width, parameters, flops] = (sizes as Record<string, number[]>)[name];
      expect([input, model.parameterCount(), detectorFlops(model, input)]).toEqual([
        [height, width],
        parameters,
        flops,
      ]);
      model.dispose();
    },
    60_000,
  );
});

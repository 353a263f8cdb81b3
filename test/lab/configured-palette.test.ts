// The colours of a model's classes in its drawings: the config's.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { applyOptions, type ConfigValue, loadConfig } from '../../src/config';
import { configuredPalette } from '../../src/lab/configured-palette';
import { LabDataset } from '../../src/lab/lab-dataset';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { scenes, small } from './small';

const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-palette-'));
afterAll(() => rmSync(folder, { recursive: true }));

const withMetainfo = (metainfo: ConfigValue, inside = '') =>
  applyOptions(loadConfig('faster-rcnn_r50_fpn_1x_coco').config, {
    [`train_dataloader.dataset${inside}.metainfo`]: metainfo,
  });
const palette = [
  [220, 20, 60],
  [0, 0, 142],
];

test("the palette of the training data, when it is of the model's classes", () => {
  const config = withMetainfo({ classes: ['person', 'car'], palette });
  expect(configuredPalette(config, ['person', 'car'])).toEqual(['#dc143c', '#00008e']);
  expect(configuredPalette(config, ['cat', 'dog'])).toBeUndefined();
  expect(configuredPalette(withMetainfo({ palette }), ['person'])).toEqual(['#dc143c']);
  expect(configuredPalette(withMetainfo(null), ['person'])).toBeUndefined();
});

test('inside a wrapper', () => {
  const { train_dataloader: loader, ...rest } = withMetainfo({ palette }) as Record<string, { dataset: ConfigValue }>;
  const dataset = { type: 'RepeatDataset', times: 2, dataset: loader.dataset };
  expect(configuredPalette({ ...rest, train_dataloader: { ...loader, dataset } }, ['a', 'b'])).toHaveLength(2);
});

test('one that is none is an error with its path', () => {
  expect(() => configuredPalette(withMetainfo({ palette: [[1, 2]] }), ['a'])).toThrow(
    /train_dataloader.dataset.metainfo: expected \[\[red, green, blue\]/,
  );
  expect(() => configuredPalette(withMetainfo({ palette }), ['a', 'b', 'c'])).toThrow(/metainfo.palette: .* 3 classes/);
});

test('images of the data and predictions are drawn with it, unless another is given', async () => {
  const town = await scenes(folder);
  const { classes, train } = town;
  const colors = classes.map((_, i) => [10, 20, 30 + i]);
  const data = new LabDataset('town', { ...train, palette: ['#0a141e', '#0a141f', '#0a1420'] }, undefined);
  expect((await data.show()[JUPYTER_DISPLAY]())['text/html']).toContain('#0a141e');
  expect((await data.show({ palette: ['#ffeedd'] })[JUPYTER_DISPLAY]())['text/html']).not.toContain('#0a141e');

  const recipe = small()
    .classes(classes)
    .set({ 'train_dataloader.dataset.metainfo': { classes, palette: colors } });
  const model = await recipe.build();
  const found = await model.predict(train.records[0].path, { threshold: 0 });
  expect(found.length).toBeGreaterThan(0);
  expect((await found.show()[JUPYTER_DISPLAY]())['text/html']).toMatch(/#0a14(1e|1f|20)/);
  model.dispose();
});

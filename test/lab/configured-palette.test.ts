// The colours of a model's classes in its drawings: the config's.

import { expect, test } from 'vitest';
import { applyOptions, type ConfigValue, loadConfig } from '../../src/config';
import { configuredPalette } from '../../src/lab/configured-palette';

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

import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config';
import { goldenJson } from '../golden-data';

const family = goldenJson<Record<string, object>>('config_detr_family');

test('detr_r50_8xb2-150e_coco equals the reference after inheritance', () => {
  expect(loadConfig('detr_r50_8xb2-150e_coco').config).toEqual(
    goldenJson<{ merged: object }>('config_detr_r50').merged,
  );
});

test.each(Object.entries(family))('%s equals the reference after inheritance', (name, expected) => {
  expect(loadConfig(name).config).toEqual(expected);
});

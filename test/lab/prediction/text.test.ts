// `model.predict(image, { text })`: what a detector on text finds is what the text names.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { detector, type Model } from '../../../src';
import { goldenJson } from '../../golden-data';
import { small } from '../small';

const steps = [
  { type: 'LoadImageFromFile' },
  { type: 'Resize', scale: [96, 96], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'text', 'custom_entities'] },
];
const pixels = {
  data: new Uint8Array(96 * 64 * 3).map((_, i) => (i * 37) % 251),
  width: 96,
  height: 64,
  order: 'rgb' as const,
};

let model: Model;
beforeAll(async () => {
  const { models } = goldenJson<{ models: Record<string, { config: { test_cfg: object } }> }>('zoo_glip');
  const { config } = models.late;
  model = await detector({
    model: { ...config, test_cfg: { ...config.test_cfg, score_thr: 0 } },
    test_dataloader: { dataset: { type: 'CocoDataset', ann_file: 'none.json', pipeline: steps } },
  })
    .classes(['bus', 'person', 'car'])
    .build({ seed: 3 });
});
afterAll(() => model.dispose());

test('labels are the names in the text; without one, the classes of the model', async () => {
  const asked = await model.predict(pixels, { text: 'a dog . a cat .' });
  expect(asked.length).toBeGreaterThan(0);
  for (const { label } of asked) expect(['a dog', 'a cat']).toContain(label);
  const listed = await model.predict(pixels, { text: ['a dog', 'a cat'] });
  expect(listed.map((one) => ({ ...one }))).toEqual(asked.map((one) => ({ ...one })));
  for (const { label } of await model.predict(pixels)) expect(['bus', 'person', 'car']).toContain(label);
});

test('a text without names, and a detector with classes of its own, are refused', async () => {
  await expect(model.predict(pixels, { text: ' . ' })).rejects.toThrow(
    /expected names of objects, such as "cat . dog"/,
  );
  const other = await small().classes(['a']).build({ seed: 1 });
  await expect(other.predict(pixels, { text: 'cat' })).rejects.toThrow(/finds its own classes \(a\)/);
  other.dispose();
});

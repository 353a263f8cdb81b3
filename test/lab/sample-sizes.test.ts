// The sizes of a CustomSampleSizeSampler: of data sets that are joined and filtered, and what cannot be drawn.

import { expect, test } from 'vitest';
import { createLoader, type Dataset, type ImageRecord, joinDatasets } from '../../src/data';
import { sampleSizes } from '../../src/lab/sample-sizes';

const record = (id: number): ImageRecord =>
  ({ id, path: `${id}.jpg`, width: 8, height: 8, truths: { labels: new Int32Array() } }) as unknown as ImageRecord;
const part = (name: string, ...ids: number[]): Dataset => ({
  name,
  classes: ['cat'],
  records: ids.map(record),
  problems: [],
});
const joined = joinDatasets([part('few', 1, 2), part('many', 1, 2, 3, 4)]);
const used = joined.records.filter((_, i) => i !== 3); // the second of "many" has been dropped
const sizesOf = (sampler: object, data = joined) => sampleSizes(sampler as never, data, used);

test('images of each data set, shares of what is left of it', () => {
  const images = [
    [0, 1],
    [2, 3, 4],
  ].map((list) => Int32Array.from(list));
  expect(sizesOf({ dataset_size: [-1, 2] })).toEqual({ images, sizes: [-1, 2] });
  expect(sizesOf({ dataset_size: [0.5, 0.7], ratio_mode: true })).toEqual({ images, sizes: [1, 2] });
});

test('a loader has as many batches as images are drawn', async () => {
  const order = { batchSize: 2, shuffle: true, sampleSizes: sizesOf({ dataset_size: [-1, 1] }) };
  const loader = createLoader({ ...joined, records: used }, [{ from: 0, pipeline: { steps: [] } as never }], order);
  expect(loader.length).toBe(2);
  await loader.close();
});

test('what cannot be drawn', () => {
  expect(() => sizesOf({ dataset_size: [1, 1, 1] })).toThrow(/expected 3 data sets in a ConcatDataset.*received 2/);
  expect(() => sizesOf({ dataset_size: [1] }, part('one', 1))).toThrow(/received 1, "one".*DefaultSampler/);
  expect(() => sizesOf({ dataset_size: [-1, 4] })).toThrow(/dataset_size\.1: expected an integer up to 3.*received 4/);
  expect(() => sizesOf({ dataset_size: [-1, 0.5] })).toThrow(/ratio_mode: true reads it as a share/);
  expect(() => sizesOf({ dataset_size: [1.5, 1], ratio_mode: true })).toThrow(/expected a share from 0 to 1/);
  expect(() => sizesOf({ dataset_size: [0, 0] })).toThrow(/asks for none/);
});

// Records in columns are used as any other object is.

import { deserialize, serialize } from 'node:v8';
import { expect, it } from 'vitest';
import { outlineFlags } from '../../../src/data/columns/outline-flags';
import { ShardBuilder } from '../../../src/data/columns/shard-builder';
import { TextBlocks } from '../../../src/data/columns/text-blocks';
import { openRecords, packRecords } from '../../../src/data/loading/record-store';
import type { ImageRecord } from '../../../src/data/types';

const polygon = [[1, 2, 30.5, 2, 30, 40]];
const runs = { size: [48, 64], counts: 'PPYo0' };

/** Two records: one with every column, one without objects. */
function records(): ImageRecord[] {
  const builder = new ShardBuilder('/data/', new TextBlocks());
  builder.image({ id: 2 ** 40, path: '/data/µ/a.jpg', width: 64, height: 48, fields: { weather: 'rain' } });
  builder.rows([
    { bbox: [1, 2, 30.1, 40], label: 3, ignored: false, area: 10, annotationId: 7, segmentation: polygon },
    { bbox: [0, 0, 5, 6], label: 0, ignored: true, crowd: true, area: 3, annotationId: 'x', segmentation: runs },
    { bbox: [0, 0, 9, 9], label: 1, ignored: false, group: true, area: 81, annotationId: 9, outlined: true },
  ]);
  builder.image({ id: 1, path: '/other/b.jpg', width: 10, height: 20 });
  return builder.finish();
}

const whole = {
  id: 2 ** 40,
  path: '/data/µ/a.jpg',
  width: 64,
  height: 48,
  fields: { weather: 'rain' },
  truths: {
    bboxes: Float32Array.of(1, 2, 30.1, 40, 0, 0, 5, 6, 0, 0, 9, 9),
    labels: Int32Array.of(3, 0, 1),
    ignored: Uint8Array.of(0, 1, 0),
  },
  areas: Float32Array.of(10, 3, 81),
  annotationIds: [7, 'x', 9],
  crowds: Uint8Array.of(0, 1, 0),
  groups: Uint8Array.of(0, 0, 1),
  segmentations: [polygon, runs, undefined],
};

it('gives what was written, and nothing where nothing was', () => {
  const [first, second] = records();
  expect(first).toEqual(whole);
  expect(second).toEqual({
    id: 1,
    path: '/other/b.jpg',
    width: 10,
    height: 20,
    truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
    areas: new Float32Array(),
    annotationIds: [],
  });
  expect(second.segmentations ?? second.crowds ?? second.fields).toBeUndefined();
});

it('is copied, serialised and sent with all its values', () => {
  const [record] = records();
  expect({ ...record }).toEqual(whole);
  expect(structuredClone(record)).toEqual(whole);
  expect(deserialize(serialize(record))).toEqual(whole);
  const { id, ...others } = record;
  expect({ id, ...others }).toEqual(whole);
});

it('keeps what is written into it', () => {
  const [record, other] = records();
  record.truths.labels[0] = 5;
  expect(record.truths.labels[0]).toBe(5);
  record.path = 'c.jpg';
  expect({ ...record }.path).toBe('c.jpg');
  expect(other.path).toBe('/other/b.jpg');
});

it('knows its outlines without reading them', () => {
  const [record, empty] = records();
  const [any, polygons] = [outlineFlags(record), outlineFlags(record, true)];
  expect([0, 1, 2].map((i) => any?.(i))).toEqual([true, true, false]);
  expect([0, 1, 2].map((i) => polygons?.(i))).toEqual([true, false, false]);
  expect(outlineFlags(empty)).toBeUndefined();
  expect([0, 1, 2].map((i) => outlineFlags({ ...record }, true)?.(i))).toEqual([true, false, false]);
});

it('is shared with threads by its columns, unless something was changed or added', () => {
  const [first, second] = records();
  second.proposals = { bboxes: new Float32Array(4), scores: Float32Array.of(0.5) };
  const packed = packRecords([first, second, first]);
  expect(packed.shards.length).toBe(1);
  expect([...packed.places]).toEqual([0, 0, -1, 0, 0, 0]);
  const store = openRecords(structuredClone(packed));
  expect(store.length).toBe(3);
  expect(store.at(2)).toEqual(whole);
  expect(store.at(1).proposals?.scores[0]).toBe(0.5);
  expect([...packRecords([first, second], false).places]).toEqual([0, 0, -2, 0]);
});

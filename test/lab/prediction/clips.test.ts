// Frames of a video that a model reads together: whole videos of a dataset, ids that go on from clip to clip.

import { expect, it } from 'vitest';
import type { Dataset, Detections, PackedSample } from '../../../src/data';
import { clipsOf, idsThatGoOn, recordsOfRank, withoutIds } from '../../../src/lab/prediction/clips';

const LENGTHS = [3, 1, 2];
const frames = LENGTHS.flatMap((length, v) =>
  Array.from({ length }, (_, frame) => ({ id: 10 * v + frame, video: `v${v}`, frame, length, objects: [] })),
);
const videos: NonNullable<Dataset['videos']> = new Map(frames.map(({ id, ...frame }) => [id, frame]));
const records = frames.map(({ id }) => ({ id })) as Dataset['records'];
const samples = frames.map(({ id }) => ({ meta: { imgId: id } })) as PackedSample[];
async function* batches(size: number) {
  for (let i = 0; i < samples.length; i += size) yield samples.slice(i, i + size);
}
const found = async (size: number, detector: object, known?: typeof videos) => {
  const clips: number[][] = [];
  for await (const clip of clipsOf(batches(size), detector as never, known))
    clips.push(clip.map(({ meta }) => meta.imgId));
  return clips;
};

it('gives whole videos whatever the batch size, images alone where there are none, and other models their batches', async () => {
  const whole = [[0, 1, 2], [10], [20, 21]];
  for (const size of [1, 2, 6]) expect(await found(size, { predictsClips: true }, videos)).toEqual(whole);
  expect(await found(4, { predictsClips: true })).toEqual(frames.map(({ id }) => [id]));
  expect(await found(4, {}, videos)).toEqual([
    [0, 1, 2, 10],
    [20, 21],
  ]);
});

it('shares out whole videos to processes, and single images of other models', () => {
  const data = { records } as Dataset;
  const ids = (rank: number, clips?: typeof videos) =>
    recordsOfRank(data, { rank, size: 2 }, clips).map(({ id }) => id);
  expect([ids(0, videos), ids(1, videos)]).toEqual([[0, 1, 2, 20, 21], [10]]);
  expect([ids(0), ids(1)]).toEqual([
    [0, 2, 20],
    [1, 10, 21],
  ]);
});

it('numbers the objects of the next clip from where the last one ended', () => {
  const frame = (...ids: number[]) => ({ instanceIds: Int32Array.from(ids) }) as Detections;
  const next = idsThatGoOn();
  const ids = (clip: Detections[]) => next(clip).map(({ instanceIds }) => [...instanceIds!]);
  expect(ids([frame(0, 2), frame(1)])).toEqual([[0, 2], [1]]);
  expect(ids([frame(), frame()])).toEqual([[], []]);
  expect(ids([frame(0), frame(1, 0)])).toEqual([[3], [4, 3]]);
  expect(withoutIds([frame(1)])).toEqual([{}]);
});

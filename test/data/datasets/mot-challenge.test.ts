// MOTChallengeDataset: frames in the order of their videos, with identities, and what a metric of tracks needs.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue } from '../../../src/lab/catalogue';
import { trackedFrames } from '../../../src/lab/prediction/tracked-frames';

const folder = mkdtempSync(join(tmpdir(), 'detlab-mot-'));
afterAll(() => rmSync(folder, { recursive: true }));

// frames of two videos in turn, the second one with a rider
const images = [0, 1, 2, 3].map((i) => {
  const video = i % 2;
  const file_name = `V${video}/img1/00000${i}.ppm`;
  return { id: i + 1, video_id: video + 1, frame_id: Math.floor(i / 2), file_name, width: 64, height: 48 };
});
const annotations = images.flatMap(({ id, video_id }) => [
  {
    id: 10 * id,
    image_id: id,
    category_id: 1,
    instance_id: 5,
    bbox: [4, 4, 20, 30],
    area: 600,
    mot_conf: 1,
    visibility: 0.5,
  },
  ...(video_id === 2
    ? [{ id: 10 * id + 1, image_id: id, category_id: 2, instance_id: 9, bbox: [30, 4, 20, 30], area: 600, mot_conf: 0 }]
    : []),
]);
const categories = ['pedestrian', 'person_on_vehicle'].map((name, i) => ({ id: i + 1, name }));

beforeAll(() => {
  for (const { file_name } of images) {
    mkdirSync(join(folder, 'train', file_name, '..'), { recursive: true });
    writeFileSync(
      join(folder, 'train', file_name),
      Buffer.concat([Buffer.from('P6 64 48 255\n'), Buffer.alloc(64 * 48 * 3)]),
    );
  }
  writeFileSync(join(folder, 'half.json'), JSON.stringify({ images, annotations, categories }));
});

const load = (options: object = {}, classes?: string[]) =>
  catalogue
    .build(
      'dataset',
      {
        type: 'MOTChallengeDataset',
        data_root: folder,
        ann_file: 'half.json',
        data_prefix: { img_path: 'train' },
        ...options,
      },
      { path: 'dataset' },
    )
    .load({ classes });

it('gives frames video by video, all annotated objects to the metric and those of its classes to the model', async () => {
  const { records, videos, classes } = await load({}, ['pedestrian']);
  expect(classes).toEqual(['pedestrian']);
  expect(records.map(({ id }) => id)).toEqual([1, 3, 2, 4]);
  expect(records.map(({ truths }) => [...truths.instanceIds!])).toEqual([[5], [5], [5], [5]]);
  expect(videos?.get(4)).toEqual({
    video: 'V1',
    videoId: 2,
    frame: 1,
    length: 2,
    objects: [
      { id: 5, box: [4, 4, 24, 34], category: 1, confidence: 1, visibility: 0.5 },
      { id: 9, box: [30, 4, 50, 34], category: 2, confidence: 0, visibility: 1 },
    ],
  });
  expect((await load({ metainfo: { classes: ['pedestrian'] } })).videos?.get(4)?.objects).toHaveLength(1);
  await expect(async () => load({ visibility_thr: 0.5 })).rejects.toThrow(/visibility_thr/);
});

it('indices select videos, with all of their frames', async () => {
  const { records, videos } = await load({ indices: -1 });
  expect(records.map(({ id }) => id)).toEqual([2, 4]);
  expect([...videos!.keys()]).toEqual([2, 4]);
  expect((await load({ indices: [1, 0] })).records.map(({ id }) => id)).toEqual([2, 4, 1, 3]);
  await expect(load({ indices: [2] })).rejects.toThrow(/expected -2 to 1, received 2/);
});

it('every video has a tracker of its own', async () => {
  const data = await load();
  const detections = { bboxes: Float32Array.of(4, 4, 24, 34), scores: Float32Array.of(0.9), labels: Int32Array.of(0) };
  async function* found() {
    for (const { id } of data.records) yield [{ imageId: id, detections }];
  }
  const tracker = catalogue.build('tracker', { type: 'OCSORTTracker' }, { path: 'tracker' });
  const ids: number[] = [];
  let trackers = 0;
  const start = () => {
    trackers++;
    return tracker();
  };
  for await (const images of trackedFrames(found(), data, { tracker: start }))
    for (const image of images ?? []) if (!('kind' in image)) ids.push(...image.detections.instanceIds!);
  expect(ids).toEqual([0, 0, 0, 0]);
  expect(trackers).toBe(3);
});

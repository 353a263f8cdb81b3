// Keypoints of a data set from its file to drawings: of truths, and of what a model predicts that was trained on it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { dataset } from '../../src';
import { COCO_PERSON } from '../../src/geometry/skeleton';
import { configuredSkeleton, withSkeleton } from '../../src/lab/configured-skeleton';
import { Predictions } from '../../src/lab/predictions';

const dir = mkdtempSync(path.join(tmpdir(), 'detlab-skeleton-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NAMES = ['nose', 'left_ear', 'right_ear'];
const POINTS = [10, 10, 2, 14, 4, 2, 6, 4, 2];

async function dogs(skeleton: unknown) {
  const image = { data: new Uint8Array(3 * 32 * 24).fill(90), width: 32, height: 24, order: 'rgb' as const };
  await sharp(image.data, { raw: { width: 32, height: 24, channels: 3 } }).toFile(path.join(dir, 'dog.png'));
  const annotation = { id: 1, image_id: 1, category_id: 1, bbox: [2, 2, 20, 18], area: 360, iscrowd: 0 };
  const file = path.join(dir, 'dogs.json');
  writeFileSync(
    file,
    JSON.stringify({
      images: [{ id: 1, file_name: 'dog.png', width: 32, height: 24 }],
      annotations: [{ ...annotation, keypoints: POINTS, num_keypoints: 3 }],
      categories: [{ id: 1, name: 'dog', keypoints: NAMES, skeleton }],
    }),
  );
  return { image, file };
}

test("the lines are those of the file's categories", async () => {
  const { file, image } = await dogs([
    [1, 2],
    [1, 3],
  ]);
  const data = await dataset.coco(file, dir, { keypoints: true });
  const { skeleton } = data.train;
  expect(skeleton).toMatchObject({ names: NAMES, flipIndices: [0, 2, 1] });
  // two lines and three dots, of which the ears have colours of their own
  const count = (text: string, colour: string) => text.split(colour).length - 1;
  const html = await data.show().html();
  expect(['#00ff00', '#ff8000'].map((colour) => count(html, colour) > 0)).toEqual([true, true]);
  const config = withSkeleton({ train_dataloader: { dataset: { type: 'PoseCocoDataset' } } }, skeleton);
  expect(configuredSkeleton(config)).toEqual(skeleton);
  const found = {
    bboxes: Float32Array.of(2, 2, 22, 20),
    scores: Float32Array.of(0.9),
    labels: Int32Array.of(0),
    keypoints: Float32Array.from(POINTS),
  };
  const drawn = (from: object) =>
    Predictions.create('dog.png', { ...image, order: 'bgr' }, found, ['dog'], {}, from)
      .show()
      .html();
  expect(count(await drawn({ skeleton: configuredSkeleton(config) }), '#00ff00')).toBe(count(html, '#00ff00'));
  expect(count(await drawn({}), '#00ff00')).toBe(0);
  const given = await dataset.coco(file, dir, {
    keypoints: { keypoint_info: Object.fromEntries(NAMES.map((name, id) => [id, { name, id, color: [1, 2, 3] }])) },
  });
  expect(given.train.skeleton).toMatchObject({ colors: ['#010203', '#010203', '#010203'], links: skeleton?.links });
});

test('a line to a keypoint that is not there is refused', async () => {
  const { file } = await dogs([[1, 4]]);
  await expect(dataset.coco(file, dir, { keypoints: true })).rejects.toThrow(
    'category "dog": skeleton: line 1 goes to keypoint 4, which is not there',
  );
  // who does not ask for keypoints reads boxes
  expect((await dataset.coco(file, dir)).train.records).toHaveLength(1);
});

test("COCO's person is not written where nothing else is said", () => {
  const config = { train_dataloader: { dataset: { type: 'PoseCocoDataset' } } };
  expect(withSkeleton(config, COCO_PERSON)).toBe(config);
  expect(withSkeleton(config, undefined)).toBe(config);
  expect(configuredSkeleton(config)).toBeUndefined();
});

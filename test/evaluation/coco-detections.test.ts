// COCO results: by image, with boxes or masks alone, and what is refused.

import { expect, it } from 'vitest';
import { type CocoDetection, detectionsOfCoco } from '../../src/evaluation';
import { decodeRle, segmentationToRle } from '../../src/masks';

const options = {
  labels: new Map([
    [7, 0],
    [9, 1],
    [3, -1],
  ]),
  images: [
    { id: 5, height: 2, width: 3 },
    { id: 4, height: 2, width: 3 },
  ],
  file: 'results.json',
};
const entry: CocoDetection = { image_id: 4, category_id: 9, bbox: [1, 2, 3, 4], score: 0.25 };

it('boxes by image, in the order of the file', () => {
  const found = detectionsOfCoco([entry, { ...entry, category_id: 3 }, { ...entry, category_id: 7 }], options);
  expect([...found.keys()]).toEqual([5, 4]);
  expect(found.get(5)!.scores).toHaveLength(0);
  expect([...found.get(4)!.bboxes]).toEqual([1, 2, 4, 6, 1, 2, 4, 6]);
  expect([...found.get(4)!.labels]).toEqual([1, 0]);
  expect(found.get(4)!.masks).toBeUndefined();
});

it('masks without boxes: compressed, plain, and as polygons', () => {
  const { bbox: _, ...rest } = entry;
  const segmentations = [
    { size: [2, 3], counts: '222' },
    { size: [2, 3], counts: [2, 2, 2] },
    [[1, 0, 1, 2, 2, 2, 2, 0]],
  ];
  const found = detectionsOfCoco(
    segmentations.map((segmentation) => ({ ...rest, segmentation })),
    options,
  );
  const { bboxes, masks } = found.get(4)!;
  for (const [i, segmentation] of segmentations.entries()) {
    const expected = segmentationToRle(segmentation, 2, 3);
    expect([...masks![i].counts]).toEqual([...expected.counts]);
    expect(decodeRle(masks![i])).toEqual(decodeRle(expected));
    expect([...bboxes.subarray(4 * i, 4 * i + 4)]).toEqual([1, 0, 2, 2]);
  }
});

it('refuses other images, other categories, and masks whose runs do not fit', () => {
  expect(() => detectionsOfCoco([{ ...entry, image_id: 6 }], options)).toThrow(/no image with the id 6/);
  expect(() => detectionsOfCoco([{ ...entry, category_id: 6 }], options)).toThrow(/category_id 6 is none of 7, 9, 3/);
  const wrong = { ...entry, segmentation: { size: [2, 3], counts: '221' } };
  const { masks } = detectionsOfCoco([wrong], options).get(4)!;
  expect(() => masks![0].counts).toThrow(/its size \[2,3\], received 5 pixels/);
});

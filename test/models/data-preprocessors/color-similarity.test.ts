import { expect, test } from 'vitest';
import { alikeNeighbours, rgbToLab } from '../../../src/models/data-preprocessors/color-similarity';

test("CIELAB equals scikit-image's", () => {
  const expected = [
    [
      [12, 200, 31],
      [70.5132215, -70.381303, 64.7237606],
    ],
    [
      [255, 255, 255],
      [100, -0.0024549, 0.0046534],
    ],
    [
      [3, 2, 9],
      [0.7451635, 1.2347712, -2.5567603],
    ],
    [
      [160, 7, 90],
      [34.7335773, 59.7912265, -4.0104313],
    ],
  ];
  for (const [[r, g, b], lab] of expected)
    for (const [i, v] of rgbToLab(r, g, b).entries()) expect(v).toBeCloseTo(lab[i], 6);
});

test('neighbours in the image that look alike', () => {
  const grey = [100, 100, 100];
  const pixels = Uint8Array.from([grey, grey, [200, 0, 0], grey].flat());
  const known = Uint8Array.of(1, 1, 1, 0);
  const options = { pairwise_size: 3, pairwise_dilation: 1, pairwise_color_thresh: 0.3 };
  const planes = alikeNeighbours(pixels, known, [1, 4], options);
  expect(planes.length).toBe(8 * 4);
  // to the left, to the right; the last pixel is padding
  expect([...planes.subarray(12, 16)]).toEqual([0, 1, 0, 0]);
  expect([...planes.subarray(16, 20)]).toEqual([1, 0, 0, 0]);
  expect(planes.reduce((a, b) => a + b)).toBe(2);
});

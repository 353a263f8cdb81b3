// Targets of a mask head against MMDetection's.

import { describe, expect, test } from 'vitest';
import { countsToString, cropAndResizeMasks, encodeRle, polygonsToRle } from '../../src/masks';
import { maxDifference } from '../golden-data';
import { golden } from './golden-masks';

describe('targets of a mask head', () => {
  test.each(golden.targets.map((t, i) => [i, t] as const))(
    'case %i',
    (_, { h, w, objects, boxes, inds, size, ...rest }) => {
      const flat = Float32Array.from(boxes.flat());
      const shape = { height: h, width: w };
      const encoded = (values: Float32Array) =>
        inds.map((_, i) => {
          const target = values.subarray(i * size[0] * size[1], (i + 1) * size[0] * size[1]);
          return countsToString(encodeRle(target, ...size).counts);
        });
      const bitmap = { kind: 'bitmap', ...shape, masks: objects.map((o) => polygonsToRle(o, h, w)) } as const;
      expect(encoded(cropAndResizeMasks(bitmap, flat, inds, { size }))).toEqual(rest.bitmap);
      const polygons = {
        kind: 'polygon',
        ...shape,
        masks: objects.map((o) => o.map((p) => Float64Array.from(p))),
      } as const;
      expect(encoded(cropAndResizeMasks(polygons, flat, inds, { size }))).toEqual(rest.polygon);
      if (rest.soft) {
        const soft = cropAndResizeMasks(bitmap, flat, inds, { size, binarize: false }).subarray(0, rest.soft.length);
        expect(maxDifference(soft, rest.soft)).toBeLessThan(2e-5);
      }
      expect(() => cropAndResizeMasks(polygons, flat, inds, { size, binarize: false })).toThrow(/poly2mask/);
    },
  );
});

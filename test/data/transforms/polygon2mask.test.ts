// Polygon2Mask against MMYOLO's.

import { expect, test } from 'vitest';
import { Polygon2Mask } from '../../../src/data/transforms/polygon2mask';
import { type Sample, sampleOf } from '../../../src/data/transforms/sample';
import { countsToString, type InstanceMasks, toRles } from '../../../src/masks';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

interface Golden {
  height: number;
  width: number;
  objects: number[][];
  cases: { options: object; size: [number, number]; labels: number[]; masks: string[] }[];
}
const { height, width, objects, cases } = goldenJson<Golden>('polygon2mask');
const polygons: InstanceMasks = { kind: 'polygon', height, width, masks: objects.map((o) => [Float64Array.from(o)]) };

function run(options: object, masks: InstanceMasks | undefined): Sample {
  const truths = {
    bboxes: Float32Array.from({ length: 12 }, (_, i) => i),
    labels: Int32Array.of(0, 1, 2),
    ignored: Uint8Array.of(0, 1, 0),
    masks,
  };
  const record = { id: 0, path: 'a.jpg', width, height, truths, areas: new Float32Array(3), annotationIds: [0, 1, 2] };
  const transform = Polygon2Mask.build(Polygon2Mask.options.parse(options), { path: '' } as never);
  return transform({ ...sampleOf(record), truths }, Random.seeded(0)) as Sample;
}

test.each(cases.map((one) => [JSON.stringify(one.options), one] as const))(
  '%s',
  (_, { options, size, labels, masks }) => {
    const { truths } = run(options, polygons);
    expect([truths!.masks!.height, truths!.masks!.width]).toEqual(size);
    expect([...truths!.labels]).toEqual(labels);
    expect(toRles(truths!.masks!).map(({ counts }) => countsToString(counts))).toEqual(masks);
    // whatever belongs to an object goes with it
    expect([...truths!.bboxes]).toEqual(labels.flatMap((label) => [0, 1, 2, 3].map((k) => 4 * label + k)));
    expect([...truths!.ignored]).toEqual(labels.map((label) => (label === 1 ? 1 : 0)));
  },
);

test('bitmaps and missing masks are refused, with the option to set', () => {
  expect(() => run({}, undefined)).toThrow(/received none\. Set with_mask: true and poly2mask: false/);
  const bitmaps: InstanceMasks = { kind: 'bitmap', height, width, masks: toRles(polygons) };
  expect(() => run({}, bitmaps)).toThrow(/received bitmaps\. Set poly2mask: false/);
});

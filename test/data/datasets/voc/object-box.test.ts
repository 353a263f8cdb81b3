// The boxes of objects: corners in any order, polygons, boxes with an angle.

import { expect, it } from 'vitest';
import { readBox, uprightBox } from '../../../../src/data/datasets/voc/object-box';

const bndbox = (xmin: string, ymin: string, xmax: string, ymax: string) => ({ xmin, ymin, xmax, ymax });

it('exchanges corners that are in the wrong order, and says so', () => {
  const notes: string[] = [];
  expect(readBox({ bndbox: bndbox('30', '4', '10', '20') }, notes)).toEqual({
    corners: [10, 4, 30, 20],
    counts: 'pixels',
  });
  expect(readBox({ bndbox: bndbox('30', '24', '10', '20') }, notes)).toMatchObject({ corners: [10, 20, 30, 24] });
  expect(notes).toEqual(['has xmin > xmax; they are exchanged', 'has xmin > xmax and ymin > ymax; they are exchanged']);
});

it('uses the first of several boxes, and says so', () => {
  const notes: string[] = [];
  const box = readBox({ bndbox: [bndbox('1', '1', '20', '20'), bndbox('3', '3', '9', '9')] }, notes);
  expect(box).toMatchObject({ corners: [1, 1, 20, 20] });
  expect(notes).toEqual(['has 2 <bndbox>; the first is used']);
});

it('takes the extent of a polygon where there is no box', () => {
  const pt = [
    { x: '3.5', y: '9' },
    { x: '20', y: '1' },
    { x: '7', y: '30' },
  ];
  expect(readBox({ polygon: { pt } }, [])).toEqual({ corners: [3.5, 1, 20, 30], counts: 'positions', polygon: true });
  const numbered = { x1: '1', y1: '2', x2: '30', y2: '4', x3: '5', y3: '60' };
  expect(readBox({ polygon: numbered }, [])).toMatchObject({ corners: [1, 2, 30, 60] });
  // the box counts where both are given
  expect(readBox({ bndbox: bndbox('1', '2', '3', '4'), polygon: numbered }, [])).toEqual({
    corners: [1, 2, 3, 4],
    counts: 'pixels',
    polygon: true,
  });
  expect(readBox({ polygon: { pt: pt.slice(1) } }, [])).toMatchObject({ problem: { kind: 'empty-annotation' } });
});

it('reads the angle of a box, in degrees', () => {
  const turned = { cx: '50', cy: '40', w: '20', h: '10', angle: String(Math.PI / 2) };
  expect(readBox({ robndbox: turned }, [])).toEqual({ corners: [40, 35, 60, 45], counts: 'positions', angle: 90 });
  expect(readBox({ robndbox: { cx: '1' } }, [])).toMatchObject({ problem: { kind: 'bad-annotation' } });
  const attribute = (value: string) => [
    { name: 'occluded', value: '0' },
    { name: 'rotation', value },
  ];
  const box = (value: string) =>
    readBox({ bndbox: bndbox('40', '35', '60', '45'), attributes: { attribute: attribute(value) } }, []);
  expect(box('30.0')).toEqual({ corners: [40, 35, 60, 45], counts: 'pixels', angle: 30 });
  for (const upright of ['0.0', '180', '']) expect(box(upright)).not.toHaveProperty('angle');
});

it('puts an upright box around a turned one', () => {
  const around = (degrees: number) => uprightBox([40, 35, 60, 45], degrees).map((v) => Math.round(v * 100) / 100);
  expect([around(0), around(90), around(-180)]).toEqual([
    [40, 35, 60, 45],
    [45, 30, 55, 50],
    [40, 35, 60, 45],
  ]);
  expect(around(30)).toEqual([38.84, 30.67, 61.16, 49.33]);
});

it('needs four numbers', () => {
  for (const bad of ['', 'NaN', 'Infinity', '1,5'])
    expect(readBox({ bndbox: bndbox('1', '2', bad, '9') }, [])).toMatchObject({ problem: { kind: 'bad-annotation' } });
});

// Predictions as data: what is displayed, drawn and saved of one image and of several; arrays stay arrays.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { aroundRotated } from '../../src/geometry/rotated-boxes';
import { yoloLabels } from '../../src/lab/prediction/pre-annotations';
import { PredictionList } from '../../src/lab/prediction-list';
import { Predictions } from '../../src/lab/predictions';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';

const folder = mkdtempSync(join(tmpdir(), 'detlab-predictions-'));
const classes = ['car', 'person'];
const image = { data: new Uint8Array(100 * 50 * 3).fill(90), width: 100, height: 50, order: 'rgb' as const };
const detections = {
  bboxes: new Float32Array([10, 10, 40, 30, 50, 5, 90, 45, 0, 0, 9, 9]),
  scores: new Float32Array([0.9, 0.5, 0.1]),
  labels: new Int32Array([0, 1, 0]),
};
const predictions = Predictions.create('street.jpg', image, detections, classes, { threshold: 0.4 });
const list = PredictionList.create([predictions, predictions], classes, { threshold: 0.4 });
const dataOf = (html: unknown) => JSON.parse(/<script type="application\/json">(.*)<\/script>/.exec(String(html))![1]);

test('one image: an array with all, displayed with the boxes from the threshold on', async () => {
  expect([...predictions].map((p) => p.label)).toEqual(['car', 'person', 'car']);
  expect(predictions.confident).toHaveLength(2);
  expect(predictions.map((p) => p.score)).not.toBeInstanceOf(Predictions);
  const bundle = await predictions[JUPYTER_DISPLAY]();
  expect(Object.keys(bundle)).toEqual(['text/html', 'image/png', 'text/plain']);
  expect(bundle['text/plain']).toBe(predictions.toString());
  expect(bundle['text/html']).toContain('alt="street.jpg: 1 car, 1 person"');
  expect(dataOf(bundle['text/html'])).toMatchObject({ threshold: 0.4, images: [{ boxes: { length: 3 } }] });
  // nothing of the display is in what the array prints
  expect(inspect(predictions)).toMatch(/^street\.jpg\nlabel +score/);
});

test('rotated boxes stand in the array, the table and the files', async () => {
  const rboxes = new Float32Array([25, 20, 30, 20, 0, 70, 25, 40, 20, Math.PI / 6]);
  const bboxes = aroundRotated(rboxes);
  const found = { bboxes, rboxes, scores: new Float32Array([0.9, 0.5]), labels: new Int32Array([0, 1]) };
  const rotated = Predictions.create('port.jpg', image, found, classes, { threshold: 0.4 });
  expect(rotated[1].rbox?.map((v) => Number(v.toFixed(3)))).toEqual([70, 25, 40, 20, 0.524]);
  expect(String(rotated)).toMatch(/ x +y +width +height +angle\n/);
  expect(String(rotated)).toMatch(/40\.0 +20\.0 +30\.0°/);
  const [entry] = JSON.parse(readFileSync(await rotated.save(join(folder, 'port.coco.json')), 'utf8'));
  expect(entry.segmentation[0]).toEqual([40, 30, 40, 10, 10, 10, 10, 30]);
  // YOLO OBB: the corners
  const { width, height } = image;
  const [line] = yoloLabels(rotated, [...rotated]).split('\n');
  const share = [40, 30, 40, 10, 10, 10, 10, 30].map((v, i) => Number((v / (i % 2 ? height : width)).toFixed(6)));
  expect(line).toBe(`0 ${share.join(' ')}`);
});

test('drawing options: of predict, and of what is shown or drawn later', async () => {
  const shown = predictions.show({ palette: { person: '#123456' }, labels: 'class', threshold: undefined });
  const html = await shown.html();
  expect(dataOf(html)).toMatchObject({ threshold: 0.4, labels: 'class', colors: ['#e6194b', '#123456'] });
  expect((await sharp(await predictions.draw({ width: 333 })).metadata()).width).toBe(333);
  expect(() => predictions.show({ palete: {} } as never)).toThrow(
    /Cannot show street\.jpg: unknown option "palete".*Did you mean "palette"\?/,
  );
});

test.each([[{ sideBySide: true }], [{ color: 'state' as const }], [{ sortBy: 'AP' }]])(
  '%j is of evaluations: predictions have no truths',
  (drawing) => {
    const message = `${Object.keys(drawing)[0]}: expected an evaluation`;
    expect(() => predictions.show(drawing)).toThrow(`Cannot show street.jpg: ${message}`);
    expect(() => list.show(drawing)).toThrow(`Cannot show the predictions: ${message}`);
  },
);

test('several: a gallery, and still an array', async () => {
  expect(Array.isArray(list)).toBe(true);
  expect(list.map((p) => p.length)).toEqual([3, 3]);
  const some = list.filter((_, i) => i === 0);
  expect([some.length, some]).toEqual([1, expect.any(PredictionList)]);
  expect(list.slice(1)).toBeInstanceOf(PredictionList);
  const bundle = await list[JUPYTER_DISPLAY]();
  expect(dataOf(bundle['text/html']).images).toHaveLength(2);
  expect(bundle['text/plain']).toBe(`${predictions}\n\n${predictions}`);
});

test('none: no image, no error', async () => {
  const none = PredictionList.create([], classes);
  expect(Object.keys(await none[JUPYTER_DISPLAY]())).toContain('text/html');
});

test('saved: coordinates and scores as they are', async () => {
  const csv = readFileSync(await predictions.save(join(folder, 'a.csv')), 'utf8');
  expect(csv.split('\r\n')[1]).toBe(`street.jpg,car,${Math.fround(0.9)},10,10,40,30,,,`);
  expect(JSON.parse(readFileSync(await list.save(join(folder, 'a.json')), 'utf8')).images[1].boxes[1]).toEqual({
    class: 'person',
    score: 0.5,
    bbox: [50, 5, 90, 45],
  });
  await expect(predictions.save(join(folder, 'a.bmp'))).rejects.toThrow('Cannot save street.jpg as');
});

// Slices of a report, and COCO's error analysis, on generated scenes.

import { expect, it } from 'vitest';
import { sliceImages } from '../../src/analysis/slices';
import { evaluateBoxes, truthsOfDataset } from '../../src/evaluation';
import { Report } from '../../src/lab/report';
import { Random } from '../../src/random';

const random = Random.seeded(3);
const records = Array.from({ length: 12 }, (_, i) => {
  const boxes = Array.from({ length: 1 + (i % 4) }, () => {
    const [x, y] = [random.uniform(0, 60), random.uniform(0, 60)];
    return [x, y, x + random.uniform(8, 60), y + random.uniform(8, 60)];
  });
  return {
    id: i + 1,
    path: `${i}.jpg`,
    width: 128,
    height: 128,
    truths: {
      bboxes: Float32Array.from(boxes.flat()),
      labels: Int32Array.from(boxes, (_, k) => k % 2),
      ignored: new Uint8Array(boxes.length),
    },
    areas: Float32Array.from(boxes, ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1)),
    fields: i === 11 ? {} : { weather: i % 3 === 0 ? 'rain' : 'sun', speed: i },
    annotationIds: [],
  };
});
const dataset = { name: 'road', classes: ['car', 'bus'], records, problems: [] };
const images = records.map((record) => {
  const { bboxes, labels } = record.truths;
  const detections = {
    bboxes: bboxes.map((v) => v + random.uniform(-4, 4)),
    scores: Float32Array.from(labels, () => random.uniform(0, 1)),
    labels,
  };
  return { imageId: record.id, record, detections };
});
const metricsOf = (part: typeof images) =>
  evaluateBoxes(
    truthsOfDataset({ records: part.map(({ record }) => record) }),
    new Map(part.map(({ imageId, detections }) => [imageId, detections])),
    dataset,
  );
const results = { dataset, images, metric: { type: 'CocoMetric', metric: 'bbox' } };
const report = new Report(metricsOf(images), 'road', 1, { results });

it('a slice is evaluated as a data set of its own', async () => {
  const slices = await report.slices([
    'weather',
    { by: 'speed', bounds: [6] },
    'size',
    { by: (image) => image.id % 2, name: 'odd', bounds: [1] },
  ]);
  const rain = metricsOf(images.filter(({ record }) => record.fields.weather === 'rain'));
  expect(slices.of('weather rain').AP).toBe(rain.metrics.AP);
  expect(slices.rows.find(({ name }) => name === 'weather rain')).toMatchObject({ images: 4, truths: rain.truths });
  expect(slices.of('speed >= 6').AP).toBe(metricsOf(images.slice(6, 11)).metrics.AP);
  expect(slices.rows.map(({ name }) => name)).toEqual([
    ...['all', 'weather rain', 'weather sun', 'no weather', 'speed < 6', 'speed >= 6', 'no speed'],
    ...['size small', 'size medium', 'size large', 'odd < 1', 'odd >= 1'],
  ]);
  expect(slices.of('size small').AP).toBe(report.metrics.APs);
  expect(slices.toString()).toContain('weather sun');
});

it.each([
  [[21, 6], /ascending bounds, such as \[6, 21\], received 6 after 21/],
  [[6, 6], /received 6 after 6/],
])('bounds that do not ascend: %#', async (bounds, message) => {
  expect(() => sliceImages('objects', [1, 7, 30], bounds)).toThrow(message);
  await expect(report.slices([{ by: 'speed', bounds }])).rejects.toThrow(message);
});

it('groups of classes, crowding and number of objects', async () => {
  const slices = await report.slices([
    { groups: { vehicles: ['car', 'bus'], cars: ['car'] } },
    'crowding',
    { by: 'objects', bounds: [2] },
  ]);
  expect(slices.of('vehicles').AP).toBeCloseTo(report.metrics.AP, 12);
  expect(slices.of('cars').AP).toBe(report.perClass[0].metrics.AP);
  expect(slices.of('objects < 2').AP).toBe(metricsOf(images.filter((_, i) => i % 4 === 0)).metrics.AP);
});

it('errors name what there is', async () => {
  await expect(report.slices(['wether'])).rejects.toThrow('Did you mean "weather"?');
  await expect(report.slices([{ groups: { all: ['cat'] } }])).rejects.toThrow('there is no class "cat"');
  await expect(report.slices([{ by: 'weather', bounds: [1] }])).rejects.toThrow('are of numbers, received "rain"');
  await expect(report.slices([{ b: 'weather' } as never])).rejects.toThrow('Cannot slice the evaluation');
  expect(sliceImages('n', [1, 2, 3, 4, 5, 6]).map(({ images: of }) => of)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});

it("COCO's error analysis is a chart and a table", () => {
  const errors = report.cocoErrors({ class: 'car' });
  const means = errors.classes[0].curves.map((areas) => areas[0].reduce((a, b) => a + b, 0));
  expect(means).toEqual([...means].sort((a, b) => a - b)); // each stage forgives more
  expect(errors.toString()).toMatch(/C75 +C50 +Loc +Sim +Oth +BG +FN/);
  expect(() => report.cocoErrors({ class: 'caar' })).toThrow('Did you mean "car"?');
});

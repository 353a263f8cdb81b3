// Errors of a report: kinds, filters, galleries in order, the table of images in a browser, and what is refused.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src';
import { ERROR_KINDS, kindOfDetection } from '../../src/analysis/error-kinds';
import { evaluateBoxes, truthsOfDataset, truthsOfRecord, VocBboxMetric } from '../../src/evaluation';
import { ErrorReport } from '../../src/lab/error-report';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { randomResults } from '../analysis/random-results';
import { browser, withPage } from '../frontends/browser';
import { evaluatedScenes } from './evaluated-scenes';

const folder = mkdtempSync(join(tmpdir(), 'detlab-errors-'));
afterAll(() => rmSync(folder, { recursive: true }));

let report: Report;
let errors: ErrorReport;
beforeAll(async () => {
  report = await evaluatedScenes(folder);
  errors = report.errors();
});

test('the table lists the kinds with numbers that add up, and every format is written', async () => {
  const { detections } = errors.rows;
  const counts = errors.kinds.map(({ count }) => count).reduce((a, b) => a + b, 0);
  const missed = errors.kinds.find(({ kind }) => kind === 'missed')!.count;
  expect(errors.truePositives + counts - missed).toBe(detections.count);
  expect(errors.kinds.every(({ count }) => count > 0)).toBe(true);
  expect(errors.kinds.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(String(errors)).toMatch(/wrong class +Cls +\d+ +0\.\d{4} +\d+\.\d%/);
  const bundle = await errors[JUPYTER_DISPLAY]();
  expect(Object.keys(bundle)).toEqual(['text/html', 'text/markdown', 'text/plain']);
  const read = async (name: string) => readFileSync(await errors.save(join(folder, name)), 'utf8');
  expect((await read('e.csv')).split('\r\n')[1]).toMatch(/^wrong class,Cls,\d+,0,0\.\d+,0\.\d+$/);
  const json = JSON.parse(await read('e.json'));
  expect(json.kinds.map(({ kind }: { kind: string }) => kind)).toEqual(ERROR_KINDS);
  expect(json.ap).toBeCloseTo(report.metrics.AP50, 2);
  expect(await read('e.svg')).toMatch(/^<svg .*badly placed/);
  expect((await read('e.png')).slice(1, 4)).toBe('PNG');
  await expect(errors.save('e.gif')).rejects.toThrow('.html, .csv, .json, .svg, .png, .txt');
});

test('filters by class, size, score and kind add up', () => {
  const { detections, truths } = errors.rows;
  const [name] = report.results!.dataset.classes;
  const sure = errors.filter({ score: [0.5, 1] }).filter({ kind: ['wrong class', 'background'] });
  let expected = 0;
  for (let row = 0; row < detections.count; row++)
    if (detections.score[row] >= 0.5 && ['wrong class', 'background'].includes(kindOfDetection(detections, row)))
      expected++;
  expect(sure.kinds.reduce((sum, { count }) => sum + count, 0)).toBe(expected);
  expect(String(sure)).toContain('(wrong class, background; score 0.5 to 1)');
  // every object is of one size, every detection of one kind
  const sizes = (['small', 'medium', 'large'] as const).map((size) => errors.filter({ size }));
  for (const [i, { kind, count }] of errors.kinds.entries())
    expect(
      sizes.reduce((sum, of) => sum + of.kinds[i].count, 0),
      kind,
    ).toBe(count);
  const missed = errors.filter({ class: name, kind: 'Miss' }).kinds.at(-1)!.count;
  const rows = Array.from({ length: truths.count }, (_, row) => row);
  expect(missed).toBe(rows.filter((row) => truths.label[row] === 0 && truths.kind[row] === 6).length);
  // correcting a part gains no more than correcting all
  for (const { kind, dAP } of errors.kinds)
    expect(errors.filter({ class: name }).costs.kinds[kind]).toBeLessThanOrEqual(dAP + 1e-12);
});

test('galleries show the worst first, with the truth that each detection met', () => {
  const gallery = errors.gallery({ worst: 5 });
  const alone = (image: number) => {
    const { record, detections } = report.results!.images[image];
    const { classes } = report.results!.dataset;
    return evaluateBoxes([truthsOfRecord(record)], new Map([[record.id, detections]]), { classes }).metrics.AP;
  };
  const aps = report.results!.images.map((_, image) => alone(image)).sort((a, b) => a - b);
  expect(gallery.images.map(({ values }) => values!.AP)).toEqual(aps.slice(0, 5));
  const boxes = gallery.images.flatMap((image) => image.boxes);
  const found = boxes.find(({ state, score }) => state === 'true positive' && score !== undefined)!;
  expect(found.iou).toBeGreaterThanOrEqual(0.5);
  expect(found.met).toMatch(/^\w+ \d+$/);
  expect(boxes.some(({ state, score }) => state === 'truth' && score === undefined)).toBe(true);
  const wrong = errors.filter({ kind: 'wrong class' }).gallery({ worst: 3 });
  for (const image of wrong.images)
    for (const { score, state } of image.boxes) if (score !== undefined) expect(state).toBe('wrong class');
  const byMissed = errors.gallery({ by: 'missed', worst: 2 }).images[0].caption;
  expect(byMissed).toMatch(/\d+ missed/);
  expect(report.gallery({ limit: 2 }).shown.length).toBe(2);
});

test('the loss of images orders them where it is known', () => {
  const { images } = report.results!;
  const losses = new Map(images.map(({ imageId }, i) => [imageId, (7 * i) % images.length]));
  const gallery = report.errors({ losses }).gallery({ by: 'loss', worst: 3 });
  expect(gallery.images.map(({ values }) => values!.loss)).toEqual([9, 8, 7]); // of ten images
  expect(report.errors({ losses }).perImage().images[0].loss).toBeDefined();
  expect(() => errors.gallery({ by: 'loss' })).toThrow('model.errors(data, { losses: true })');
});

test('what is unknown is refused with the nearest name', () => {
  expect(() => errors.filter({ kind: 'mised' as never })).toThrow('Did you mean "missed"');
  expect(() => errors.filter({ class: 'no' })).toThrow('no class "no"');
  expect(() => errors.filter({ sizes: 'small' } as never)).toThrow('Did you mean "size"');
  expect(() => errors.filter({ score: [1, 0] })).toThrow('expected [lowest, highest]');
  expect(() => errors.gallery({ by: 'duplicates' as never })).toThrow('Did you mean "duplicate"');
  expect(() => errors.gallery({ worst: 0 })).toThrow('worst: expected int > 0');
  expect(() => report.errors({ ious: 0.5 } as never)).toThrow('Did you mean "iou"');
});

test("a VOC report's errors are matched and measured as VOC does", () => {
  const { dataset, images } = report.results!;
  const results = { dataset, images, metric: { type: 'VOCMetric', iou_thrs: [0.4, 0.5] } };
  const voc = ErrorReport.of(results);
  const metric = new VocBboxMetric(truthsOfDataset(dataset), { classes: dataset.classes, iouThresholds: [0.4] });
  for (const { imageId, detections } of images) metric.add(imageId, detections);
  expect(voc.iou).toBe(0.4);
  expect(voc.costs.ap).toBeCloseTo(metric.compute().metrics.mAP, 12);
  const [worst] = voc.perImage().images;
  const alone = new VocBboxMetric([truthsOfRecord(images[worst.image].record)], {
    classes: dataset.classes,
    iouThresholds: [0.4, 0.5],
  });
  alone.add(worst.id, images[worst.image].detections);
  expect(worst.ap).toBe(alone.compute().metrics.mAP);
});

test('crowds and classes that are not there are mentioned', () => {
  const results = randomResults({ images: 30, classes: 2, seed: 5 });
  results.dataset.classes.push('ghost');
  results.images[0].detections = {
    bboxes: Float32Array.from([0, 0, 20, 20]),
    scores: Float32Array.from([0.9]),
    labels: Int32Array.from([2]),
  };
  const { note } = ErrorReport.of(results).table;
  expect(note).toContain('count as AP 0: ghost');
});

test.skipIf(!browser)('the table of images is sorted by a click', async () => {
  const table = errors.perImage();
  expect(String(table)).toMatch(/image +AP +truths/);
  const aps = table.images.map(({ ap }) => ap);
  expect(aps).toEqual([...aps].sort((a, b) => a - b));
  await withPage(await table.save(join(folder, 'images.html')), async (page) => {
    const column = async () => (await page.locator('tbody td:nth-child(2)').allTextContents()).map(Number);
    expect(await column()).toEqual(aps.map((ap) => Number(ap.toFixed(3))));
    await page.click('th:nth-child(2)');
    await page.click('th:nth-child(2)');
    expect(await column()).toEqual(aps.map((ap) => Number(ap.toFixed(3))).reverse());
  });
});

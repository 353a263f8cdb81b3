// CityScapesMetric: every case of golden/cityscapes_eval.json, which cityscapesScripts computed, and its files.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import type { Dataset, ImageRecord } from '../../src/data/types';
import { CITYSCAPES_THRESHOLDS, cityscapesAp } from '../../src/evaluation/cityscapes-ap';
import { cityscapesMatches } from '../../src/evaluation/cityscapes-matches';
import { CityScapesMetric } from '../../src/evaluation/cityscapes-metric';
import type { MetricFactory } from '../../src/evaluation/report';
import { CITYSCAPES_CLASSES, CITYSCAPES_LABELS } from '../../src/masks/cityscapes-labels';
import { readLabelMap } from '../../src/masks/label-map';
import { goldenJson } from '../golden-data';

interface Case {
  images: { png: string; detections: { label: number; score: number; counts: number[] }[] }[];
  ap?: (number | null)[][];
  allAp: number | null;
  allAp50: number | null;
  matches?: unknown[];
  error?: string;
}
const { height, width, thresholds, cases } = goldenJson('cityscapes_eval') as {
  height: number;
  width: number;
  thresholds: number[];
  cases: Record<string, Case>;
};

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-cityscapes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const image = (i: number) => `a_${String(i).padStart(6, '0')}_000000`;
/** The classes of the dataset: the eight, and two that are not evaluated. */
const classes = [...CITYSCAPES_CLASSES, 'road', 'caravan'];

/** The images of a case in Cityscapes' layout. */
function layout(name: string): { root: string; dataset: Dataset } {
  const root = path.join(folder, name.replaceAll(' ', '-'));
  const [images, ids] = ['leftImg8bit', 'gtFine'].map((part) => path.join(root, part, 'val', 'a'));
  mkdirSync(ids, { recursive: true });
  const records = cases[name].images.map(({ png }, i): ImageRecord => {
    writeFileSync(path.join(ids, `${image(i)}_gtFine_instanceIds.png`), Buffer.from(png, 'base64'));
    const truths = { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() };
    const file = path.join(images, `${image(i)}_leftImg8bit.png`);
    return { id: i, path: file, width, height, truths, areas: new Float32Array(), annotationIds: [] };
  });
  return { root, dataset: { name, classes, records, problems: [] } };
}

const build = (options: object): MetricFactory =>
  new Registry([CityScapesMetric]).build(
    'metric',
    { type: 'CityScapesMetric', ...options },
    { path: 'm' },
  ) as MetricFactory;

const found = ({ detections }: Case['images'][number]) => ({
  bboxes: new Float32Array(4 * detections.length),
  scores: detections.map(({ score }) => score),
  labels: detections.map(({ label }) => classes.indexOf(CITYSCAPES_LABELS[label].name)),
  masks: detections.map(({ counts }) => ({ height, width, counts: Uint32Array.from(counts) })),
});

async function evaluated(name: string, options: object = {}) {
  const { root, dataset } = layout(name);
  const metric = await build(options)(dataset);
  for (const [i, one] of cases[name].images.entries()) metric.add(i, found(one));
  return { root, report: metric.compute() };
}

test("the thresholds are numpy's, to the last bit", () => expect(CITYSCAPES_THRESHOLDS).toEqual(thresholds));

describe('equal to cityscapesScripts', () => {
  test.each(Object.keys(cases).filter((name) => !cases[name].error))('%s', async (name) => {
    const { ap, allAp, allAp50 } = cases[name];
    const { root, report } = await evaluated(name);
    expect(report.metrics.AP).toBeCloseTo(allAp ?? -1, 12);
    expect(report.metrics.AP50).toBeCloseTo(allAp50 ?? -1, 12);
    const images = cases[name].images.map(({ detections }, i) => {
      const file = path.join(root, 'gtFine/val/a', `${image(i)}_gtFine_instanceIds.png`);
      const given = detections.map(({ label, score, counts }) => ({
        labelID: label,
        confidence: score,
        mask: { height, width, counts: Uint32Array.from(counts) },
      }));
      return cityscapesMatches(readLabelMap(file), given, file);
    });
    for (const [c, row] of ap!.entries())
      for (const [o, value] of row.entries()) {
        const ours = cityscapesAp(images, CITYSCAPES_CLASSES[c], CITYSCAPES_THRESHOLDS[o]);
        if (value === null) expect(ours).toBeNaN();
        else expect(ours, `${CITYSCAPES_CLASSES[c]} at ${CITYSCAPES_THRESHOLDS[o]}`).toBeCloseTo(value, 12);
      }
  });

  test("its names in the log are MMDetection's", async () => {
    const { metrics, logged } = (await evaluated('scenes 0')).report;
    expect(logged).toEqual({ 'cityscapes/mAP': metrics.AP, 'cityscapes/AP@50': metrics.AP50 });
    const { report } = await evaluated('scenes 0', { prefix: 'mine' });
    expect(Object.keys(report.logged!)).toEqual(['mine/mAP', 'mine/AP@50']);
  });

  test('where every detection is ignored the reference stops with an IndexError: nothing is found', async () => {
    expect(cases['all ignored'].error).toMatch(/out of bounds/);
    expect((await evaluated('all ignored')).report.metrics).toEqual({ AP: 0, AP50: 0 });
  });

  test('matches.json, and the files for the test server', async () => {
    const folders = { outfile_prefix: path.join(folder, 'out'), dump_matches: true };
    mkdirSync(path.join(folders.outfile_prefix, 'results'), { recursive: true });
    const results = path.join(folders.outfile_prefix, 'results');
    for (const file of [
      'notes.txt',
      'view_1_roof.png',
      'plan_2024_final.png',
      'b_000000_000000_leftImg8bit_pred.txt',
      'x_0_car.png',
    ])
      writeFileSync(path.join(results, file), 'of an evaluation before');
    await evaluated('scenes 0', folders);
    const matches = JSON.parse(readFileSync(path.join(folders.outfile_prefix, 'matches.json'), 'utf8'));
    expect(
      Object.values(matches).map((one) => JSON.parse(JSON.stringify(one, (k, v) => (k === 'predID' ? undefined : v)))),
    ).toEqual(
      cases['scenes 0'].matches!.map((one) => {
        const { groundTruth, prediction } = JSON.parse(JSON.stringify(one, (k, v) => (k === 'predID' ? undefined : v)));
        const kept = Object.fromEntries(CITYSCAPES_CLASSES.map((name) => [name, groundTruth[name]]));
        return { groundTruth: kept, prediction };
      }),
    );
    const given = cases['scenes 0'].images[0].detections;
    const text = readFileSync(path.join(results, `${image(0)}_leftImg8bit_pred.txt`), 'utf8')
      .trim()
      .split('\n');
    expect(text).toHaveLength(given.length);
    const [file, label, score] = text[0].split(' ');
    expect([Number(label), Number(score)]).toEqual([given[0].label, given[0].score]);
    const mask = readLabelMap(path.join(results, file));
    expect(mask.data.filter((value) => value === 1)).toHaveLength(
      given[0].counts.reduce((sum, run, i) => sum + (i % 2) * run, 0),
    );
    expect(
      readdirSync(results)
        .filter((one) => /^(notes|view|plan|b_|x_)/.test(one))
        .sort(),
    ).toEqual(['notes.txt', 'plan_2024_final.png', 'view_1_roof.png']);
  });

  test('format_only writes alone; keep_results: false leaves nothing', async () => {
    const outfile_prefix = path.join(folder, 'formatted');
    const { report } = await evaluated('ties', { outfile_prefix, format_only: true });
    expect([report.metrics, report.perClass]).toEqual([{}, []]);
    expect(readdirSync(path.join(outfile_prefix, 'results'))).toHaveLength(5);
    await evaluated('ties', { outfile_prefix, keep_results: false });
    expect(readdirSync(path.join(outfile_prefix, 'results'))).toEqual([]);
  });
});

describe('errors', () => {
  test('name the option, the class, the file and the size', async () => {
    expect(() => build({ format_only: true })).toThrow(/format_only of CityScapesMetric: expected outfile_prefix/);
    expect(() => build({ outfile_prefix: 'x', format_only: true, keep_results: false })).toThrow(
      /nothing would be left/,
    );
    const { dataset, root } = layout('ties');
    await expect(build({})({ ...dataset, classes: ['cars'] })).rejects.toThrow(
      /evaluate class "cars" by CityScapesMetric.*Did you mean "car"\?/,
    );
    const away = { ...dataset, records: [{ ...dataset.records[0], path: path.join(root, 'x/b_leftImg8bit.png') }] };
    await expect(build({ seg_prefix: 'nowhere' })(away)).rejects.toThrow(
      /there is no .*nowhere\/x\/b_gtFine_instanceIds.png, no .*nowhere\/b_gtFine_instanceIds.png. Set seg_prefix/,
    );
    const metric = await build({ seg_prefix: path.join(root, 'gtFine/val') })(dataset);
    const [one] = cases.ties.images;
    expect(() => metric.add(0, { ...found(one), masks: undefined })).toThrow(
      /expected one per box \(4\), received none/,
    );
    const small = { height: 10, width: 10, counts: Uint32Array.from([0, 100]) };
    expect(() => metric.add(0, { ...found(one), masks: found(one).masks.map(() => small) })).toThrow(
      /expected a mask of 64 x 96.*received 10 x 10/,
    );
  });
});

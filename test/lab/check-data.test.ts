// What a run says of its data before it trains, and what it refuses.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataset, detector, type LabDataset, startEngine } from '../../src';
import { checkData, checkEvaluated } from '../../src/lab/check-data';
import { chosenMetrics, configuredMetrics } from '../../src/lab/chosen-metrics';
import { configuredData } from '../../src/lab/config-data';
import { evaluate } from '../../src/lab/evaluate';
import type { Detector } from '../../src/models/types';
import { annotation, CASE_IMAGES, caseFile, greyImages, newFolder, writeCoco } from '../data/datasets/cases';
import { small } from './small';
import { smallMask } from './small-mask';

let folder: string;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  folder = newFolder();
  const numbered = Object.fromEntries([1, 2, 3, 4].map((i) => [`${i}.jpg`, [80, 60] as [number, number]]));
  await greyImages(folder, { ...CASE_IMAGES, ...numbered, 'p.png': [200, 100], 's.jpg': [24, 24], 't.jpg': [24, 24] });
});
afterAll(() => rmSync(folder, { recursive: true }));

const metricsOf = ({ config }: ReturnType<typeof small>) => configuredMetrics(config, 'val_evaluator');
const load = (name: string, val?: string) =>
  dataset.coco(caseFile(`${name}.json`), folder, {
    ...(val && { val: { annFile: caseFile(`${val}.json`), imgDir: folder } }),
  });
const fit = async (recipe: ReturnType<typeof small>, data: LabDataset) => {
  const lines: string[] = [];
  const run = await recipe.classes(data.classes).fit(data, {
    epochs: 1,
    batch: 2,
    seed: 1,
    workers: 0,
    workDir: false,
    log: (line: string) => void lines.push(line),
  });
  return { run, lines };
};

describe('masks', () => {
  it('trains and evaluates where some objects have no outline, and says how many', async () => {
    const { run, lines } = await fit(smallMask(), await load('masks/onebad', 'masks/onebad'));
    const said = lines.filter((line) => line.includes('have no outline'));
    expect(said).toEqual([
      expect.stringMatching(/1 of 4 objects have no outline, such as annotation 4 of ".*4\.jpg": ignored in training/),
      expect.stringMatching(/1 of 4 objects have no outline.*ignored in the evaluation of masks/),
    ]);
    expect(lines.findIndex((line) => line.includes('have no outline'))).toBeLessThan(
      lines.findIndex((line) => line.includes('loss_mask')),
    );
    // as boxes all four are evaluated
    expect(run.report!.truths).toBe(4);
    expect(run.report!.metrics.segm_AP).toBeGreaterThanOrEqual(0);
  });

  it('trains and evaluates rectangles mixed with polygons', async () => {
    const { run } = await fit(smallMask(), await load('exports/sahi', 'exports/sahi'));
    expect(Object.keys(run.report!.metrics)).toContain('segm_AP');
  });

  it('counts outlines of run lengths as none where polygons are loaded', async () => {
    const [size, counts] = [
      [480, 640],
      [48_100, 100, 259_000],
    ];
    const runs = annotation({ bbox: [100, 100, 1, 100], area: 100, segmentation: { size, counts } });
    const polygon = annotation({ id: 2, bbox: [10, 10, 40, 30], segmentation: [[10, 10, 50, 10, 50, 40]] });
    const recipe = smallMask().set({ 'train_dataloader.dataset.pipeline.1.poly2mask': false });
    const both = await dataset.coco(writeCoco(folder, { annotations: [runs, polygon] }), folder);
    expect(checkData(both, smallMask().config).join()).not.toMatch(/outline/);
    expect(checkData(both, recipe.config)).toContainEqual(
      expect.stringMatching(/1 of 2 objects have no outline as polygons.*poly2mask: false, such as annotation 1/),
    );
    const only = await dataset.coco(writeCoco(folder, { annotations: [runs] }), folder);
    expect(() => checkData(only, recipe.config)).toThrow(/usable outline as polygons/);
  });

  it.each(['masks/flat', 'exports/globox'])('refuses %s.json before training', async (name) => {
    const data = await load(name);
    await expect(fit(smallMask(), data)).rejects.toThrow(
      /Cannot train masks of .*none of its \d objects has a usable outline/,
    );
    await expect(load(name).then((d) => checkEvaluated(d.train, metricsOf(smallMask())))).rejects.toThrow(
      /Cannot evaluate masks/,
    );
    // boxes alone are fine
    expect(() => checkData(data, small().config)).not.toThrow();
  });
});

it('checks the metrics that are chosen, not those of the config', async () => {
  const { train } = await load('masks/flat');
  const none = { eval: () => {} } as Detector;
  const options = { signal: AbortSignal.abort() };
  expect(() => evaluate(none, train, small().config, { ...options, metric: ['voc', 'segm'] })).toThrow(
    /Cannot evaluate masks/,
  );
  expect(() => checkEvaluated(train, chosenMetrics('mmdet.BoundaryMetric'))).toThrow(/Cannot evaluate masks/);
  expect(() => evaluate(none, train, smallMask().config, options)).toThrow(/Cannot evaluate masks/);
  expect(await evaluate(none, train, smallMask().config, { ...options, metric: 'bbox' })).toBeUndefined();
});

describe('objects', () => {
  it('counts crowds in the table, and refuses to train on nothing else', async () => {
    const data = await load('exports/datumaro_masks');
    expect(data.table().rows).toEqual([
      ['cell', '0'],
      ['all', '0'],
      ['crowds (ignored)', '2'],
    ]);
    expect(data.toString()).toMatch(
      /1 problem: .*nothing to train.*all of its 2 objects are ignored, 2 of them as crowds/,
    );
    await expect(fit(small(), data)).rejects.toThrow(/Cannot train on .*all of its 2 objects are ignored \(2 crowds\)/);
    expect(() => checkEvaluated(data.train, metricsOf(small()))).toThrow(/Cannot evaluate on/);
    const crowd = await dataset.coco(writeCoco(folder, { annotations: [annotation({ iscrowd: 1 })] }), folder);
    expect(crowd.toString()).toMatch(/1 problem: .*nothing to train.*its only object is ignored, as a crowd/);
    await expect(fit(small(), crowd)).rejects.toThrow(/its only object is ignored \(1 crowd\)/);
    const parts = await load('exports/supervision_parts');
    expect(parts.table().title).toMatch(/: 1 image, 1 class$/);
    expect(parts.table().rows).toEqual([
      ['x', '1'],
      ['all', '1'],
      ['crowds (ignored)', '2'],
    ]);
    expect(parts.notices).toContainEqual(expect.stringMatching(/2 of 3 objects are crowds, which are ignored/));
  });

  it('refuses images without any object', async () => {
    const file = writeCoco(folder, {});
    const data = await dataset.coco(file, folder);
    expect(() => checkData(data, small().config)).toThrow(/its 2 images have no objects/);
  });

  it('says whether images without objects are used', async () => {
    const data = await load('coco/only1');
    expect(data.table().rows).toContainEqual(['images without objects (used as background)', '1']);
    const filtered = small();
    expect(checkData(data, filtered.config)).toEqual([]);
    const { run, lines } = await fit(filtered, data);
    expect(lines).toContainEqual(expect.stringMatching(/b\.jpg" has no valid box.*not used for training/));
    expect(run.problems.map(({ kind }) => kind)).toEqual(['empty-image']);
    const background = filtered.set({ 'train_dataloader.dataset.filter_cfg': null });
    expect(checkData(data, background.config)).toEqual(['1 image of 2 without objects: used as background']);
  });

  it('counts and names images below min_size', async () => {
    const images = ['s', 't'].map((name, i) => ({ id: i + 1, file_name: `${name}.jpg`, width: 24, height: 24 }));
    const annotations = [
      annotation({ bbox: [2, 2, 10, 10] }),
      annotation({ id: 2, image_id: 2, bbox: [2, 2, 10, 10] }),
    ];
    const file = writeCoco(folder, { images, annotations });
    const data = await dataset.coco(file, folder);
    const recipe = small().set({ 'train_dataloader.dataset.filter_cfg': { filter_empty_gt: true, min_size: 32 } });
    await expect(fit(recipe, data)).rejects.toThrow(
      /no usable images\. Image ".*s\.jpg" is 24 x 24 pixels, below min_size 32; not used for training \(and 1 more image\)/,
    );
    const filtered = await dataset.coco(file, folder, { minSize: 32 });
    expect(filtered.table().rows).toContainEqual(['images below min_size (not used)', '2']);
    expect(filtered.problems.map(({ kind }) => kind)).toEqual(['small-image', 'small-image']);
  });
});

it('logs problems and guesses of the data before training', async () => {
  const { lines } = await fit(small(), await load('coco/dupcat', 'coco/case'));
  expect(lines).toContainEqual(expect.stringMatching(/^bad data: Category 2 .* has the name "RBC" of category 1/));
  expect(lines).toContainEqual(expect.stringMatching(/^case\.json: 2 images are found under another name/));
  expect(lines).toContainEqual(expect.stringMatching(/has 1 object of category "WBC".*not evaluated/));
});

it('evaluates on a file that lacks one of the classes', async () => {
  const data = await load('exports/sahi', 'coco/only1');
  expect(data.val!.classes).toEqual(data.train.classes);
  expect(data.notices).toContainEqual(expect.stringMatching(/only1\.json: has no category "WBC", "Platelets"/));
  const { run } = await fit(small(), data);
  expect(run.report!.perClass.map(({ truths }) => truths)).toEqual([0, 1, 0, 0]);
});

it('reads the classes of the training data from a config, also where validation lacks one', async () => {
  const part = (name: string) => ({
    type: 'CocoDataset',
    ann_file: caseFile(`${name}.json`),
    data_prefix: { img: folder },
  });
  const recipe = detector('faster-rcnn_r18_fpn_toytown');
  const config = {
    ...recipe.config,
    train_dataloader: { dataset: part('exports/sahi') },
    val_dataloader: { dataset: part('coco/only1') },
  };
  const data = await configuredData(config, 'cells');
  expect([data.train.classes, data.val!.classes]).toEqual([data.classes, data.classes]);
  expect(data.table().rows[1]).toEqual(['RBC', '3', '1']);
});

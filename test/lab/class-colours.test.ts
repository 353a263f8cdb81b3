// Every view of a dataset's images has the colours of its palette.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dataset, detector, LabelMistakes } from '../../src';
import { classColours } from '../../src/lab/class-colours';
import { watchedImages } from '../../src/lab/watched';
import { evaluatedScenes } from './evaluated-scenes';

const folder = mkdtempSync(join(tmpdir(), 'detlab-colours-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Colours that no standard palette has. */
const palette = ['#010203', '#111213', '#212223', '#313233', '#414243'];
const shows = (html: string) => palette.some((colour) => html.includes(colour));

test('a dataset without a palette has none: the standard colours are used', () => {
  expect(classColours({ classes: ['a', 'b'] })).toEqual({ classes: ['a', 'b'] });
  expect(classColours({ classes: ['a'], palette: ['#010203'] })).toEqual({ classes: ['a'], palette: ['#010203'] });
});

test('the galleries of a report', async () => {
  const report = await evaluatedScenes(join(folder, 'scenes'), 6, palette);
  const views = {
    gallery: report.gallery({ color: 'class' }),
    errors: report.errors().gallery({ worst: 3, color: 'class' }),
    mistakes: LabelMistakes.of(report.results!).show({ color: 'class' }),
    confusion: report.confusion(),
  };
  for (const [name, view] of Object.entries(views)) expect([name, shows(await view.html())]).toEqual([name, true]);
  const asked = await report.gallery({ color: 'class', palette: ['#c0ffee'] }).html();
  expect([asked.includes('#c0ffee'), shows(asked)]).toEqual([true, false]);
  const plain = await evaluatedScenes(join(folder, 'scenes'), 6);
  expect(shows(await plain.gallery({ color: 'class' }).html())).toBe(false);
});

test('the views of a dataset, of watched images, of batches and of pipeline steps', async () => {
  const data = await dataset.toytown({ images: 6, seed: 3, width: 96, height: 64, dir: join(folder, 'views') });
  data.train.palette = palette;
  const recipe = detector('retinanet_r18_fpn_1x_coco');
  const html = {
    show: await data.show({ limit: 2 }).html(),
    browse: await data.browse({ size: 2 }).html(),
    watched: await watchedImages(data.train, 2)!.show().with({ color: 'class' }).html(),
    batches: await (await recipe.batches(data, { count: 1 })).html(),
    steps: await (await recipe.steps(data)).html(),
  };
  expect(Object.entries(html).filter(([, text]) => !shows(text))).toEqual([]);
});

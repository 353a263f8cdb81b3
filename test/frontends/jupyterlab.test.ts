// The kernel in a real front end: JupyterLab in a headless Chromium. Skipped, with a notice, where there is none.
// Leaves what it saw as pictures in runs/frontends/.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/paths';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { LiveImages } from '../../src/visualization/live-images';
import { allowed } from '../kernels/jupyter/kernels';
import { smallOptions } from '../lab/small-options';
import { reducedNotebook, SMALL_TOUR_DETECTOR } from '../notebooks/reductions';
import { type JupyterLab, missing, startJupyterLab } from './jupyterlab';
import { colours, type NotebookPage, notebookOf, notebookPage, pixels } from './notebook-page';

if (missing) console.log(`The tests with a real front end are skipped: ${missing}`);

describe.skipIf(missing)('JupyterLab', () => {
  let lab: JupyterLab;
  let notebook: NotebookPage;
  beforeAll(async () => {
    lab = await startJupyterLab();
    notebook = notebookPage(lab.page);
  }, 600_000);
  afterAll(() => lab?.stop());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await notebook.screenshot(`failed ${task.name}`);
  });

  /** Opens a new notebook with these cells. */
  async function open(name: string, ...sources: string[]) {
    await lab.open(`${name}.ipynb`, notebookOf(...sources));
    await notebook.ready();
  }

  describe('the tour', () => {
    // code cells of the tour, by what they begin with
    const at = (beginning: RegExp) => {
      const { cells } = JSON.parse(readFileSync(join(packageRoot, 'notebooks', '01-tour.ipynb'), 'utf8'));
      const code = cells.filter((cell: { cell_type: string }) => cell.cell_type === 'code');
      const index = code.findIndex(({ source }: { source: string[] }) => beginning.test([source].flat().join('')));
      expect(index, `the cell ${beginning} of the tour`).toBeGreaterThanOrEqual(0);
      return { index, last: code.length - 1 };
    };

    test('runs whole, and shows chart, table and image', { timeout: 300_000 }, async () => {
      const name = '01-tour.ipynb';
      const tour = readFileSync(join(packageRoot, 'notebooks', name), 'utf8');
      await lab.open(name, reducedNotebook(name, tour, [SMALL_TOUR_DETECTOR]));
      await notebook.ready();
      await notebook.runAll();
      const { last } = at(/^import /);
      await notebook.ranAll(last, 280_000);
      expect(await notebook.ended(last)).toBe(last + 1);

      const chart = notebook
        .outputs(at(/base\.fit/).index)
        .locator('.detlab-plot')
        .first();
      await chart.scrollIntoViewIfNeeded();
      // a drawn chart has more colours than its paper
      expect(await colours(chart)).toBeGreaterThan(5);
      await notebook.screenshot('tour chart');
      const table = notebook.outputs(at(/^run\.report/).index).locator('table');
      await table.first().scrollIntoViewIfNeeded();
      expect(await table.first().isVisible()).toBe(true);
      expect(await table.allInnerTexts().then((texts) => texts.join('\n'))).toMatch(/AP50/);
      await notebook.screenshot('tour table');
      const seen = notebook.outputs(at(/\.predict\(/).index);
      const image = seen.locator('.detlab-live svg');
      await image.scrollIntoViewIfNeeded();
      expect((await image.boundingBox())!.width).toBeGreaterThan(200);
      const boxes = seen.locator('rect[data-box]');
      await seen.locator('input[type=range]').fill('1');
      await expect.poll(() => boxes.count()).toBe(0);
      await seen.locator('input[type=range]').fill('0');
      await expect.poll(() => boxes.count()).toBeGreaterThan(0);
      await notebook.screenshot('tour image');
      await notebook.cell(last).scrollIntoViewIfNeeded();
      await notebook.screenshot('tour comparison');
    });

    // a short notebook does so below
    test.runIf(process.env.DETLAB_SLOW)('starts over', { timeout: 300_000 }, async () => {
      const { last } = at(/^import /);
      await notebook.restartAndRunAll();
      await notebook.cleared(last);
      expect(await notebook.ended(0)).toBe(1);
      await notebook.ranAll(last, 280_000);
      expect(await notebook.ended(last)).toBe(last + 1);
    });
  });

  test('a notebook starts over in a new kernel', { timeout: 240_000 }, async () => {
    const runs = '(globalThis as any).runs';
    await open('over', `${runs} = (${runs} ?? 0) + 1;`, runs);
    await notebook.runAll();
    await notebook.ranAll(1, 110_000);
    await notebook.run(0);
    expect(await notebook.ended(0)).toBe(3);
    await notebook.restartAndRunAll();
    await notebook.cleared(1);
    expect(await notebook.ended(0)).toBe(1);
    await notebook.ranAll(1, 110_000);
    expect(await notebook.ended(1)).toBe(2);
    expect(await notebook.text(1)).toBe('1');
  });

  test('a notebook that is not trusted shows images with their boxes, without scripts', {
    timeout: 120_000,
  }, async () => {
    const [width, height] = [160, 120];
    const data = new Uint8Array(width * height * 3).fill(200);
    const boxes = [{ bbox: [20, 30, 90, 100], label: 0, score: 0.9 }];
    const live = new LiveImages(
      [{ source: 'a.jpg', pixels: { data, width, height, order: 'rgb' }, width, height, boxes }],
      { classes: ['car'] },
    );
    const shown = JSON.parse(notebookOf('images'));
    const bundle = await live[JUPYTER_DISPLAY]();
    shown.cells[0].outputs = [{ output_type: 'execute_result', execution_count: 1, metadata: {}, data: bundle }];
    await lab.open('untrusted.ipynb', JSON.stringify(shown));
    const image = notebook.outputs(0).locator('img');
    await image.scrollIntoViewIfNeeded();
    expect(await pixels(image)).toBeGreaterThan(100 * 100);
    expect(await image.getAttribute('alt')).toBe('a.jpg: 1 car');
    expect(await notebook.outputs(0).locator('svg, input').count()).toBe(0);
    await notebook.screenshot('untrusted');
  });

  test('Stop ends a training after its step and keeps the model', { timeout: 240_000 }, async () => {
    await open(
      'stop',
      `const town = await dataset.toytown({ images: 12, seed: 3 });
const recipe = detector('faster-rcnn_r18_fpn_toytown').classes(town.classes);
let last = 0;`,
      `const run = await recipe.fit(town, { epochs: 500, seed: 1, workDir: false, onStep: () => { last = Date.now(); } });
const ended = Date.now();`,
      'JSON.stringify([typeof run.model.predict, run.curves !== undefined, last, ended])',
    );
    await notebook.runAll();
    await notebook.outputs(1).locator('.detlab-plot').first().waitFor({ timeout: 120_000 });
    await notebook.screenshot('training');
    const pressed = Date.now();
    await notebook.interrupt();
    await notebook.ended(1, 120_000);
    await notebook.cleared(2); // what was queued is called off
    await notebook.screenshot('stopped training');
    expect(await notebook.errors()).toEqual([]);
    await notebook.run(2);
    await notebook.ended(2);
    const [predict, curves, last, ended] = JSON.parse((await notebook.text(2)).slice(1, -1));
    expect([predict, curves, typeof ended]).toEqual(['function', true, 'number']);
    // as in the kernel's own test: what follows the step takes longer while others use the cores
    expect(ended - Math.max(last, pressed)).toBeLessThan(allowed(1000));
  });

  describe('a session', () => {
    beforeAll(async () => {
      await open(
        'session',
        "const base = detector('faster-rcnn_r18_fpn_toytown');",
        "base.neck({ type: '",
        "base.neck({ type: 'FPN', ",
        'const ok = 1;\nconst wrong: number = "text";',
        "const name = await input('Your name? ');\n['Hello', name]",
      );
      await notebook.run(0);
      await notebook.ended(0);
    }, 120_000);

    test('completes config types and option keys', async () => {
      expect(await notebook.complete(1)).toEqual(expect.arrayContaining(['FPN', 'PAFPN']));
      await notebook.screenshot('completion of types');
      await lab.page.keyboard.press('Escape');
      expect(await notebook.complete(2)).toEqual(expect.arrayContaining(['num_outs', 'out_channels']));
      await notebook.screenshot('completion of options');
      await lab.page.keyboard.press('Escape');
    });

    test('shows a type error with its line and a caret', async () => {
      await notebook.run(3);
      await notebook.outputs(3).waitFor();
      const text = await notebook.text(3);
      expect(text).toMatch(/2:7 - Type 'string' is not assignable to type 'number'/);
      expect(text).toMatch(/const wrong: number = "text";\s*\n\s+\^+/);
      await notebook.screenshot('type error');
    });

    test('asks for input', async () => {
      await notebook.run(4);
      const box = notebook.cell(4).locator('.jp-Stdin-input');
      await box.waitFor();
      await notebook.screenshot('input');
      await box.fill('Ada');
      await box.press('Enter');
      await notebook.ended(4);
      expect(await notebook.text(4)).toContain("[ 'Hello', 'Ada' ]");
    });
  });

  test('a class called <img onerror> is text, wherever it is shown', { timeout: 240_000 }, async () => {
    const evil = '<img src=x onerror=alert(1)>';
    await open(
      'escaping',
      `import { mkdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
const evil = ${JSON.stringify(evil)};
mkdirSync('evil', { recursive: true });
const images = [];
for (let id = 1; id <= 4; id++) {
  const file_name = id + evil + '.png';
  const pixels = { create: { width: 96, height: 64, channels: 3 as const, background: { r: 60 * id, g: 90, b: 30 } } };
  if (id < 4) await sharp(pixels).png().toFile('evil/' + file_name);
  images.push({ id, width: 96, height: 64, file_name });
}
const annotations = images.map(({ id }) => ({ id, image_id: id, category_id: 1, bbox: [10, 10, 40, 30], area: 1200, iscrowd: 0 }));
writeFileSync('evil/ann.json', JSON.stringify({ images, annotations, categories: [{ id: 1, name: evil }] }));
const data = await dataset.coco('evil/ann.json', 'evil', { val: { annFile: 'evil/ann.json', imgDir: 'evil' } });
data`,
      'data.problems',
      `const recipe = detector('faster-rcnn_r18_fpn_toytown', { options: ${JSON.stringify(smallOptions)} }).classes(data.classes);
recipe`,
      'const run = await recipe.fit(data, { epochs: 1, seed: 1, workDir: false, log: () => {} });',
      'run.report',
      'await run.model.predict(data.train.records[0].path, { threshold: 0 })',
      '[{ [evil]: evil }]',
      'describe(evil)',
      'throw new Error(evil)',
    );
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
      await notebook.run(index);
      await notebook.ended(index, 120_000);
    }
    await notebook.screenshot('escaping');
    for (const index of [0, 4, 6, 7, 8]) {
      expect(await notebook.text(index), `cell ${index}`).toContain(evil);
    }
    expect((await notebook.errors()).filter((error) => !error.includes(evil))).toEqual([]);
    expect(await lab.page.locator('.jp-OutputArea img[src="x"]').count()).toBe(0);
    expect(lab.alerts).toEqual([]);
  });
});

// Widgets in a real JupyterLab: shown, used, restored after a reload, in both themes and without the widget extension.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { slowCases } from '../slow-cases';
import { type JupyterLab, missing, startJupyterLab } from './jupyterlab';
import { type NotebookPage, notebookOf, notebookPage, pixels } from './notebook-page';

if (missing) console.log(`The tests with a real front end are skipped: ${missing}`);

const CONTROLS = `import sharp from 'sharp';
const log: string[] = [];
const score = widgets.floatSlider({ min: 0, max: 1, value: 0.3, description: 'score' });
const neck = widgets.dropdown({ options: ['FPN', 'PAFPN'], description: 'neck' });
const names = widgets.checkbox({ value: true, description: 'class names' });
const title = widgets.text({ value: 'cells', description: 'title' });
const draw = widgets.button({ description: 'Draw', buttonStyle: 'primary' });
const colour = (r: number) => sharp({ create: { width: 120, height: 60, channels: 3, background: { r, g: 90, b: 160 } } }).png().toBuffer();
const view = widgets.image({ value: await colour(20), width: '120' });
const out = widgets.output();
const counter = widgets.any({
  esm: \`export default { render({ model, el }) {
    const button = document.createElement('button');
    button.className = 'own';
    const show = () => { button.textContent = 'own ' + model.get('count') + ' ' + model.get('bytes').byteLength; };
    button.onclick = () => { model.set('count', model.get('count') + 1); model.save_changes(); };
    model.on('change:count', show);
    show();
    el.append(button);
  } }\`,
  state: { count: 1, bytes: new Uint8Array(5) },
});
neck.observe((value) => out.show(\`neck \${value}\`));
draw.onClick(async () => { view.value = await colour(220); await out.capture(() => console.log('drawn')); });
widgets.vbox([widgets.hbox([score, neck, names]), widgets.hbox([title, draw]), view, out, counter])`;

/** Boxes with their scores, of which a slider selects. */
const BOXES = `const found = [[10, 10, 90, 70, 0.9], [120, 30, 80, 60, 0.6], [60, 60, 50, 50, 0.35], [200, 20, 60, 90, 0.15]];
await widgets.interact({ score }, ({ score }) => svg(\`<svg xmlns="http://www.w3.org/2000/svg" width="300" height="130" data-score="\${score}">\${found
  .filter(([, , , , s]) => s >= score)
  .map(([x, y, w, h, s]) => \`<rect x="\${x}" y="\${y}" width="\${w}" height="\${h}" fill="none" stroke="#e67e22" stroke-width="2"/><text x="\${x + 3}" y="\${y + 13}" font-size="12" fill="#e67e22">\${s}</text>\`)
  .join('')}</svg>\`))`;

/** Waits for the image drawn at a score; returns how many boxes it has. */
async function boxesAt(notebook: NotebookPage, score: string): Promise<number> {
  const image = notebook.outputs(1).locator(`img[src*="${encodeURIComponent(`data-score="${score}"`)}"]`);
  await image.waitFor();
  return decodeURIComponent((await image.getAttribute('src')) ?? '').split('<rect').length - 1;
}

describe.skipIf(missing)('widgets in JupyterLab', () => {
  let lab: JupyterLab;
  let notebook: NotebookPage;
  beforeAll(async () => {
    lab = await startJupyterLab();
    notebook = notebookPage(lab.page);
  });
  afterAll(() => lab?.stop());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await notebook.screenshot(`failed ${task.name}`);
  });
  const slider = (cell: number) => notebook.outputs(cell).locator('.noUi-handle').first();
  const value = async (index: number) => {
    await notebook.run(index);
    await notebook.ended(index);
    return notebook.text(index);
  };

  test('are shown, and used from both sides', { timeout: 180_000 }, async () => {
    await lab.open(
      'widgets.ipynb',
      notebookOf(
        CONTROLS,
        BOXES,
        "score.observe((s) => { if (s > 0.9) throw new Error('too ' + s); });",
        '[score.value, neck.value, names.value, title.value, counter.count]',
        'score.value = 0.5; counter.count = 7; neck.options = ["PAFPN", "FPN"];',
      ),
    );
    await notebook.ready();
    for (const index of [0, 1, 2]) {
      await notebook.run(index);
      await notebook.ended(index);
    }
    const controls = notebook.outputs(0);
    await controls.locator('.own').waitFor();
    expect(await controls.getByText('own 1 5').count()).toBe(1);
    expect(await boxesAt(notebook, '0.3')).toBe(3);
    await notebook.screenshot('widgets');

    await slider(0).press('End');
    expect(await boxesAt(notebook, '1')).toBe(0);
    await notebook.outputs(2).getByText('too 1').waitFor();
    await controls.locator('select').selectOption('PAFPN');
    await controls.getByText('neck PAFPN').waitFor();
    await controls.locator('input[type=checkbox]').click();
    await controls.locator('input[type=text]').fill('blood');
    await controls.getByText('Draw', { exact: true }).click();
    await controls.getByText('drawn').waitFor();
    await controls.locator('.own').click();
    await controls.getByText('own 2 5').waitFor();
    expect(await value(3)).toBe("[ 1, 'PAFPN', false, 'blood', 2 ]");
    await notebook.run(4);
    await controls.getByText('own 7 5').waitFor();
    expect(await boxesAt(notebook, '0.5')).toBe(2);
    expect(await controls.locator('select option').allInnerTexts()).toEqual(['PAFPN', 'FPN']);
    await notebook.screenshot('widgets used');
  });

  test('come back when the page is loaded again', { timeout: 120_000 }, async () => {
    await lab.page.keyboard.press('Control+s');
    await lab.page
      .getByText('Saving completed')
      .waitFor()
      .catch(() => {});
    await lab.page.reload();
    await notebook.ready();
    const controls = notebook.outputs(0);
    await controls.getByText('own 7 5').waitFor();
    expect(await controls.locator('input[type=text]').inputValue()).toBe('blood');
    expect(await controls.locator('select').inputValue()).toBe('PAFPN');
    await controls.getByText('drawn').waitFor();
    expect(
      await controls.locator('img').evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth),
    ).toBe(120);
    await notebook.screenshot('widgets restored');
    await controls.locator('.own').click();
    await controls.getByText('own 8 5').waitFor();
    expect(await value(3)).toBe("[ 0.5, 'PAFPN', false, 'blood', 8 ]");
    await slider(0).press('Home');
    expect(await boxesAt(notebook, '0')).toBe(4);
  });
});

describe.skipIf(missing).each(slowCases(['in the dark']))('JupyterLab without widgets, %s', () => {
  test('shows them as they were', { timeout: 180_000 }, async () => {
    const lab = await startJupyterLab({ dark: true, without: ['@jupyter-widgets/jupyterlab-manager', 'anywidget'] });
    try {
      const notebook = notebookPage(lab.page);
      await lab.open('static.ipynb', notebookOf(CONTROLS, BOXES, 'score.value = 0.7; score'));
      await notebook.ready();
      for (const index of [0, 1, 2]) {
        await notebook.run(index);
        await notebook.ended(index);
      }
      await notebook.screenshot('widgets static');
      expect(await notebook.text(0)).toMatch(
        /score\s+0\.3[\s\S]*FPN[\s\S]*class names[\s\S]*cells[\s\S]*Draw[\s\S]*count: 1/,
      );
      expect(await pixels(notebook.outputs(1).locator('img'))).toBeGreaterThan(1000);
      expect(await notebook.text(2)).toMatch(/score\s+0\.7/);
    } finally {
      await lab.stop();
    }
  });
});

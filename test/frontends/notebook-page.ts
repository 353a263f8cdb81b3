// What a person does in a notebook of JupyterLab and sees there, for tests.

import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { artefacts } from './jupyterlab';

const ERROR = '[data-mime-type="application/vnd.jupyter.error"]';

/** A notebook with a code cell for each source, of this kernel. */
export const notebookOf = (...sources: string[]) =>
  JSON.stringify({
    cells: sources.map((source, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    })),
    metadata: { kernelspec: { name: 'detlab', display_name: 'DetLab (TypeScript)', language: 'typescript' } },
    nbformat: 4,
    nbformat_minor: 5,
  });

export interface NotebookPage {
  /** The code cells, from 0. */
  cell(index: number): Locator;
  outputs(index: number): Locator;
  /** What a cell's outputs say. */
  text(index: number): Promise<string>;
  /** Waits until the kernel is started and idle. */
  ready(): Promise<void>;
  /** Runs one cell as Shift-Enter does. */
  run(index: number): Promise<void>;
  runAll(): Promise<void>;
  /** The toolbar's button, and the question after it. */
  restartAndRunAll(): Promise<void>;
  /** The toolbar's Stop. */
  interrupt(): Promise<void>;
  /** Waits until a cell has a number, that is, has ended; returns it. */
  ended(index: number, timeout?: number): Promise<number>;
  /** Waits until the last cell of a run has ended; throws when a cell fails. */
  ranAll(last: number, timeout: number): Promise<void>;
  /** Waits until a cell has lost its number. */
  cleared(index: number): Promise<void>;
  /** Presses Tab at a cell's end; returns what is offered. */
  complete(index: number): Promise<string[]>;
  /** The texts of all errors on the page. */
  errors(): Promise<string[]>;
  screenshot(name: string): Promise<void>;
}

export function notebookPage(page: Page): NotebookPage {
  const cell = (index: number) => page.locator('.jp-NotebookPanel .jp-CodeCell').nth(index);
  const prompt = (index: number) => cell(index).locator('.jp-InputPrompt').first();
  const toolbar = (item: string) => page.locator(`.jp-NotebookPanel-toolbar [data-jp-item-name="${item}"] jp-button`);
  const outputs = (index: number) => cell(index).locator('.jp-OutputArea-output');
  return {
    cell,
    outputs,
    text: async (index) => (await outputs(index).allInnerTexts()).join('\n'),
    async ready() {
      // the toolbar's own indicator is idle before there is a kernel
      await page.getByText('DetLab (TypeScript) | Idle').waitFor();
    },
    async run(index) {
      await cell(index).locator('.cm-content').first().click();
      await page.keyboard.press('Shift+Enter');
    },
    async runAll() {
      await page.locator('.lm-MenuBar-item', { hasText: /^Run$/ }).click();
      await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
    },
    async restartAndRunAll() {
      await toolbar('restart-and-run').click();
      await page.locator('.jp-Dialog .jp-mod-accept').click();
    },
    async interrupt() {
      await toolbar('interrupt').click();
    },
    async ended(index, timeout = 60_000) {
      const handle = await prompt(index).elementHandle();
      const number = await page.waitForFunction(
        (element) => /\[(\d+)\]/.exec((element as unknown as { textContent: string }).textContent)?.[1],
        handle,
        { timeout },
      );
      return Number(await number.jsonValue());
    },
    async ranAll(last, timeout) {
      const failure = page.locator(ERROR).first();
      const end = prompt(last).filter({ hasText: /\[\d+\]/ });
      await end.or(failure).first().waitFor({ timeout });
      const errors = await page.locator(ERROR).allInnerTexts();
      if (errors.length) throw new Error(`A cell failed:\n${errors.join('\n')}`);
    },
    async cleared(index) {
      await cell(index)
        .locator('.jp-InputPrompt')
        .filter({ hasText: /\[[ *]\]/ })
        .first()
        .waitFor();
    },
    async complete(index) {
      await cell(index).locator('.cm-content').first().click();
      await page.keyboard.press('Control+End');
      await page.keyboard.press('Tab');
      await page.locator('.jp-Completer:not(.lm-mod-hidden) .jp-Completer-item').first().waitFor();
      return page.locator('.jp-Completer:not(.lm-mod-hidden) .jp-Completer-match').allInnerTexts();
    },
    errors: () => page.locator(ERROR).allInnerTexts(),
    async screenshot(name) {
      await page.screenshot({ path: join(artefacts, `${name}.png`) });
    },
  };
}

/** How many colours something on the page shows: a blank one has one. */
export async function colours(element: Locator): Promise<number> {
  const { data, info } = await sharp(await element.screenshot())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const seen = new Set<number>();
  for (let i = 0; i < data.length; i += info.channels) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return seen.size;
}

/** The area of an image that has loaded; 0 of one that has not. */
export const pixels = (image: Locator): Promise<number> =>
  image.evaluate((element) => {
    const { complete, naturalWidth, naturalHeight } = element as unknown as {
      complete: boolean;
      naturalWidth: number;
      naturalHeight: number;
    };
    return complete ? naturalWidth * naturalHeight : 0;
  });

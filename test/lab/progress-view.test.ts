// Progress in a notebook: what ends before its last step shows where it ended, and no time that is left.

import { afterEach, expect, test } from 'vitest';
import { progressView } from '../../src/lab/progress-view';

const NOTEBOOK = Symbol.for('detlab.notebook');
const book = globalThis as Record<symbol, unknown>;
afterEach(() => {
  delete book[NOTEBOOK];
});

/** What is shown, one text after the other. */
function shown(work: (view: ReturnType<typeof progressView>) => void): string[] {
  const texts: string[] = [];
  book[NOTEBOOK] = { display: (bundle: Record<string, string>) => void texts.push(bundle['text/plain']) };
  const view = progressView('steps');
  work(view);
  view.close();
  return texts;
}

test('the last text is of the last step, without a time that is left', () => {
  const ended = shown((view) => {
    view.update(0, 9);
    view.update(1, 9);
    view.update(3, 9);
  });
  expect(ended.at(-1)).toMatch(/ 3\/9$/);
  // on the screen already, with a time
  const drawn = shown((view) => {
    view.update(0, 9);
    const later = performance.now() + 300;
    while (performance.now() < later);
    view.update(3, 9);
  });
  expect(drawn.slice(-2)).toEqual([expect.stringMatching(/ 3\/9 {2}ETA 0:00:0\d$/), expect.stringMatching(/ 3\/9$/)]);
});

test('what is whole is drawn once', () => {
  expect(shown((view) => view.update(9, 9))).toHaveLength(1);
});

// What makes a notebook short enough for a test: its schedule cut down, its files in the folder it runs in.

import { smallOptions } from '../lab/small';

/** For each notebook what is replaced by what, and how often it must be found. */
const REDUCTIONS: Record<string, [RegExp, string, number][]> = {
  '00-typescript.ipynb': [[/\.\.\/runs\/typescript/, './typescript', 3]],
  '01-tour.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 2],
    [/\.\.\/runs\/tour\/work/, 'work', 5],
  ],
  '02-necks.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 3],
    [/\.\.\/runs\/necks/, 'work', 4],
  ],
  '03-detr-deit.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 1],
    [/\.\.\/runs\/detr/, './work', 6],
  ],
  '04-yolov8.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/\{ seed: 1, workDir/, '{ epochs: 1, seed: 1, workDir', 1],
    [/\.\.\/runs\/yolov8/, 'work', 3],
  ],
};

/** Makes the tour's detector a small one too: where only what is shown matters. */
export const SMALL_DETECTOR: [RegExp, string, number] = [
  /detector\('(faster-rcnn_r18_fpn_toytown)'\)/,
  JSON.stringify(`detector('$1', { options: ${JSON.stringify(smallOptions)} })`).slice(1, -1),
  1,
];

/** The JSON of a notebook, shortened and without outputs. Throws when the notebook has changed from under a reduction. */
export function reducedNotebook(name: string, json: string, more: [RegExp, string, number][] = []): string {
  const notebook = JSON.parse(json) as {
    cells: { cell_type: string; outputs?: unknown[]; execution_count?: unknown }[];
  };
  for (const cell of notebook.cells) {
    if (cell.cell_type === 'code') Object.assign(cell, { outputs: [], execution_count: null });
  }
  let source = JSON.stringify(notebook);
  for (const [pattern, replacement, count] of [...(REDUCTIONS[name] ?? []), ...more]) {
    const all = new RegExp(pattern, 'g');
    const found = source.match(all)?.length ?? 0;
    if (found !== count) throw new Error(`${name} has ${pattern} ${found} times, not ${count}: adjust its reduction`);
    source = source.replace(all, replacement);
  }
  return source;
}

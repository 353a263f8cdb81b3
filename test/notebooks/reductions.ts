// What makes a notebook short enough for a test: its schedule cut down, its files in the folder it runs in, and, where the
// test is not a slow one, smaller models and images.

import { smallOptions } from '../lab/small-options';

/** What is replaced by what, and how often it must be found. */
type Reduction = [RegExp, string, number];

const smallDetector = (more = {}): Reduction => [
  /detector\('(faster-rcnn_r18(?:-w32-pre)?_fpn_toytown)'\)/,
  JSON.stringify(`detector('$1', { options: ${JSON.stringify({ ...smallOptions, ...more })} })`).slice(1, -1),
  1,
];

/** Makes the detector a small one: what is shown is checked, not how well it detects. */
export const SMALL_DETECTOR = smallDetector();

/** The tour's: its weights are those of a wider backbone. */
export const SMALL_TOUR_DETECTOR = smallDetector({ 'model.backbone.init_cfg': null });

const SCHEDULES: Record<string, Reduction[]> = {
  '00-typescript.ipynb': [[/\.\.\/runs\/typescript/, './typescript', 3]],
  '01-tour.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 2],
    [/p\.score > 0\.5/, 'p.score > 0', 1], // a short run is sure of nothing
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
  '05-where-does-it-err.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 2],
    [/\.\.\/runs\/errors/, './work', 9],
  ],
  '06-your-own-data.ipynb': [
    [/images: 120/, 'images: 60', 1],
    [/toytown-v1-120/, 'toytown-v1-60', 1],
    [/epochs: \d+/, 'epochs: 1', 2],
    [/runs\/own/, 'work', 4],
  ],
  '07-inside-a-neck.ipynb': [
    [/images: \d+/, 'images: 24', 1],
    [/epochs: \d+/, 'epochs: 1', 2],
    [/evaluateEvery: \d+/, 'evaluateEvery: 1', 2],
    [/\.\.\/runs\/inside/, './work', 4],
  ],
  '08-take-it-away.ipynb': [
    [/images: 160/, 'images: 40', 1], // six validation images are shown, and some objects must be found
    [/\.\.\/runs\/away/, './work', 22],
  ],
  '09-fine-tune-as-the-tutorial.ipynb': [
    [/images: 80/, 'images: 20', 1],
    [/cityscapes-v1-80/, 'cityscapes-v1-20', 1],
    [/images: 100/, 'images: 12', 1],
    [/epochs: 3, /, 'epochs: 1, ', 1],
    [/max_epochs=3/, 'max_epochs=1', 1],
    [/\.\.\/runs/, './work', 15],
  ],
  '10-train-it-well.ipynb': [
    [/images: 60/, 'images: 24', 1],
    [/images: 30/, 'images: 12', 1],
    [/images: 15/, 'images: 10', 1],
    [/imageSize\(\[192, 144\]\)/, 'imageSize([96, 64])', 1],
    [/steps: 30/, 'steps: 12', 1],
    [/epochs: 4/, 'epochs: 1', 1],
    [/threshold: 0.5, ignore: 0.3/, 'threshold: 0.1, ignore: 0.06', 1], // a short run is sure of nothing
    [/below: 0.6/, 'below: 0.1', 1],
    [/\.\.\/runs/, './work', 4],
  ],
};

/** Further reductions for a test that is not to be slow: of the models' widths and of the data. */
export const SMALLER: Record<string, Reduction[]> = {
  '01-tour.ipynb': [SMALL_TOUR_DETECTOR],
  '02-necks.ipynb': [
    // FPG adds maps without resizing: the largest stride must divide the image
    smallDetector({ 'model.data_preprocessor.pad_size_divisor': 64 }),
    [/images: 24/, 'images: 10', 1],
  ],
  '03-detr-deit.ipynb': [[/images: 24/, 'images: 20', 1]], // the fourth validation image is shown
  '04-yolov8.ipynb': [[/images: 24/, 'images: 20', 1]],
  '05-where-does-it-err.ipynb': [SMALL_DETECTOR],
  '06-your-own-data.ipynb': [SMALL_DETECTOR],
  '07-inside-a-neck.ipynb': [SMALL_DETECTOR],
  '08-take-it-away.ipynb': [],
  '09-fine-tune-as-the-tutorial.ipynb': [],
  '10-train-it-well.ipynb': [SMALL_TOUR_DETECTOR],
};

/** The JSON of a notebook, shortened and without outputs. Throws when the notebook has changed from under a reduction. */
export function reducedNotebook(name: string, json: string, more: Reduction[] = []): string {
  const notebook = JSON.parse(json) as {
    cells: { cell_type: string; outputs?: unknown[]; execution_count?: unknown }[];
  };
  for (const cell of notebook.cells) {
    if (cell.cell_type === 'code') Object.assign(cell, { outputs: [], execution_count: null });
  }
  let source = JSON.stringify(notebook);
  for (const [pattern, replacement, count] of [...(SCHEDULES[name] ?? []), ...more]) {
    const all = new RegExp(pattern, 'g');
    const found = source.match(all)?.length ?? 0;
    if (found !== count) throw new Error(`${name} has ${pattern} ${found} times, not ${count}: adjust its reduction`);
    source = source.replace(all, replacement);
  }
  return source;
}

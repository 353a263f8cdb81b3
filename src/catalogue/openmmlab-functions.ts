// What to write here in place of the functions of MMDetection's and MMEngine's Python API that tutorials call.

import { distance } from 'fastest-levenshtein';

const LOAD =
  "`await detector('CONFIG').load('weights.pth')`, or `await Model.load('weights.safetensors')` where the file holds its config";
const PREDICT = "`await model.predict('photo.jpg')`, of files, folders, patterns, addresses, pixels and videos";
const SAVE = "`await found.save('found.png')` of what `model.predict` returned; a notebook displays it";

const INSTEAD: Readonly<Record<string, string>> = {
  init_detector: LOAD,
  inference_detector: PREDICT,
  async_inference_detector: PREDICT,
  inference_mot: "`await model.predict('clip.mp4', { track: true })`",
  show_result: SAVE,
  show_result_pyplot: SAVE,
  DetInferencer: `${LOAD}; then ${PREDICT}`,
  DetLocalVisualizer: SAVE,
  build_detector: "`await detector('CONFIG').build()`",
  build_dataset: "`await dataset.coco('annotations.json', 'images')` or `await dataset.voc('folder')`",
  build_dataloader: '`recipe.batches(data)` to look at batches; `fit` makes its own loader',
  train_detector: "`await detector('CONFIG').fit(data)`",
  single_gpu_test: '`await model.evaluate(data)`',
  multi_gpu_test: '`await model.evaluate(data)`',
  load_checkpoint: "`recipe.loadFrom('weights.pth')`, or `await recipe.load('weights.pth')` for a model",
  save_checkpoint: "`model.save('weights.pth')`",
  set_random_seed: '`fit(data, { seed: 0 })`',
  replace_cfg_vals: 'nothing: variables of a config are filled in as it is read',
  Config: "`loadConfig('file.py')`, or `detector('file.py')` for a recipe",
  Runner: "`await detector('CONFIG').fit(data)`",
};

export const FUNCTIONS: readonly string[] = Object.keys(INSTEAD);

/** A typing error in a name of these lengths. */
const MAX_TYPO = 2;

/**
 * What to write for a Python function, in a sentence; undefined for other names.
 *
 * @example insteadOf('init_detector')
 */
export function insteadOf(name: string): string | undefined {
  const typo = (one: string) => name.includes('_') && distance(name, one) <= MAX_TYPO;
  const known = FUNCTIONS.find((one) => one === name) ?? FUNCTIONS.find(typo);
  return known === undefined ? undefined : `${known} is of MMDetection's Python API. Here it is ${INSTEAD[known]}`;
}

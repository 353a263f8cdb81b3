// `model.fineTune(data)`, also as `fineTune(model, data)`: trains a model that there is on other data, in stages. The model itself is
// left as it is. Recipes make models, so that model.ts cannot import them: importing this file gives models the method.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FineTuneOptions } from './fine-tune';
import type { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import { Model } from './model';
import { Recipe } from './recipe';
import type { Run } from './run';

declare module './model-words' {
  interface ModelWords {
    /**
     * A new model that starts from this one's weights, with the classes of the data: heads of other classes start anew, with a line in
     * the log. Stages as in `recipe.fineTune`.
     *
     * @example const run = await (await Model.load('cells.safetensors')).fineTune(platelets, { epochs: 8 })
     * @throws DetLabError as `recipe.fineTune` does
     */
    fineTune(data: LabDataset, options?: FineTuneOptions): Promise<Run>;
  }
}

Object.defineProperty(Model.prototype, 'fineTune', {
  value(this: Model, data: LabDataset, options?: FineTuneOptions) {
    return fineTune(this, data, options);
  },
  writable: true,
  configurable: true,
});

/**
 * A new model that starts from the weights of another, with the classes of the data: heads of other classes start anew, with a line in
 * the log. Stages as in `recipe.fineTune`.
 *
 * @example const run = await fineTune(await Model.load('cells.safetensors'), platelets, { epochs: 8 })
 * @throws DetLabError as `recipe.fineTune` does
 */
export async function fineTune(model: Model, data: LabDataset, options: FineTuneOptions = {}): Promise<Run> {
  checkMethod('fineTune', options);
  model.requireWeights('fine-tune');
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-fine-tune-'));
  try {
    const file = model.save(path.join(folder, 'model.safetensors'));
    const { config, name } = model.meta();
    const recipe = new Recipe({ name: `${name}+fine-tuned`, config, classes: data.classes, freezing: [] });
    return await recipe.loadFrom(file).fineTune(data, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

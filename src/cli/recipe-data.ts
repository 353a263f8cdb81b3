// CONFIG and --data of a command that trains: the recipe with the classes of the data. What is wrong with the config ends with one
// exit code, what is wrong with the data with another.

import { checkRun } from '../lab/check-run';
import { type ClassWeights, withClassWeights } from '../lab/class-weights';
import { configuredData } from '../lab/config-data';
import { detector } from '../lab/detector';
import type { LabDataset } from '../lab/lab-dataset';
import type { Recipe } from '../lab/recipe';
import type { Ranks } from '../training/ranks/ranks';
import { openData } from './data-option';
import { EXIT, phase } from './outcome';

export interface RecipeArguments {
  data?: string;
  /** Images without labels. */
  unlabelled?: string;
  classWeights?: ClassWeights;
  cfgOptions?: string[];
}

/** @param ranks the processes that train together: rank 0 makes or fetches what the others read */
export async function openRecipe(
  config: string,
  options: RecipeArguments,
  ranks?: Ranks,
): Promise<{ recipe: Recipe; data: LabDataset }> {
  const isFirst = ranks?.isFirst !== false;
  const recipe = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }));
  await phase(EXIT.usage, () => recipe.imports());
  await phase(EXIT.usage, () => void checkRun(recipe.config));
  if (!isFirst) await ranks?.any([]);
  const data = await phase(EXIT.data, async () => {
    const labelled =
      options.data === undefined ? await configuredData(recipe.config, recipe.name) : await openData(options.data);
    return options.unlabelled === undefined ? labelled : labelled.withUnlabelled(options.unlabelled);
  });
  if (isFirst) await ranks?.any([]);
  await phase(EXIT.usage, () => {
    recipe.classes(data.classes).summary();
    if (options.classWeights !== undefined) withClassWeights(recipe.config, data.train, options.classWeights);
  });
  // --data determines the classes; the data of the config must have the config's classes
  return { recipe: options.data === undefined ? recipe : recipe.classes(data.classes), data };
}

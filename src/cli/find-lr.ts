// `detlab find-lr CONFIG`: `recipe.findLearningRate(data)` from the command line.

import { checkedRates } from '../lab/learning-rate-finder';
import { checkMethod } from '../lab/method-options';
import { EXIT, output, phase, untilInterrupted } from './outcome';
import { openRecipe, type RecipeArguments } from './recipe-data';
import { saveResult } from './saved-result';

export interface FindLrArguments extends RecipeArguments {
  loadFrom?: string;
  from?: number;
  to?: number;
  steps?: number;
  batch?: number;
  amp?: boolean;
  seed?: number;
  save?: string;
  json?: boolean;
}

export async function findLrCommand(config: string, options: FindLrArguments): Promise<number> {
  const out = output(options.json === true);
  const { loadFrom, from, to, steps, batch, amp, seed } = options;
  const given = { from, to, steps, batch, amp, seed };
  await phase(EXIT.usage, () => {
    checkMethod('Recipe.findLearningRate', given);
    checkedRates(given);
  });
  const opened = await openRecipe(config, options);
  const recipe = await phase(EXIT.usage, () =>
    loadFrom === undefined ? opened.recipe : opened.recipe.loadFrom(loadFrom),
  );
  return untilInterrupted(async (signal) => {
    const found = await recipe.findLearningRate(opened.data, { ...given, signal });
    const { name, ended, suggested, rates, losses, smoothed } = found;
    out.event('rates', { name, ended, suggested, rates, losses, smoothed });
    out.print(found.toString());
    await saveResult(found, options.save, out);
    return ended === 'interrupted' ? EXIT.interrupted : EXIT.ok;
  });
}

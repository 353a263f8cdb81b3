// `detlab search CONFIG --space lr=0.01,0.02`: `search(recipe, { space }).fit(data)` from the command line.

import type { SearchRange } from '../analysis/search-space';
import { parseOptionValue } from '../config/options';
import { DetLabError } from '../errors';
import { type SearchOptions, search } from '../lab/search';
import { type FitArguments, fitOptions } from './fit-options';
import { EXIT, output, phase, untilInterrupted } from './outcome';
import { openRecipe } from './recipe-data';
import { saveResult } from './saved-result';

export interface SearchArguments extends FitArguments {
  space?: string[];
  strategy?: SearchOptions['strategy'];
  budget?: number;
  factor?: number;
  metric?: string;
  save?: string;
}

export async function searchCommand(config: string, options: SearchArguments): Promise<number> {
  const out = output(options.json === true);
  const space = await phase(EXIT.usage, () => spaceOf(options.space ?? []));
  const { recipe, data } = await openRecipe(config, options);
  const { strategy, budget, factor, metric, seed } = options;
  const given = { strategy, budget, factor, metric, seed };
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const planned = await phase(EXIT.usage, () => search(recipe, { space, ...chosen }));
  return untilInterrupted(async (signal) => {
    const found = await planned.fit(data, { ...fitOptions(options), signal });
    for (const { name, run, seconds, state, value, values } of found.trials)
      out.event('trial', { name, values, state, value, seconds, epochs: run.epoch, workDir: run.workDir });
    const { best, interrupted } = found;
    out.event('end', { interrupted, metric: found.metric, best: best && { values: best.values, value: best.value } });
    out.print(found.toString());
    await saveResult(found, options.save, out);
    return interrupted ? EXIT.interrupted : EXIT.ok;
  });
}

const RANGE = /^([^,[({]+?)\.\.([^,[({]+?)((?::(?:log|int))*)$/;

/** `lr=0.01,0.02`, `lr=1e-4..0.1:log`, `depth=0..3:int`, by name. */
export function spaceOf(texts: readonly string[]): Record<string, readonly unknown[] | SearchRange> {
  const space: Record<string, readonly unknown[] | SearchRange> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals)).trim();
    const values = text.slice(equals + 1).trim();
    if (name === '' || values === '')
      throw new DetLabError(
        `Cannot search over "${text}": expected NAME=VALUES, such as lr=0.01,0.02 or lr=1e-4..0.1:log`,
      );
    if (Object.hasOwn(space, name))
      throw new DetLabError(
        `Cannot search over "${name}": --space gives it more than once; put its values in one list`,
      );
    space[name] = rangeOf(text, values) ?? listOf(values);
  }
  return space;
}

function rangeOf(text: string, values: string): SearchRange | undefined {
  const [, from, to, words = ''] = RANGE.exec(values) ?? [];
  if (from === undefined) return undefined;
  const [min, max] = [Number(from), Number(to)];
  if (Number.isNaN(min) || Number.isNaN(max))
    throw new DetLabError(`Cannot search over "${text}": expected two numbers as a range, such as lr=1e-4..0.1:log`);
  return {
    min,
    max,
    ...(words.includes('log') && { scale: 'log' as const }),
    ...(words.includes('int') && { integer: true }),
  };
}

function listOf(values: string): readonly unknown[] {
  const parsed = parseOptionValue(values);
  // `a=[1, 2]` is one value, a list; `a=1,2` two
  return Array.isArray(parsed) && !/^\s*[[(]/.test(values) ? parsed : [parsed];
}

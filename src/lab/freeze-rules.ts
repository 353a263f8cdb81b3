// The freezing rules of `recipe.freeze(...)` and `unfreeze(...)`.

import { DetLabError } from '../errors';
import type { FreezeRule } from '../training/freezing';
import { checkMethod } from './method-options';

/** Which stages of a part are frozen, and from which epoch. */
export interface FreezeOptions {
  /** Only the stem and this many stages of the part. */
  stages?: number;
  /** The epoch from which the rule applies; the first is 1. */
  epoch?: number;
}

/** @throws DetLabError without a path */
export function freezeRules(what: readonly (string | FreezeOptions)[], frozen: boolean): FreezeRule[] {
  const paths = what.filter((one) => typeof one === 'string');
  const options = what.find((one) => typeof one !== 'string');
  const verb = frozen ? 'freeze' : 'unfreeze';
  if (paths.length === 0)
    throw new DetLabError(`Cannot ${verb}: expected paths, such as ${verb}('backbone.layer1'), received none`);
  checkMethod(`Recipe.${verb}`, options);
  return paths.map((path) => ({ ...options, path, frozen }));
}

// What the package exports.

import * as api from '../src';

/** Its names, sorted. Sources are loaded by `require`, whose namespace has a `default` besides. */
export const publicNames: readonly string[] = Object.keys(api)
  .filter((name) => name !== 'default')
  .sort();

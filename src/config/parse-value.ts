// Parses a value written as in a config file, such as the example of a module's definition.

import type { ConfigValue } from './data';
import { evaluate } from './evaluate';
import { parseSingleExpression } from './syntax';

/**
 * @example parseConfigValue("{ type: 'FPN', num_outs: 5 }") // { type: 'FPN', num_outs: 5 }
 * @throws DetLabError for anything that is not plain data
 */
export function parseConfigValue(text: string, name = 'value'): ConfigValue {
  const source = { path: name, text };
  return evaluate(parseSingleExpression(source), { source, json: false, lookup: () => undefined, names: () => [] });
}

// JSON config files: one object, with `_base_` as in the other formats.

import { nameOfValue } from '../errors';
import { isObject } from './data';
import { type ConfigDocument, takeBases } from './document';
import { evaluate } from './evaluate';
import { errorAt, type SourceFile } from './source';
import { parseSingleExpression } from './syntax';

/** @throws DetLabError with file, line, column and the source line. */
export function readJson(source: SourceFile): ConfigDocument {
  const node = parseSingleExpression(source);
  const value = evaluate(node, { source, json: true, lookup: () => undefined, names: () => [] });
  const place = { source, offset: node.start ?? 0 };
  if (!isObject(value)) throw errorAt(place, `expected an object, received ${nameOfValue(value)}`);
  return { ...takeBases(value, place), exports: new Map() };
}

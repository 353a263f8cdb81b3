// JSON config files.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

test.each([
  ['{"a": 1,}', undefined],
  ['\uFEFF{"a": -1.5e3, "b": [null, true, "x"]}', undefined],
  ['{"a": 1, "a": 2}', undefined],
  ['[1]', /expected an object, received a list of 1/],
  ['{"a": b}', /JSON has only objects, lists, strings/],
  ['{a: 1}', /expected a string in double quotes as key/],
  ['{"a": 1 + 1}', /JSON has only/],
  ['{"a": }', /The file must be one JSON object/],
  ['', /The file must be one JSON object/],
  ['{"__proto__": {"x": 1}}', /"__proto__" is not allowed/],
])('JSON: %s', (text, message) => {
  const file = path.join(scratch({ 'c.json': text || ' ' }), 'c.json');
  if (message) expect(complaint(() => readConfigFile(file))).toMatch(message);
  else expect(Object.keys(readConfigFile(file).config)).toContain('a');
});

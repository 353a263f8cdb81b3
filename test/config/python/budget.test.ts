// What a hostile Python config tries to use up: memory and time.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../../src/config';
import { scratch } from '../scratch';
import { refusal } from './refusal';

test.each([
  ['a = 9**9**9', /more than 4300 digits/],
  ['a = 9**9**9**9', /more than 4300 digits/],
  ['a = 1 << 10**9', /more than 4300 digits/],
  ['a = 2.0 ** 9999', /too large for a float/],
  ['a = [0] * 10**9', /values in a config, this would create \d+/],
  ['a = "x" * 10**9', /characters in a string, this would create \d+/],
  ['a = ["x" * 10**6 for i in range(10**6)]', /too many steps|values/],
  ['a = list(range(10**12))', /values in a config, this would create/],
  [
    'a = [0 for a in range(999) for b in range(999) for c in range(999)]',
    /too many steps|values in a config, this would create/,
  ],
  ['a = sum(i for i in range(10**12))', /too many steps/],
  ['for i in range(10**9):\n    for j in range(10**9): pass', /too many steps/],
  ['a = [0]\nfor x in a: a.append(x)', /too many steps|values in a config, this would create/],
  ['a = "{:>999999999}".format(1)', /characters in a string, this would create/],
  ['a = "%999999999d" % 1', /characters in a string, this would create/],
  ['a = "x".ljust(10**9)', /characters in a string, this would create/],
  ['a = ("a" * 10**5).replace("a", "b" * 10**5)', /characters in a string, this would create/],
  ['a = ",".join(["x" * 10**5] * 10**5)', /characters in a string, this would create|too many steps/],
  ['a = "x"\nfor i in range(99): a += a', /characters in a string, this would create/],
  ['a = [1]\nfor i in range(99): a += a', /values in a config, this would create|too many steps/],
  ['a = [1]\nfor i in range(99): a = [a, a]', /nests deeper|more than 100000 values|too many steps/],
  ['a = [1]\nfor i in range(99): a = [a, a]\nb = str(a)', /too many steps|characters in a string, this would create/],
  ['a = []\na.append(a)', /nests? deeper than 100, or contains? itself|contain themselves/],
  ['a = {}\na["a"] = a\nb = repr(a)', /contain themselves/],
  ['a = int("9" * 10**5)', /is not an integer/],
  ['a = (1,)\nfor i in range(200): a = (a,)', /nests? deeper/],
  [`a = ${'['.repeat(3000)}${']'.repeat(3000)}`, /nest deeper/],
  [`a = ${'('.repeat(3000)}1${')'.repeat(3000)}`, /nest deeper/],
  [`a = ${'-'.repeat(3000)}1`, /nest deeper/],
  [`a = ${'not '.repeat(3000)}1`, /nest deeper/],
  [`a = 1${' if 1 else 1'.repeat(3000)}`, /nest deeper/],
  [`a = b${'.c'.repeat(3000)}`, /nest deeper/],
  [`a = f(${'f('.repeat(500)}${')'.repeat(501)}`, /nest deeper/],
  [`${Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}if 1:\n`).join('')}${' '.repeat(300)}pass`, /nest deeper/],
  [`a = '${'{'.repeat(50_000)}'`, /./],
  [`a = {${'{_base_.x}}'.repeat(2000)}`, /invalid syntax|not defined/],
])('time and memory are bounded: %.60s', (text, message) => {
  if (String(message) === '/./') readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py'));
  else expect(refusal(text)).toMatch(message);
});

test('long but flat expressions are fine', () => {
  const sum = `a = ${Array.from({ length: 600 }, () => '1').join(' + ')}`;
  const file = path.join(scratch({ 'a.py': `${sum}\nb = [${'0,'.repeat(20_000)}]` }), 'a.py');
  expect(readConfigFile(file).config.a).toBe(600);
});

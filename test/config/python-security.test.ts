// What a hostile Python config tries: to run something, to read files, to use up memory or time.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

const refusal = (text: string) => complaint(() => readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')));

test.each([
  ['__import__("os").system("true")', /"__import__" is not supported in a config/],
  ['a = open("/etc/passwd").read()', /"open" is not supported in a config: a config cannot read files/],
  ['a = eval("1")', /"eval" is not supported in a config/],
  ['exec("a = 1")', /"exec" is not supported in a config/],
  ['a = ().__class__.__bases__[0].__subclasses__()', /"__class__" is an internal of Python/],
  ['a = "".__class__', /internal of Python/],
  ['a = "{0.__class__}".format(1)', /attributes are not supported in format\(\)/],
  ['a = f"{().__class__}"', /internal of Python/],
  ['a = getattr(1, "real")', /"getattr" is not supported in a config/],
  ['a = globals()', /"globals" is not supported in a config/],
  ['import os\nos.system("true")', /"os.system" is not supported in a config/],
  ['import subprocess\na = subprocess.run("true")', /the module "subprocess" is not supported in a config/],
  ['from os import environ\na = environ["HOME"]', /a module cannot be indexed/],
  ['import os\na = os.environ', /"os.environ" is not supported/],
  ['from torch import load\na = load("x")', /a class cannot be called/],
  ['import torch\na = torch.load("x")', /a class cannot be called/],
  ['def f(): return 1\na = f()', /a config is read, not executed, so "f" cannot be called/],
  ['a = (lambda: 1)()', /not executed/],
  ['while True: pass', /while loops are not supported/],
  ['class A: pass', /classes are not supported/],
  ['@f\ndef g(): pass', /decorators are not supported/],
  ['a = type("A", (), {})', /"type" is not supported in a config/],
])('nothing is run: %s', (text, message) => {
  expect(refusal(text)).toMatch(message);
});

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

test('inheritance in a circle', () => {
  const files = { 'a.py': "_base_ = 'b.py'", 'b.py': "_base_ = 'a.py'" };
  expect(complaint(() => readConfigFile(path.join(scratch(files), 'a.py')))).toMatch(/inherits from itself/);
});

test('nothing outside of the project is read, by .. or by links, unless it is named', () => {
  const root = scratch({});
  const write = (name: string, text: string) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  write('secret/keys.json', '{"key": "secret"}');
  write('project/package.json', '{}');
  const parent = write('project/configs/parent.py', "_base_ = '../../secret/keys.json'");
  const absolute = write(
    'project/configs/absolute.py',
    `_base_ = ${JSON.stringify(path.join(root, 'secret/keys.json'))}`,
  );
  symlinkSync(path.join(root, 'secret/keys.json'), path.join(root, 'project/configs/link.json'));
  const link = write('project/configs/by-link.py', "_base_ = 'link.json'");
  for (const file of [parent, absolute, link])
    expect(complaint(() => readConfigFile(file))).toMatch(/is outside the project/);
  const told = { packages: { secret: path.join(root, 'secret') } };
  expect(readConfigFile(parent, told).config).toEqual({ key: 'secret' });
  symlinkSync(path.join(root, 'secret'), path.join(root, 'project/others'));
  expect(readConfigFile(write('project/linked.py', "_base_ = './others/keys.json'")).config).toEqual({ key: 'secret' });
  write('project/base.py', 'a = 1');
  expect(readConfigFile(write('project/configs/deep/b.py', "_base_ = '../../base.py'")).config).toEqual({ a: 1 });
});

test('device files and folders are no bases', () => {
  expect(refusal("_base_ = '/dev/zero'")).toMatch(/there is no config "\/dev\/zero"/);
  expect(refusal("_base_ = '/proc/self/environ.py'")).toMatch(/there is no config/);
});

test('an error shows file, line, column, the source line and what to write', () => {
  expect(refusal('a = 1\nb = dict(\n    lr=Learn(2))\n')).toMatch(
    /a\.py:3:8: name "Learn" is not defined.* Define it above: Learn = \.\.\.\n {4}3 \| {5}lr=Learn\(2\)\)\n {6}\| {8}\^/,
  );
});

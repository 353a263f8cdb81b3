// Config files in TypeScript: what may stand in them, and what each thing that may not is told.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config';
import { complaint, scratch } from './scratch';

const read = (text: string, others: Record<string, unknown> = {}) =>
  readConfigFile(path.join(scratch({ ...others, 'c.ts': text }), 'c.ts')).config;
const refusal = (text: string, others: Record<string, unknown> = {}) => complaint(() => read(text, others));

test('the literal subset, constants, spreads, arithmetic and members', () => {
  const config = read(`
    import { defineConfig } from 'detlab';
    import type { NeckConfig } from 'detlab';
    type Size = [number, number];
    interface Unused { a: string }
    const lr = 0.02 / 16;
    const scale: Size = [320, 240] as const;
    const steps = [{ type: 'Resize', scale }, ...[{ type: 'Pad' }]];
    const nothing = null;
    export const shared = { a: 1, 'b-c': [true, false, null], 3: 'three' } satisfies object;
    export default defineConfig({
      lr, nothing, steps, ...shared, ['k' + '1']: -1, plus: +2, not: !true, text: \`x\${lr}y\`,
      width: scale[0], inner: shared['b-c'][0], sum: 2 + 3 * 4 - 1, power: 2 ** 3, rest: 7 % 4, big: Infinity, joined: 'a' + "b",
      cast: <number>5, sure: scale!,
    } as object);
  `);
  expect(config).toEqual({
    lr: 0.00125,
    nothing: null,
    steps: [{ type: 'Resize', scale: [320, 240] }, { type: 'Pad' }],
    a: 1,
    'b-c': [true, false, null],
    3: 'three',
    k1: -1,
    plus: 2,
    not: false,
    text: 'x0.00125y',
    width: 320,
    inner: true,
    sum: 13,
    power: 8,
    rest: 3,
    big: Number.POSITIVE_INFINITY,
    joined: 'ab',
    cast: 5,
    sure: [320, 240],
  });
});

test('imports bring other configs, merged, and their exported constants', () => {
  const config = read(
    `import base, { pipeline as steps } from './base';
     import { default as plain } from './plain.json';
     export default { n: base.model.n, inherited: base.deep, steps, ...plain };`,
    {
      'base.ts': "export const pipeline = ['a']; export default { _base_: './root', model: { n: 5 } };",
      'root.json': { deep: 1 },
      'plain.json': { p: 2 },
    },
  );
  expect(config).toEqual({ n: 5, inherited: 1, steps: ['a'], p: 2 });
});

test('file variables stand for facts of the file they are in', () => {
  expect(
    read("export default { a: '{{ fileBasename }}', b: `x{{fileExtname}}`, c: '{{fileBasenameNoExtension}}/y' }"),
  ).toEqual({
    a: 'c.ts',
    b: 'x.ts',
    c: 'c/y',
  });
  expect(refusal("export default { a: '{{ fileBasname }}' }")).toMatch(
    /unknown variable "fileBasname". Did you mean "fileBasename"/,
  );
  expect(refusal("export default { a: '{{_base_.model.x}}' }")).toMatch(/Write import base from .* and base.model.x/);
});

test('a complaint gives file, line, column, the line itself and a pointer', () => {
  const message = refusal('const a = 1;\nexport default {\n  lr: Math.sqrt(2),\n};');
  expect(message).toMatch(/^Cannot read \S+c\.ts:3:7: a config is read, not executed, so it cannot call functions/);
  expect(message.split('\n').slice(1)).toEqual(['    3 |   lr: Math.sqrt(2),', '      |       ^']);
});

test.each([
  ['export default { a: f(1) }', /cannot call functions. Write the resulting value/],
  ['export default { a: new Map() }', /cannot create objects/],
  ['export default { a: () => 1 }', /a function is not data/],
  ['export default { a: function () {} }', /a function is not data/],
  ['export default { a() { return 1; } }', /a method is not data/],
  ['export default { get a() { return 1; } }', /a method is not data/],
  ['export default { a: class {} }', /a class is not data/],
  ['export default { a: true ? 1 : 2 }', /conditions are not supported/],
  ['export default { a: 1 || 2 }', /conditions are not supported/],
  ['export default { a: (b = 1) }', /assignments are not data/],
  ['export default { a: /x/ }', /Write the pattern as a string/],
  ['export default { a: 10n }', /big integers/],
  ['export default { a: tag`x` }', /Write a plain string/],
  ["export default { a: import('x') }", /stand at the top|cannot call/],
  ['export default { a: undefined }', /Write null, or omit the key/],
  [
    'const base_lr = 1; export default { a: base_lrr }',
    /"base_lrr" is not a constant of this file. Did you mean "base_lr"\?/,
  ],
  ['export default { a: process.env.HOME }', /"process" is not a constant/],
  ['const o = { depth: 1 }; export default { a: o.dept }', /unknown key "dept". Did you mean "depth"\?/],
  ['const o = { depth: 1 }; export default { a: o.constructor }', /unknown key "constructor"/],
  ['const o = [1]; export default { a: o.length }', /expected an index into a list of 1, received "length"/],
  ['const o = [1]; export default { a: o[1] }', /expected an index into a list of 1, received "1"/],
  ['const o = "x"; export default { a: o.length }', /cannot access "length" of the string/],
  ['export default { a: [1, , 2] }', /an empty element/],
  ['export default { a: [...1] }', /expected a list to spread/],
  ['export default { ...[1] }', /expected an object to spread/],
  ['export default { a: 1, a: 2 }', /duplicate key "a"/],
  ['export default { ["__proto__"]: { x: 1 } }', /"__proto__" is not allowed/],
  ['export default { "__proto__": { x: 1 } }', /"__proto__" is not allowed/],
  ['export default { a: 1 / 0 }', /division by zero/],
  ['export default { a: "x" * 2 }', /is not supported \(\+ - \* \/ % \*\*/],
  ['export default { a: -"x" }', /"-" cannot be applied to the string "x"/],
  ['export default { a: typeof 1 }', /"typeof" cannot be applied to/],
  ['let a = 1; export default {}', /expected a constant, received let. Write const/],
  ['const { a } = { a: 1 }; export default {}', /destructuring is not supported/],
  ['a = 1; export default {}', /Declare a constant/],
  ['if (true) {} export default {}', /expected an import, a constant, a type/],
  ['function f() {} export default {}', /expected an import, a constant, a type/],
  ["console.log('x'); export default {}", /expected an import, a constant, a type/],
  ["export * from './x'; export default {}", /expected an import, a constant, a type/],
  ['const a = 1; export { a }; export default {}', /export a constant where it is declared/],
  ["import * as x from './x'; export default {}", /import the config itself/],
  ['const a = 1;', /End it with export default defineConfig/],
  ['', /End it with export default defineConfig/],
  ['export default 5', /expected an object, received the number 5/],
  ['export default defineConfig({}, {})', /takes one object/],
  ['export default { _base_: 5 }', /expected a path or a list of paths in _base_/],
  ['export default { a: 1', /missing comma, quote or bracket/],
  ["model = dict(type='FasterRCNN')", /Declare a constant/],
  ["model=dict(type='FasterRCNN'\nneck=1", /This looks like Python/],
])('%s is refused', (text, message) => {
  expect(refusal(text)).toMatch(message);
  expect(refusal(text)).toMatch(/c\.ts:\d+:\d+: /);
});

test('an import that is not there, or exports no such name', () => {
  expect(
    refusal("import { x } from './base'; export default { x }", { 'base.ts': 'export const y = 1; export default {}' }),
  ).toMatch(/does not export "x". It exports y, and its config by default/);
  expect(refusal("import x from './bass'; export default { x }", { 'base.ts': 'export default {}' })).toMatch(
    /c\.ts:1:15: there is no config ".\/bass" .* Did you mean "base"\?/,
  );
});

test('nothing is executed', () => {
  const flag = globalThis as { executed?: boolean };
  refusal('globalThis.executed = true; export default {}');
  refusal('export default { a: (() => { globalThis.executed = true })() }');
  refusal('export default { get a() { globalThis.executed = true; return 1 } }');
  expect(flag.executed).toBeUndefined();
});

test('hostile files end in an error, soon', { timeout: 30_000 }, () => {
  expect(refusal(`export default { a: ${'['.repeat(500)}${']'.repeat(500)} }`)).toMatch(/nest deeper than 100/);
  expect(refusal(`export default { a: ${'['.repeat(90_000)}`)).toMatch(/nest deeper than 100/);
  // the parser's own worst case: minutes of backtracking, cut off by the clock
  expect(refusal(`export default { a: ${'<T>('.repeat(40)}1${')'.repeat(40)} }`)).toMatch(
    /parsing takes longer than 5 s/,
  );
  // a few lines that stand for billions of values
  const laughs = Array.from({ length: 12 }, (_, i) => `const a${i + 1} = [${Array(10).fill(`a${i}`).join()}];`);
  expect(refusal(`const a0 = 1; ${laughs.join(' ')} export default { a12 }`)).toMatch(/more than 100000 values/);
  const longer = Array.from({ length: 30 }, (_, i) => `const s${i + 1} = s${i} + s${i};`);
  expect(refusal(`const s0 = 'xxxxxxxxxx'; ${longer.join(' ')} export default { s30 }`)).toMatch(
    /longer than 1000000 characters/,
  );
  expect(refusal(`// ${'x'.repeat(1_000_001)}`)).toMatch(/at most 1000000 bytes/);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { findModuleProblems } from '../src/check-model';
import { DATASETS } from '../src/data/datasets/definitions';
import { TRANSFORMS } from '../src/data/transforms';
import { describe } from '../src/describe';
import { METRICS } from '../src/evaluation';
import { catalogue } from '../src/models/catalogue';
import { defineModule, moduleOption, Registry } from '../src/registry';
import { trainingModules } from '../src/training/training-modules';

const definition = defineModule({
  kind: 'neck',
  type: 'TestNeck',
  summary: 'A <b>neck</b>',
  paper: 'Nobody & Co, 2024',
  shapes: '[N, H, W, C] -> the same',
  example: "{ type: 'TestNeck', num_outs: 5 }",
  inferred: { in_channels: "the backbone's channels" },
  options: z.strictObject({
    in_channels: z.array(z.int().positive()).optional().describe('channels'),
    num_outs: z.int().min(1).max(9).describe('levels | outputs'),
    mode: z.enum(['a', 'b']).default('a').describe('how <i>'),
    loss: moduleOption('loss').default({ type: 'L1Loss', loss_weight: 2 }).describe('loss'),
    deep: z
      .strictObject({ x: z.number().default(0.5).describe('inner') })
      .nullable()
      .optional(),
  }),
  build: () => undefined,
});
const registry = new Registry([definition]);

test('the table of options comes from the definition', () => {
  expect(describe('TestNeck', registry).options).toEqual([
    {
      name: 'in_channels',
      type: 'list of int > 0',
      default: 'inferred',
      meaning: "channels; inferred from the backbone's channels",
    },
    { name: 'num_outs', type: 'int 1 to 9', default: 'required', meaning: 'levels | outputs' },
    { name: 'mode', type: "'a' | 'b'", default: "'a'", meaning: 'how <i>' },
    { name: 'loss', type: 'loss config', default: "{ type: 'L1Loss', loss_weight: 2 }", meaning: 'loss' },
    { name: 'deep.x', type: 'number', default: '0.5', meaning: 'inner' },
  ]);
});

test('a notebook gets text, escaped HTML and Markdown', () => {
  const description = describe('TestNeck', registry);
  const shown = description as unknown as Record<symbol, () => Record<string, string>>;
  const bundle = shown[Symbol.for('Jupyter.display')]();
  expect(Object.keys(bundle)).toEqual(['text/plain', 'text/html', 'text/markdown']);
  expect(bundle['text/plain']).toBe(String(description));
  const text = bundle['text/plain'].split('\n');
  expect(text.slice(0, 3)).toEqual([
    'TestNeck (neck): A <b>neck</b>',
    'Shapes: [N, H, W, C] -> the same',
    'Paper: Nobody & Co, 2024',
  ]);
  expect(text.at(-1)).toBe("  { type: 'TestNeck', num_outs: 5 }");
  expect(bundle['text/html']).toContain('A &lt;b&gt;neck&lt;/b&gt;');
  expect(bundle['text/html']).toContain('Nobody &amp; Co');
  expect(bundle['text/html']).not.toMatch(/<i>|<b>neck/);
  expect(bundle['text/markdown']).toContain('| `num_outs` | `int 1 to 9` | `required` | levels \\| outputs |');
});

test('an unknown name suggests; a name two kinds share is asked for by kind', () => {
  expect(() => describe('TestNek', registry)).toThrow(/no module has this type name. Did you mean "TestNeck"\?/);
  const shared = new Registry([definition, { ...definition, kind: 'loss' as const }]);
  expect(() => describe('TestNeck', shared)).toThrow(/Write one of "neck\/TestNeck", "loss\/TestNeck"/);
  expect(describe('loss/TestNeck', shared).kind).toBe('loss');
  expect(() => describe('nek/TestNeck', shared)).toThrow(/there is no kind "nek". Did you mean "neck"\?/);
});

// the catalogue itself: what a person reads must be there for every module
const everything = [...catalogue, ...DATASETS, ...TRANSFORMS, ...METRICS, ...trainingModules];
const all = new Registry(everything);

test.each(everything.map(({ type, kind }) => [type, kind]))(
  '%s (%s) says what it is and what each option means',
  (type, kind) => {
    const description = describe(`${kind}/${type}`, all);
    expect(description.summary.length).toBeGreaterThan(5);
    for (const option of description.options) {
      expect(option.type, `${type}.${option.name}`).not.toMatch(/custom|transform(?! config)|undefined/);
      expect(option.meaning, `${type}.${option.name}`).not.toBe('');
    }
  },
);

test.each(everything.map(({ type, kind }) => [type, kind]))(
  'the example of %s (%s) passes its own check',
  (type, kind) => {
    const { example, options } = all.get(kind, type);
    const { type: named, ...config } = new Function(`return (${example})`)() as { type: string };
    expect(named).toBe(type);
    expect(options.safeParse(config).error?.issues ?? []).toEqual([]);
    expect(findModuleProblems({ type, ...config }, all, kind, 'example')).toEqual([]);
  },
);

import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { findModuleProblems } from '../../src/catalogue/check-model';
import { describe } from '../../src/catalogue/describe';
import { listModules } from '../../src/catalogue/module-catalogue';
import { defineModule, type ModuleConfig, moduleOption, Registry } from '../../src/catalogue/registry';
import { plainBackend } from '../../src/engine';
import { catalogue as all } from '../../src/lab/catalogue';
import { buildDetector } from '../../src/models/build';
import { sampled } from '../slow-cases';

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
  build: () => undefined as never,
});
const registry = new Registry([definition]);

test('the table of options comes from the definition', () => {
  expect(describe('TestNeck', registry).options).toEqual([
    {
      name: 'in_channels',
      type: 'list of int > 0',
      default: 'inferred',
      required: false,
      inferred: "the backbone's channels",
      meaning: "channels; inferred from the backbone's channels",
    },
    { name: 'num_outs', type: 'int 1 to 9', default: 'required', required: true, meaning: 'levels | outputs' },
    { name: 'mode', type: "'a' | 'b'", default: "'a'", required: false, meaning: 'how <i>' },
    {
      name: 'loss',
      type: 'loss config',
      default: "{ type: 'L1Loss', loss_weight: 2 }",
      required: false,
      meaning: 'loss',
    },
    { name: 'deep.x', type: 'number', default: '0.5', required: false, meaning: 'inner' },
  ]);
});

test('an option without a default has an empty cell', () => {
  const options = z.strictObject({ x: z.int().optional() });
  const optional = defineModule({
    kind: 'neck',
    type: 'OptionalNeck',
    summary: '',
    example: "{ type: 'OptionalNeck' }",
    options,
    build: () => undefined as never,
  });
  const html = describe('OptionalNeck', new Registry([optional])).toHtml();
  expect(html).toContain('<code>int</code></td><td style="text-align:left"></td>');
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
  expect(() => describe('TestNeck', shared)).toThrow(/Use one of "neck\/TestNeck", "loss\/TestNeck"/);
  expect(describe('loss/TestNeck', shared).kind).toBe('loss');
  expect(() => describe('nek/TestNeck', shared)).toThrow(/unknown kind "nek". Did you mean "neck"\?/);
});

// the catalogue itself: what a person reads must be there for every module
const everything = all.all();

const configOf = (example: string) => new Function(`return (${example})`)() as ModuleConfig;

test.each(everything.map(({ type, kind }) => [type, kind]))(
  '%s (%s) says what it is and what each option means',
  (type, kind) => {
    const description = describe(`${kind}/${type}`, all);
    expect(description.summary.length).toBeGreaterThan(5);
    const { shapes, paper, origin } = all.get(kind, type);
    expect(shapes, 'shapes of what goes in and comes out').toMatch(/->|only|by/);
    // where no paper describes it, it is said whose it is
    expect(paper ?? origin, 'paper or origin').toMatch(/^[A-Z]|^mm/);
    expect(paper && origin).toBeFalsy();
    for (const option of description.options) {
      expect(option.type, `${type}.${option.name}`).not.toMatch(/custom(?!_)|transform(?! config)|undefined/);
      expect(option.meaning, `${type}.${option.name}`).not.toBe('');
    }
  },
);

test.each(everything.map(({ type, kind }) => [type, kind]))(
  'the example of %s (%s) passes its own check',
  (type, kind) => {
    const { example, options } = all.get(kind, type);
    const { type: named, ...config } = configOf(example);
    expect(named).toBe(type);
    expect(options.safeParse(config).error?.issues ?? []).toEqual([]);
    expect(findModuleProblems({ type, ...config }, all, kind, 'example')).toEqual([]);
  },
);

test.each(sampled(all.types('detector'), 3))('the example of %s builds', async (type) => {
  await plainBackend();
  const before = tf.memory().numTensors;
  const model = buildDetector(configOf(all.get('detector', type).example), { registry: all });
  // things and stuff
  const things = ['MaskFormer', 'Mask2Former', 'PanopticFPN'].includes(type) ? 133 : 80;
  const whole = type === 'BaseReID' ? 380 : things;
  const isOfOneClass = ['RPN', 'CrowdDet', 'ByteTrack', 'OCSORT', 'DeepSORT', 'StrongSORT'].includes(type);
  expect(model.numClasses).toBe(isOfOneClass ? 1 : whole);
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('modules are listed by kind, and a kind is known in the plural', () => {
  const necks = listModules(all, 'necks');
  expect(necks.modules.map(({ type }) => type)).toEqual(all.types('neck'));
  expect(String(necks)).toMatch(/^neck \(\d+\)\n {2}FPN +Feature pyramid/);
  expect(necks.toHtml()).toContain('<td style="text-align:left"><code>FPN</code></td>');
  expect(listModules(all).modules).toHaveLength(everything.length);
  expect(listModules(all, 'loss').modules).toEqual(listModules(all, 'losses').modules);
  expect(() => listModules(all, 'nekc')).toThrow(/there is none of this name. Did you mean "neck"\? Kinds: /);
  expect(() => describe('neck', all)).toThrow(/expected a type name, received a kind. Its types: FPN, /);
});

test('on a terminal nothing is wider than it', () => {
  for (const { kind, type } of everything) {
    const [head] = describe(`${kind}/${type}`, all).toText(100).split('\nExample');
    for (const line of head.split('\n')) expect(line.length, line).toBeLessThanOrEqual(108);
  }
});

// Shift-Tab: what is shown for each place of the cursor, and that no question spoils the answer to the next.

import { beforeAll, describe, expect, it } from 'vitest';
import { CellCompiler } from '../../../../kernels/jupyter/compiler/compiler';
import { createInspector } from '../../../../kernels/jupyter/compiler/inspect';
import { CELL_GLOBALS } from '../../../../kernels/jupyter/session/cell-globals';
import { PRELUDE_IMPORTS } from '../../../../kernels/jupyter/session/prelude';

const EARLIER = `
/** Twice as much. @param n of what */
function doubled(n: number) { return 2 * n }
/** Two numbers. */
type Pair = [number, number];
/** One who works. */
class Worker {
  /** How it is called. */
  name = 'w';
  constructor(times: number) {}
  /** Works for a while. */
  run(times: number) { return times }
}
class Slow extends Worker { override run(times: number) { return times / 2 } }
interface Order {
  /** How many. */
  count: number;
}
function send(order: Order) {}
const worker = new Worker(1);
const slow = new Slow(1);
const recipe = detector('faster-rcnn_r18_fpn_toytown');
const town = await dataset.toytown({ images: 12 });`;

let inspect: ReturnType<typeof createInspector>;

function createFresh(): void {
  const compiler = new CellCompiler(process.cwd(), PRELUDE_IMPORTS, CELL_GLOBALS);
  expect(compiler.compile(EARLIER)).not.toHaveProperty('problems');
  compiler.commit(new Set());
  inspect = createInspector(compiler);
}

/** What is shown at the `|` in the code. */
function shown(marked: string, detail = 0): string | undefined {
  const cursor = marked.indexOf('|');
  const code = marked.slice(0, cursor) + marked.slice(cursor + 1);
  const { found, data } = inspect({ code, cursor_pos: cursor, detail_level: detail });
  return found ? (data as Record<string, string>)['text/plain'] : undefined;
}

describe('the documentation of a name', () => {
  beforeAll(createFresh);

  it.each([
    ['before', 'tf.|matMul(1, 2)'],
    ['inside', 'tf.mat|Mul(1, 2)'],
    ['after', 'tf.matMul|(1, 2)'],
    ['at its end, without a call', 'tf.matMul|'],
    ['after the parenthesis', 'tf.matMul(|1, 2)'],
    ['after the parenthesis of a call that is being written', 'tf.matMul(|'],
    ['after a blank', 'tf.matMul( |'],
    ['in an argument', 'tf.matMul(1, |2)'],
    ['at an argument that is not known', 'tf.matMul(unk|nown, 2)'],
    ['after the call', 'tf.matMul(1, 2)|'],
  ])('of a package is shown with the cursor %s', (_, code) => {
    expect(shown(code)).toMatch(/matMul.*\n\nComputes the dot product of two matrices/s);
  });

  it.each([
    ['|doubled(4)', 'Twice as much.'],
    ['doubled|(4)', 'Twice as much.'],
    ['doubled(|', 'Twice as much.'],
    ['doubled(doub|led(4))', 'Twice as much.'],
    ['[1].map((x) => doubled(x|))', 'x: number'],
    ['worker.run|(', 'Works for a while.'],
    ['worker.run(3, |', 'Works for a while.'],
    ['slow.run(|', 'Works for a while.'],
    ['worker.na|me', 'How it is called.'],
    ['wor|ker', 'One who works.'],
    ['worker.|', 'One who works.'],
    ['new Worker(|', 'One who works.'],
    ['let p: Pair|', 'Two numbers.'],
    ['send({ co|unt: 1 })', 'How many.'],
    ['send({ count|: 1 })', 'How many.'],
    ['send({ |', 'send(order: Order)'],
    ['send({ cou|', 'send(order: Order)'],
  ])('of earlier cells: %s', (code, expected) => {
    expect(shown(code)).toContain(expected);
  });

  it.each([
    ['recipe.fit|(', 'Trains a new model'],
    ['await recipe.fit(town, |', 'Trains a new model'],
    ['await recipe.fit(town, { epo|chs: 1 })', 'Number of passes over the training images'],
    ["recipe.neck({ type: 'FPN', out_channels|: 3 })", 'Channels of every output level'],
    ["recipe.neck({ type: 'FP|N' })", 'Feature pyramid'],
    ["recipe.neck({ ty|pe: 'PAFPN' })", 'bottom-up'],
    ["recipe.neck({ type: 'FPN', | })", 'Replaces the neck'],
    ["detector('faster|-rcnn_r18_fpn_toytown')", 'A recipe from the name or path'],
    ["import { defineConfig| } from 'detlab'", 'defineConfig'],
    ['console.log(|', 'Prints to `stdout`'],
    ['Math.max|', 'Returns the larger'],
    ['input(|', 'Asks the user for a line of text'],
  ])('of DetLab, Node and JavaScript: %s', (code, expected) => {
    expect(shown(code)).toContain(expected);
  });

  it.each(['1 + |2', '|', '// com|ment', 'const x = |'])('is none where there is no name: %s', (code) => {
    expect(shown(code)).toBeUndefined();
  });

  it('is followed by the declaration in detail', () => {
    expect(shown('doubled|', 0)).not.toContain('declare function');
    expect(shown('doubled|', 1)).toMatch(/Twice as much\..*\n\ndeclare function doubled\(n: number\): number;$/s);
    expect(shown('recipe.fit(|', 1)).toMatch(/recipe\.d\.ts:\d+\nfit\(data: LabDataset/);
  });
});

it.each(['tf.matMul|', 'tf.matMul(|', 'tf.matMul(|1, 2)', 'tf.matMul(1, 2)|'])(
  'is not lost by a first question at %s',
  (first) => {
    createFresh();
    shown(first);
    expect(shown('tf.mat|Mul')).toContain('Computes the dot product');
  },
);

it('answers with the declarations as they are now', () => {
  const compiler = new CellCompiler(process.cwd(), '', '');
  const inspectNow = createInspector(compiler);
  const declare = (code: string) => {
    compiler.compile(code);
    compiler.commit(new Set());
    const asked = [0, 0].map(() => inspectNow({ code: 'thing', cursor_pos: 2, detail_level: 0 }));
    return asked.map(({ data }) => (data as Record<string, string>)['text/plain']);
  };
  expect(declare('let thing = 1;')).toEqual(['let thing: number', 'let thing: number']);
  expect(declare("let thing = 'a';")).toEqual(['let thing: string', 'let thing: string']);
});

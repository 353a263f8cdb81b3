// Constants of a network whose values depend on the size of its input: priors, strides, coordinates. Their rule is found from
// their values on several tapes, and must hold on all of them exactly; then it is written as nodes.

import { DetLabError } from '../errors';
import { isFixed, type Sizes } from './alignment';
import type { ElementType } from './graph';
import type { Lowered } from './lowered';
import { castCode } from './lowered';
import type { LoweringContext } from './lowering';

/** Elements up to which each is looked at for itself. */
const FEW = 16;
const TOLERANCE = 1e-5;

/** Whether a constant is the same on all tapes. */
export function isSame({ tensor }: Lowered): boolean {
  const { shape, values = [] } = tensor;
  if (!shape.every(isFixed)) return false;
  const [first, ...others] = values;
  return others.every((other) => other === first || equalValues(first, other));
}

function equalValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}

const near = (a: number, b: number) => Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));

/**
 * The nodes of a constant that changes with the size, in the axes of TensorFlow.js.
 * @throws DetLabError when no rule fits
 */
export function sizeConstant(x: Lowered, context: LoweringContext): string {
  const found = uniform(x, context) ?? repeatedRows(x, context) ?? fewSizes(x, context) ?? cellTable(x, context);
  if (found !== undefined) return found;
  throw new DetLabError(
    `a table [${x.shape.join(', ')}]${x.tensor.name ? ` (${x.tensor.name})` : ''} depends on the size of the image in a way that has no rule here`,
  );
}

/** One value everywhere. */
function uniform({ tensor, type }: Lowered, { graph, dimensions }: LoweringContext): string | undefined {
  const { shape, values = [] } = tensor;
  const value = values[0][0];
  for (const list of values) for (let i = 0; i < list.length; i++) if (list[i] !== value) return undefined;
  return graph.node('Expand', [graph.constant([value], [], type), dimensions.list(shape)]);
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/**
 * The same rows for every image of a batch; what was computed for all images at once may differ in its last bits. Each number is
 * constant, or in inverse proportion to the height or width of a level.
 */
function repeatedRows({ tensor, type }: Lowered, context: LoweringContext): string | undefined {
  const { shape, values = [], name } = tensor;
  const { graph, dimensions } = context;
  if (shape.length === 0 || !shape.slice(1).every(isFixed)) return undefined;
  const block = shape[0].reduce(divisor);
  const rest = shape.slice(1).map(([n]) => n);
  const size = rest.reduce((product, n) => product * n, block);
  const equal = equality(values[0]);
  for (const list of values)
    for (let i = size; i < list.length; i++) if (!equal(list[i], list[i - size])) return undefined;
  const blocks = values.map((list) => Array.prototype.slice.call(list, 0, size) as number[]);
  const table = [1, block, ...rest];
  const [first] = blocks;
  const isConstant = blocks.every((list) => list.every((v, i) => equal(v, first[i])));
  const rows = isConstant
    ? graph.constant(first, table, type, name)
    : quotients(blocks, table, equality(first, 0), context);
  if (rows === undefined) return undefined;
  const images = shape[0].map((n) => n / block);
  const target = [images, ...[block, ...rest].map((n) => images.map(() => n))];
  const each = graph.node('Expand', [rows, dimensions.list(target)]);
  return graph.node('Reshape', [each, graph.ints([-1, ...rest])], { allowzero: 0 });
}

/** Whether two numbers are equal but for rounding: in shares of theirs, or `share` of the largest number of a table. */
function equality(table: ArrayLike<number>, share = 1e-6): (a: number, b: number) => boolean {
  let largest = 0;
  for (let i = 0; i < table.length; i++) if (Number.isFinite(table[i])) largest = Math.max(largest, Math.abs(table[i]));
  const floor = share * largest;
  return (a, b) => Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b)) + floor;
}

/** Numbers divided by a size each. */
function quotients(
  tables: readonly number[][],
  shape: readonly number[],
  equal: (a: number, b: number) => boolean,
  { graph, dimensions, levels }: LoweringContext,
): string | undefined {
  const sizes = [tables.map(() => 1), ...levels.flat()];
  const [first] = tables;
  const dividends = new Float32Array(first.length);
  const places = new Int32Array(first.length);
  for (let i = 0; i < first.length; i++) {
    const found = sizes.findIndex((list) => tables.every((table, t) => equal(table[i] * list[t], first[i] * list[0])));
    if (found < 0) return undefined;
    dividends[i] = first[i] * sizes[found][0];
    places[i] = found;
  }
  const known = graph.node('Cast', [dimensions.list(sizes)], { to: castCode('float32') });
  const divisors = graph.node('Gather', [known, graph.constant(places, shape, 'int64')], { axis: 0 });
  return graph.node('Div', [graph.constant(dividends, shape, 'float32'), divisors]);
}

/** A few numbers, each of which is constant or a size of some map. */
function fewSizes({ tensor, type }: Lowered, { graph, dimensions }: LoweringContext): string | undefined {
  const { shape, values = [] } = tensor;
  const count = values[0].length;
  if (count > FEW || !shape.every(isFixed)) return undefined;
  try {
    const elements = Array.from({ length: count }, (_, i) => values.map((list) => list[i]));
    if (!elements.every((list) => isFixed(list) || list.every(Number.isInteger))) return undefined;
    const parts = elements.map((list) =>
      isFixed(list)
        ? graph.constant([list[0]], [1], type)
        : graph.node('Cast', [dimensions.size(list)], { to: castCode(type) }),
    );
    const flat = parts.length === 1 ? parts[0] : graph.node('Concat', parts, { axis: 0 });
    return graph.node('Reshape', [flat, graph.ints(shape.map(([n]) => n))], { allowzero: 0 });
  } catch (error) {
    if (error instanceof DetLabError) return undefined;
    throw error;
  }
}

interface CellRule {
  base: Float32Array;
  byRow: Float32Array;
  byColumn: Float32Array;
}

/**
 * A table with K numbers for every cell of some levels, cell by cell, level by level: base + row * byRow + column * byColumn.
 */
function cellTable(x: Lowered, context: LoweringContext): string | undefined {
  const { values = [], shape } = x.tensor;
  const { levels, graph, dimensions } = context;
  const choices = [levels, ...levels.map((level) => [level])];
  for (const chosen of choices) {
    if (chosen.length === 0) continue;
    const cells = values.map((_, t) => chosen.reduce((sum, [h, w]) => sum + h[t] * w[t], 0));
    const perCell = values.map((list, t) => list.length / cells[t]);
    if (!isFixed(perCell) || !Number.isInteger(perCell[0])) continue;
    const rules = cellRules(values, chosen, perCell[0]);
    if (!rules) continue;
    const parts = rules.map((rule, level) => cellNodes(rule, chosen[level], x.type, context));
    const joined = parts.length === 1 ? parts[0] : graph.node('Concat', parts, { axis: 0 });
    return graph.node('Reshape', [joined, dimensions.list(shape)], { allowzero: 0 });
  }
  return undefined;
}

function cellRules(
  values: readonly ArrayLike<number>[],
  levels: readonly (readonly [Sizes, Sizes])[],
  perCell: number,
): CellRule[] | undefined {
  const rules: CellRule[] = [];
  const starts = values.map(() => 0);
  for (const [heights, widths] of levels) {
    const rule: CellRule = {
      base: new Float32Array(perCell),
      byRow: new Float32Array(perCell),
      byColumn: new Float32Array(perCell),
    };
    const tall = heights.findIndex((h) => h > 1);
    const wide = widths.findIndex((w) => w > 1);
    for (let k = 0; k < perCell; k++) {
      rule.base[k] = values[0][starts[0] + k];
      const step = (t: number, cells: number) => values[t][starts[t] + cells * perCell + k] - values[t][starts[t] + k];
      rule.byRow[k] = tall < 0 ? 0 : step(tall, widths[tall]);
      rule.byColumn[k] = wide < 0 ? 0 : step(wide, 1);
    }
    for (const [t, list] of values.entries()) {
      const [h, w] = [heights[t], widths[t]];
      for (let i = 0, at = starts[t]; i < h; i++)
        for (let j = 0; j < w; j++)
          for (let k = 0; k < perCell; k++, at++)
            if (!near(list[at], rule.base[k] + i * rule.byRow[k] + j * rule.byColumn[k])) return undefined;
      starts[t] += h * w * perCell;
    }
    rules.push(rule);
  }
  return rules;
}

/** The table of one level, flat. */
function cellNodes(
  { base, byRow, byColumn }: CellRule,
  [heights, widths]: readonly [Sizes, Sizes],
  type: ElementType,
  { graph, dimensions }: LoweringContext,
): string {
  const k = base.length;
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const steps = (sizes: Sizes, shape: readonly number[], factors: Float32Array) => {
    const count = graph.node('Squeeze', [dimensions.size(sizes), graph.ints([0])]);
    const range = graph.node('Cast', [graph.node('Range', [scalar(0), count, scalar(1)])], { to: castCode('float32') });
    const placed = graph.node('Reshape', [range, graph.ints(shape)], { allowzero: 0 });
    return graph.node('Mul', [placed, graph.constant(factors, [k], 'float32')]);
  };
  const rows = graph.node('Add', [steps(heights, [-1, 1, 1], byRow), graph.constant(base, [k], 'float32')]);
  const table = graph.node('Add', [rows, steps(widths, [1, -1, 1], byColumn)]); // [h, w, K]
  const flat = graph.node('Reshape', [table, graph.ints([-1])], { allowzero: 0 });
  return type === 'float32' ? flat : graph.node('Cast', [flat], { to: castCode(type) });
}

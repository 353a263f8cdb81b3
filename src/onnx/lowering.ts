// What a lowering is given: one kernel call, and how its operands and results are written to the graph.

import type { AlignedStep, Sizes } from './alignment';
import type { Dimensions } from './dimensions';
import type { Attributes, ElementType, Graph } from './graph';
import { type Layout, type Lowered, TO_FIRST, type Variant } from './lowered';

/** Of an operator: whether it may be computed in half precision where its operands are. */
export type Halves = 'follows' | 'never' | 'always';

export interface LoweringContext {
  graph: Graph;
  dimensions: Dimensions;
  /** The precision of convolutions and matrix products. */
  precision: 'float32' | 'float16';
  /** Levels of the network's maps, for tables with a row for each cell: their heights and widths. */
  levels: readonly (readonly [Sizes, Sizes])[];
}

export class Call {
  readonly kernel: string;
  readonly graph: Graph;
  readonly dimensions: Dimensions;

  constructor(
    readonly context: LoweringContext,
    private readonly step: AlignedStep,
    readonly inputs: Readonly<Record<string, Lowered>>,
    readonly outputs: readonly Lowered[],
  ) {
    this.kernel = step.kernel;
    this.graph = context.graph;
    this.dimensions = context.dimensions;
  }

  /** Attributes on the first tape. */
  get attrs(): AlignedStep['attrs'][number] {
    return this.step.attrs[0];
  }

  get output(): Lowered {
    return this.outputs[0];
  }

  /** The inputs in order. */
  get operands(): Lowered[] {
    return Object.values(this.inputs);
  }

  /** Numbers read from the attributes, on each tape. */
  numbers(read: (attrs: AlignedStep['attrs'][number], tape: number) => readonly number[]): Sizes[] {
    const each = this.step.attrs.map(read);
    return each[0].map((_, i) => each.map((list) => list[i]));
  }

  /** What the operands have: channels first where a map is. */
  layoutOf(operands: readonly Lowered[] = this.operands): Layout {
    const maps = operands.filter((x) => !x.isConstant);
    if (maps.some((x) => x.rank < 4 && x.rank > 0 && operands.some((y) => y.rank === 4))) return 'same';
    return maps.some((x) => x.rank === 4 && x.has('channels-first')) ? 'channels-first' : 'same';
  }

  /** Half precision where all operands that depend on the input have it. */
  typeOf(halves: Halves, operands: readonly Lowered[] = this.operands): ElementType {
    const [{ type }] = operands;
    if (type !== 'float32') return type;
    if (this.context.precision === 'float32' || halves === 'never' || this.step.exact) return 'float32';
    if (halves === 'always') return 'float16';
    const maps = operands.filter((x) => !x.isConstant);
    return maps.every((x) => x.hasType('float16')) ? 'float16' : 'float32';
  }

  /** An operand that broadcasts against tensors with as many axes as the result. */
  broadcast(x: Lowered, variant: Variant): string {
    if (!x.isConstant || x.rank === 4 || x.rank === 0 || variant.layout === 'same') return x.get(variant);
    return x.once(`broadcast ${variant.type}`, () => {
      // [C], [W, C] or [H, W, C] beside [N, C, H, W]
      const [h, w, c] = [1, 1, 1, ...x.shape].slice(-3);
      const values = x.values!;
      const moved = new Float32Array(values.length);
      for (let k = 0, to = 0; k < c; k++) for (let j = 0; j < h * w; j++) moved[to++] = values[j * c + k];
      return this.graph.constant(moved, [c, h, w], variant.type, x.tensor.name);
    });
  }

  /** Writes the result as one node. */
  give(
    opType: string,
    inputs: readonly string[],
    attributes: Attributes,
    variant: Variant,
    output = this.output,
  ): void {
    output.set(this.graph.node(opType, inputs, attributes), variant);
  }

  /** The position of an axis of TensorFlow.js in a layout. */
  axis(axis: number, layout: Layout, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    return layout === 'channels-first' && rank === 4 ? TO_FIRST.indexOf(positive) : positive;
  }

  /** Something by axis in the order of a layout. */
  inLayout<T>(list: readonly T[], layout: Layout): T[] {
    return layout === 'channels-first' && list.length === 4 ? TO_FIRST.map((axis) => list[axis]) : [...list];
  }

  /** A number of the type of the result. */
  scalar(value: number, type: ElementType): string {
    return this.graph.constant([value], [], type);
  }
}

export type Lowering = (call: Call) => void;

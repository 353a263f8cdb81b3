// A tensor of the network in the graph: the value that holds it, in each layout and precision in which something reads it. Maps are
// [N, H, W, C] in TensorFlow.js and [N, C, H, W] in ONNX; transpositions are added only where a layout is missing.

import type { AlignedTensor } from './alignment';
import type { Dimensions } from './dimensions';
import type { ElementType, Graph } from './graph';

/** `same`: the axes of TensorFlow.js. `channels-first`: of tensors with four axes, N, C, H, W. */
export type Layout = 'same' | 'channels-first';

export interface Variant {
  layout: Layout;
  type: ElementType;
}

export const TO_FIRST = [0, 3, 1, 2];
export const TO_LAST = [0, 2, 3, 1];

const typeOf = (dtype: string): ElementType => (dtype === 'int32' || dtype === 'bool' ? dtype : 'float32');

export class Lowered {
  readonly rank: number;
  /** Of rows that are maps [N, H, W, C] made flat: the maps. A product may read them flat channels first, without a transposition. */
  flattened?: Lowered;
  private readonly variants = new Map<string, string>();
  private readonly made = new Map<string, string>();
  private depends = false;

  constructor(
    private readonly graph: Graph,
    private readonly dimensions: Dimensions,
    readonly tensor: AlignedTensor,
  ) {
    this.rank = tensor.shape.length;
  }

  /** The type it has in TensorFlow.js. */
  get type(): ElementType {
    return typeOf(this.tensor.dtype);
  }

  /** Whether it is the same at all sizes. */
  get isConstant(): boolean {
    return this.tensor.values !== undefined && !this.depends;
  }

  /** The same, of a constant whose values depend on the size: `name` computes them. */
  setComputed(name: string): void {
    this.depends = true;
    this.set(name, { layout: 'same', type: this.type });
  }

  /** The values of a constant that is the same on all tapes. */
  get values(): ArrayLike<number> | undefined {
    return this.tensor.values?.[0];
  }

  /** Its shape on the first tape. */
  get shape(): number[] {
    return this.tensor.shape.map(([size]) => size);
  }

  has(layout: Layout): boolean {
    return [...this.variants.keys()].some((key) => key.startsWith(layout));
  }

  hasType(type: ElementType): boolean {
    return [...this.variants.keys()].some((key) => key.endsWith(` ${type}`));
  }

  /** Says which value holds it. */
  set(name: string, { layout, type }: Variant): void {
    this.variants.set(`${layout} ${type}`, name);
    const axes = layout === 'channels-first' ? TO_FIRST : this.tensor.shape.keys();
    let at = 0;
    for (const axis of axes) this.dimensions.add(this.tensor.shape[axis], name, at++);
  }

  /** What is made of it once, however often it is used: the filter of a convolution that several levels share. */
  once(key: string, make: () => string): string {
    let name = this.made.get(key);
    if (name === undefined) this.made.set(key, (name = make()));
    return name;
  }

  /** The same value as another's, in all variants. */
  alias(other: Lowered): void {
    for (const [key, name] of other.variants) this.variants.set(key, name);
  }

  /** The value in a layout and a precision. */
  get({ layout, type }: Variant): string {
    const wanted = this.rank === 4 ? layout : 'same';
    const key = `${wanted} ${type}`;
    const found = this.variants.get(key);
    if (found !== undefined) return found;
    const made = this.isConstant ? this.initializer(wanted, type) : this.converted(wanted, type);
    this.variants.set(key, made);
    return made;
  }

  private initializer(layout: Layout, type: ElementType): string {
    const { name = 'constant' } = this.tensor;
    if (layout === 'same') return this.graph.constant(this.values!, this.shape, type, name);
    const [n, h, w, c] = this.shape;
    const values = this.values!;
    const moved = new Float32Array(values.length);
    let to = 0;
    for (let i = 0; i < n; i++)
      for (let k = 0; k < c; k++) for (let j = 0; j < h * w; j++) moved[to++] = values[(i * h * w + j) * c + k];
    return this.graph.constant(moved, [n, c, h, w], type, name);
  }

  private converted(layout: Layout, type: ElementType): string {
    const sameLayout = [...this.variants].find(([key]) => key.startsWith(`${layout} `));
    if (sameLayout) return this.graph.node('Cast', [sameLayout[1]], { to: castCode(type) });
    const [[key, name]] = this.variants;
    const perm = layout === 'channels-first' ? TO_FIRST : TO_LAST;
    const held = key.slice(key.indexOf(' ') + 1) as ElementType;
    const moved = this.graph.node('Transpose', [name], { perm });
    this.variants.set(`${layout} ${held}`, moved);
    return held === type ? moved : this.graph.node('Cast', [moved], { to: castCode(type) });
  }
}

const CODES = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export const castCode = (type: ElementType): number => CODES[type];

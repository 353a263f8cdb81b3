// Sizes that depend on the input, as nodes: each is read from the shape of a value that has it, or is computed from such ones.

import { DetLabError } from '../errors';
import { isFixed, type Sizes } from './alignment';
import type { Graph } from './graph';

interface Known {
  sizes: Sizes;
  /** Of a value in the graph. */
  value: string;
  axis: number;
}

/** Factors that are looked for in a product. */
const DEPTH = 3;

export class Dimensions {
  private readonly known = new Map<string, Known>();
  /** Names of sizes as int64 [1]. */
  private readonly nodes = new Map<string, string>();

  constructor(private readonly graph: Graph) {}

  /** A value whose `axis` has these sizes. */
  add(sizes: Sizes, value: string, axis: number): void {
    const key = sizes.join();
    if (!isFixed(sizes) && !this.known.has(key)) this.known.set(key, { sizes, value, axis });
  }

  /** Whether a size changes with the input. */
  changes(sizes: Sizes): boolean {
    return !isFixed(sizes);
  }

  /** A size as int64 [1]. @throws DetLabError for one that does not follow from others */
  size(sizes: Sizes): string {
    if (isFixed(sizes)) return this.graph.ints([sizes[0]]);
    const node = this.express(sizes, DEPTH) ?? this.shifted(sizes);
    if (node !== undefined) return node;
    throw new DetLabError(
      `a size that is ${sizes.join(', ')} at the sizes tried does not follow from those of other maps`,
    );
  }

  /** Several sizes as int64 [n]. */
  list(list: readonly Sizes[]): string {
    if (list.every(isFixed)) return this.graph.ints(list.map(([size]) => size));
    if (list.length === 1) return this.size(list[0]);
    return this.graph.node(
      'Concat',
      list.map((sizes) => this.size(sizes)),
      { axis: 0 },
    );
  }

  private remember(key: string, make: () => string): string {
    let node = this.nodes.get(key);
    if (node === undefined) this.nodes.set(key, (node = make()));
    return node;
  }

  /** A known size, a product of known sizes and a whole number, or a known size divided by one; of the last also in products. */
  private express(sizes: Sizes, depth: number): string | undefined {
    const key = sizes.join();
    const made = this.nodes.get(key);
    if (made !== undefined) return made;
    const exact = this.known.get(key);
    if (exact)
      return this.remember(key, () =>
        this.graph.node('Shape', [exact.value], { start: exact.axis, end: exact.axis + 1 }),
      );
    if (depth === 0) return undefined;
    for (const known of this.known.values()) {
      const rest = sizes.map((size, t) => size / known.sizes[t]);
      if (!rest.every(Number.isInteger)) continue;
      const factor = isFixed(rest) ? this.graph.ints([rest[0]]) : this.express(rest, depth - 1);
      if (factor === undefined) continue;
      const own = this.express(known.sizes, 1)!;
      return this.remember(key, () => this.graph.node('Mul', [own, factor]));
    }
    return this.quotient(sizes);
  }

  /** A known size with a constant added. */
  private shifted(sizes: Sizes): string | undefined {
    const key = sizes.join();
    for (const known of this.known.values()) {
      const difference = sizes.map((size, t) => size - known.sizes[t]);
      if (isFixed(difference))
        return this.remember(key, () =>
          this.graph.node('Add', [this.express(known.sizes, 1)!, this.graph.ints([difference[0]])]),
        );
    }
    return undefined;
  }

  /** A known size divided by a constant. */
  private quotient(sizes: Sizes): string | undefined {
    for (const known of this.known.values()) {
      const ratio = known.sizes.map((size, t) => size / sizes[t]);
      if (isFixed(ratio) && Number.isInteger(ratio[0]))
        return this.remember(sizes.join(), () =>
          this.graph.node('Div', [this.express(known.sizes, 1)!, this.graph.ints([ratio[0]])]),
        );
    }
    return undefined;
  }
}

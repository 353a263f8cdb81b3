// An ONNX graph as it is built: nodes in order, initializers, inputs and outputs. Values are known by name.

import { float16Bytes } from './float16';
import type { AttributeMessage, ModelMessage, NodeMessage, TensorMessage, ValueMessage } from './messages';

/** ONNX's numbers of the element types. */
export const ELEMENT_TYPES = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** GridSample, Resize and RoiAlign exist in later versions too, but not every runtime loads RoiAlign of 22. */
export const OPSET = 20;
const IR_VERSION = 9;

/** Numbers and lists of whole numbers are integers; a float is `{ float }`. */
export type Attribute = number | string | readonly number[] | { float: number } | { floats: readonly number[] };
export type Attributes = Readonly<Record<string, Attribute>>;

/** A size, or the name of one that may change. */
export type Dimension = number | string;

export interface Header {
  name: string;
  version: string;
  doc: string;
  metadata: Readonly<Record<string, string>>;
}

const ATTRIBUTE_TYPES = { f: 1, i: 2, s: 3, floats: 6, ints: 7 } as const;
const GRAPH_ATTRIBUTE = 5;

/** What a loop hands from one run to the next. */
export interface LoopState {
  /** Before the first. */
  value: string;
  type: ElementType;
  rank: number;
}

function attributeMessage(name: string, value: Attribute): AttributeMessage {
  const of = (kind: keyof typeof ATTRIBUTE_TYPES, content: Partial<AttributeMessage>) => ({
    name,
    type: ATTRIBUTE_TYPES[kind],
    ...content,
  });
  if (typeof value === 'number') return of('i', { i: value });
  if (typeof value === 'string') return of('s', { s: new TextEncoder().encode(value) });
  if ('float' in value) return of('f', { f: value.float });
  if ('floats' in value) return of('floats', { floats: value.floats });
  return of('ints', { ints: value });
}

function rawBytes(values: ArrayLike<number>, type: ElementType): Uint8Array {
  if (type === 'float16') return float16Bytes(values);
  if (type === 'bool') return Uint8Array.from(values);
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer);
  const typed = type === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  return new Uint8Array(typed.buffer);
}

export class Graph {
  /** Of the graph, or of the body of the loop that is being written. */
  private nodes: NodeMessage[] = [];
  private readonly initializers: TensorMessage[] = [];
  private readonly inputs: ValueMessage[] = [];
  private readonly outputs: ValueMessage[] = [];
  private readonly names = new Set<string>();
  /** Small initializers by content. */
  private readonly shared = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  /** A name that no value has: `stem`, or `stem_2`. */
  private unique(stem: string): string {
    for (;;) {
      const count = (this.counts.get(stem) ?? 0) + 1;
      this.counts.set(stem, count);
      const name = count === 1 ? stem : `${stem}_${count}`;
      if (this.names.has(name)) continue;
      this.names.add(name);
      return name;
    }
  }

  /** Adds a node with one output, whose name it returns. An absent optional input is ''. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodeOf(opType, inputs, attributes, 1)[0];
  }

  /** The same with several outputs. */
  nodeOf(opType: string, inputs: readonly string[], attributes: Attributes, outputs: number): string[] {
    const name = this.unique(opType);
    const output = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? name : this.unique(`${name}.${i}`)));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
    this.nodes.push({ opType, name, input: [...inputs], output, attribute });
    return output;
  }

  /**
   * Runs `body` up to `most` times (int64 []), while it says so; the states after the last run. The body may read all values that
   * were made before.
   *
   * @param body makes the next states, and whether there is another run (bool []); `run` is how many were before, int64 []
   */
  loop(
    most: string,
    states: readonly LoopState[],
    body: (states: string[], run: string) => { next: readonly string[]; more: string },
  ): string[] {
    const names = (stem: string) => states.map(() => this.unique(stem));
    const outer = this.nodes;
    this.nodes = [];
    const [run, going] = [this.unique('run'), this.unique('going')];
    const before = names('before');
    const { next, more } = body(before, run);
    const inner = this.nodes;
    this.nodes = outer;
    const described = (list: readonly string[]) => list.map((name, i) => ranked(name, states[i].type, states[i].rank));
    const graph = {
      name: this.unique('body'),
      node: inner,
      initializer: [],
      input: [ranked(run, 'int64', 0), ranked(going, 'bool', 0), ...described(before)],
      output: [ranked(more, 'bool', 0), ...described(next)],
    };
    const output = names('after');
    this.nodes.push({
      opType: 'Loop',
      name: this.unique('Loop'),
      input: [most, this.constant([1], [], 'bool'), ...states.map(({ value }) => value)],
      output,
      attribute: [{ name: 'body', type: GRAPH_ATTRIBUTE, g: graph }],
    });
    return output;
  }

  /** A constant. Small ones of equal content are one; `stem` names it in the file. */
  constant(values: ArrayLike<number>, shape: readonly number[], type: ElementType, stem = 'constant'): string {
    const key =
      values.length <= 64 ? `${type} [${shape}] ${Array.from(values, (v) => (Object.is(v, -0) ? '-0' : v))}` : '';
    const known = key && this.shared.get(key);
    if (known) return known;
    const name = this.unique(stem);
    const rawData = rawBytes(values, type);
    this.initializers.push({ name, dims: [...shape], dataType: ELEMENT_TYPES[type], rawData });
    if (key) this.shared.set(key, name);
    return name;
  }

  /** A list of whole numbers, int64. */
  ints(values: readonly number[]): string {
    return this.constant(values, [values.length], 'int64');
  }

  float(value: number): string {
    return this.constant([value], [], 'float32');
  }

  input(name: string, type: ElementType, shape: readonly Dimension[], doc: string): string {
    this.names.add(name);
    this.inputs.push(valueMessage(name, type, shape, doc));
    return name;
  }

  /** Makes a value an output, under a name of its own. */
  output(value: string, name: string, type: ElementType, shape: readonly Dimension[], doc: string): void {
    this.names.add(name);
    this.nodes.push({ opType: 'Identity', name: `output ${name}`, input: [value], output: [name], attribute: [] });
    this.outputs.push(valueMessage(name, type, shape, doc));
  }

  /** Operators by number of the nodes that the outputs need. */
  operators(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { opType } of this.reachable().flatMap(withBody)) counts.set(opType, (counts.get(opType) ?? 0) + 1);
    return counts;
  }

  model({ name, version, doc, metadata }: Header): ModelMessage {
    const node = this.reachable();
    const used = new Set(node.flatMap(withBody).flatMap(({ input }) => input));
    return {
      irVersion: IR_VERSION,
      producerName: 'DetLab',
      producerVersion: version,
      docString: doc,
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name,
        node,
        initializer: this.initializers.filter((tensor) => used.has(tensor.name!)),
        input: this.inputs,
        output: this.outputs,
      },
    };
  }

  /** The nodes that the outputs need. */
  private reachable(): NodeMessage[] {
    const needed = new Set(this.outputs.map(({ name }) => name));
    const kept = this.nodes.toReversed().filter((node) => {
      if (!node.output.some((name) => needed.has(name))) return false;
      for (const { input } of withBody(node)) for (const name of input) needed.add(name);
      return true;
    });
    return kept.reverse();
  }
}

function valueMessage(name: string, type: ElementType, shape: readonly Dimension[], docString: string): ValueMessage {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, docString, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}

/** A value of which the number of axes is known. */
function ranked(name: string, type: ElementType, rank: number): ValueMessage {
  const dim = Array.from({ length: rank }, () => ({}));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}

/** A node, and those of its body. */
const withBody = (node: NodeMessage): NodeMessage[] => [node, ...node.attribute.flatMap(({ g }) => g?.node ?? [])];

// Reads MATLAB's MAT-files of version 5: numbers, text and cells of them, as the lists of WIDER FACE's evaluation have. Sizes are
// checked before memory is taken; structures, sparse matrices and files of versions 4 and 7.3 are refused.

import { open } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { DetLabError } from '../errors';

/** Numbers by columns, text, or cells by columns. */
export type MatValue =
  | { kind: 'numbers'; dims: number[]; values: Float64Array }
  | { kind: 'text'; text: string }
  | { kind: 'cells'; dims: number[]; cells: MatValue[] };

const MAX_BYTES = 256 * 2 ** 20;
const MAX_DEPTH = 8;
const HEADER = 128;

const [MATRIX, COMPRESSED] = [14, 15];
const [CELLS, TEXT, FIRST_NUMBER, LAST_NUMBER] = [1, 4, 6, 15];
/** Bit of the flags: the numbers have an imaginary part. */
const COMPLEX = 0x800;

type Read = (view: DataView, at: number, little: boolean) => number;
/** Bytes of a number of each type, and how it is read. */
const NUMBERS: Record<number, readonly [number, Read]> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};
/** The types of UTF-8, UTF-16 and UTF-32 text are read as numbers of their size. */
const CHARACTERS: Record<number, number> = { 16: 2, 17: 4, 18: 6 };

/** What is wrong, without the name of the file. */
class BadMat extends Error {}

/**
 * The variables of a file by name.
 * @throws DetLabError for a file that is not there, too large, or no MAT-file of version 5
 */
export async function readMatFile(file: string): Promise<Map<string, MatValue>> {
  const fail = (why: string) => new DetLabError(`Cannot read the MAT-file "${file}": ${why}`);
  let bytes: Buffer;
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > MAX_BYTES) throw new BadMat(`expected at most ${MAX_BYTES} bytes, received ${size}`);
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fail((error as Error).message);
  }
  try {
    return variablesOf(bytes);
  } catch (error) {
    if (error instanceof BadMat || error instanceof RangeError) throw fail(error.message);
    throw error;
  }
}

function variablesOf(bytes: Buffer): Map<string, MatValue> {
  const start = bytes.toString('latin1', 0, 19);
  if (start.startsWith('MATLAB 7.3')) throw new BadMat("it is of version 7.3 (HDF5); save it anew with '-v7'");
  const order = bytes.toString('latin1', 126, HEADER);
  if (!start.startsWith('MATLAB 5.0') || (order !== 'IM' && order !== 'MI'))
    throw new BadMat(`expected "MATLAB 5.0 MAT-file", received ${JSON.stringify(start)}`);
  const variables = new Map<string, MatValue>();
  const reader = new MatReader(bytes.subarray(HEADER), order === 'IM');
  while (!reader.atEnd) reader.variable(variables);
  return variables;
}

interface Element {
  type: number;
  bytes: Buffer;
}

class MatReader {
  private at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly little: boolean,
    /** Bytes that compressed variables may still take. */
    private left = MAX_BYTES,
  ) {}

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next element of the file: a matrix, which may be compressed. */
  variable(variables: Map<string, MatValue>): void {
    const { type, bytes } = this.element(1);
    if (type === COMPRESSED) {
      const content = inflated(bytes, this.left);
      this.left -= content.length;
      new MatReader(content, this.little).variable(variables);
    } else if (type === MATRIX) {
      const { name, value } = new MatReader(bytes, this.little).matrix(0);
      if (value) variables.set(name, value);
    } else throw new BadMat(`expected a matrix, received an element of type ${type}`);
  }

  /** @param multiple of bytes that it takes */
  private element(multiple = 8): Element {
    const { bytes, little } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.at + 8 > bytes.length) throw new BadMat('it ends within an element');
    const first = view.getUint32(this.at, little);
    const small = first >>> 16;
    const type = small > 0 ? first & 0xffff : first;
    const length = small > 0 ? small : view.getUint32(this.at + 4, little);
    const from = this.at + (small > 0 ? 4 : 8);
    if (from + length > bytes.length || small > 4)
      throw new BadMat(`an element of ${length} bytes, ${bytes.length - from} are left`);
    this.at = small > 0 ? this.at + 8 : from + Math.ceil(length / multiple) * multiple;
    return { type, bytes: bytes.subarray(from, from + length) };
  }

  /** Flags, dimensions, name and content. @returns no value: it is of a kind that is not read */
  matrix(depth: number): { name: string; value?: MatValue } {
    if (depth > MAX_DEPTH) throw new BadMat(`cells in cells, more than ${MAX_DEPTH} deep`);
    const [flags] = this.numbers(this.element());
    const kind = flags & 0xff;
    const dims = [...this.numbers(this.element())];
    const name = this.element().bytes.toString('latin1');
    const count = dims.reduce((a, b) => a * b, 1);
    if (dims.length < 2 || dims.some((n) => n < 0) || count > this.bytes.length)
      throw new BadMat(`a matrix of [${dims.slice(0, 8)}] in ${this.bytes.length} bytes`);
    if (kind === CELLS) {
      const cells = Array.from({ length: count }, () => this.cell(depth + 1));
      return { name, value: { kind: 'cells', dims, cells } };
    }
    if (kind !== TEXT && !(kind >= FIRST_NUMBER && kind <= LAST_NUMBER)) {
      if (depth === 0) return { name };
      throw new BadMat(`"${name}" is of class ${kind}: expected numbers, text and cells`);
    }
    if ((flags & COMPLEX) !== 0) throw new BadMat('complex numbers are not read');
    const values = count === 0 && this.atEnd ? new Float64Array(0) : this.numbers(this.element());
    if (values.length !== count) throw new BadMat(`a matrix of [${dims}] has ${values.length} values`);
    return { name, value: kind === TEXT ? { kind: 'text', text: textOf(values) } : { kind: 'numbers', dims, values } };
  }

  private cell(depth: number): MatValue {
    const { type, bytes } = this.element();
    if (type !== MATRIX) throw new BadMat(`expected a matrix in a cell, received an element of type ${type}`);
    if (bytes.length === 0) return { kind: 'numbers', dims: [0, 0], values: new Float64Array(0) };
    const { value } = new MatReader(bytes, this.little).matrix(depth);
    if (!value) throw new BadMat('a cell of a kind that is not read');
    return value;
  }

  private numbers({ type, bytes }: Element): Float64Array {
    const found = NUMBERS[CHARACTERS[type] ?? type];
    if (!found) throw new BadMat(`expected numbers, received an element of type ${type}`);
    const [size, read] = found;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const values = new Float64Array(Math.floor(bytes.length / size));
    for (let i = 0; i < values.length; i++) values[i] = read(view, i * size, this.little);
    return values;
  }
}

function inflated(bytes: Buffer, most: number): Buffer {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(most, 1) });
  } catch (error) {
    throw new BadMat(`a compressed variable cannot be read: ${(error as Error).message}`);
  }
}

function textOf(codes: Float64Array): string {
  let text = '';
  for (const code of codes) text += String.fromCodePoint(Math.min(Math.max(code, 0), 0x10ffff));
  return text;
}

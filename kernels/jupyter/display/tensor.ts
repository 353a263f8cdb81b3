// A tensor or variable of TensorFlow.js: its type, shape and values, long axes abbreviated as NumPy does. Recognised by
// its properties: the kernel does not depend on TensorFlow.js, of which there may be two copies.

import { escapeHtml } from '../../../src/visualization/escape';
import type { Shown } from './bundle';

interface TensorLike {
  dtype: string;
  shape: number[];
  size: number;
  isDisposed: boolean;
  name?: string;
  trainable?: boolean;
  dataSync(): ArrayLike<number | string>;
}

export const isTensor = (value: object): value is TensorLike =>
  'dataId' in value &&
  'dtype' in value &&
  'isDisposed' in value &&
  Array.isArray((value as unknown as TensorLike).shape) &&
  typeof (value as unknown as TensorLike).dataSync === 'function';

/** Tensors with more values are abbreviated. */
const WHOLE = 400;
/** Values shown at each end of an abbreviated axis. */
const EDGE = 3;
/** Larger tensors are not fetched from the engine: that would take long. */
const MAX_FETCHED = 20_000_000;
const LINE = 96;
const BYTES: Record<string, number> = { float32: 4, int32: 4, bool: 1, complex64: 8 };

function byteText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [size, unit] =
    bytes < 2 ** 20 ? [bytes / 2 ** 10, 'KiB'] : bytes < 2 ** 30 ? [bytes / 2 ** 20, 'MiB'] : [bytes / 2 ** 30, 'GiB'];
  return `${Number(size.toPrecision(3))} ${unit}`;
}

const numberText = (value: number) =>
  Number.isInteger(value) && Math.abs(value) < 1e12 ? String(value) : String(Number(value.toPrecision(6)));

function valueText(dtype: string, values: ArrayLike<number | string>, i: number): string {
  if (dtype === 'bool') return values[i] ? 'true' : 'false';
  if (dtype === 'int32') return String(values[i]);
  if (dtype === 'complex64') {
    const imaginary = Number(values[2 * i + 1]);
    return `${numberText(Number(values[2 * i]))}${imaginary < 0 ? '-' : '+'}${numberText(Math.abs(imaginary))}i`;
  }
  const value = values[i];
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value);
  return numberText(value);
}

/** Indices of an axis that are shown; -1 for those left out. */
const shownIndices = (length: number, cut: boolean): number[] =>
  cut && length > 2 * EDGE + 1
    ? [0, 1, 2, -1, length - 3, length - 2, length - 1]
    : Array.from({ length }, (_, i) => i);

/** Nested brackets, aligned; blank lines between matrices. */
function brackets(shape: number[], text: (index: number) => string, cut: boolean): string {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const cells: string[] = [];
  const collect = (axis: number, offset: number): void => {
    if (axis === shape.length) return void cells.push(text(offset));
    for (const i of shownIndices(shape[axis], cut)) if (i >= 0) collect(axis + 1, offset + i * strides[axis]);
  };
  collect(0, 0);
  const width = Math.max(0, ...cells.map((cell) => cell.length));
  let next = 0;
  const build = (axis: number): string => {
    if (axis === shape.length) return shape.length === 0 ? cells[next++] : cells[next++].padStart(width);
    const parts = shownIndices(shape[axis], cut).map((i) => (i < 0 ? '...' : build(axis + 1)));
    const indent = ' '.repeat(axis + 1);
    if (axis < shape.length - 1) return `[${parts.join(`,${'\n'.repeat(shape.length - 1 - axis)}${indent}`)}]`;
    const perLine = Math.max(1, Math.floor(LINE / (width + 2)));
    const lines: string[] = [];
    for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '));
    return `[${lines.join(`,\n${indent}`)}]`;
  };
  return build(0);
}

/** A matrix as a table without headings; both axes are abbreviated alike. */
function matrixHtml([rows, columns]: number[], text: (index: number) => string, cut: boolean): string {
  const cell = (content: string) =>
    `<td align="right" style="text-align:right;padding:2px 8px;font-variant-numeric:tabular-nums;white-space:nowrap">${escapeHtml(content)}</td>`;
  const across = shownIndices(columns, cut);
  const body = shownIndices(rows, cut).map((row) => {
    const cells = across.map((column) => cell(row < 0 ? '⋮' : column < 0 ? '…' : text(row * columns + column)));
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table style="border-collapse:collapse;margin:4px 0"><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

export function tensorShown(tensor: TensorLike): Shown {
  const { dtype, shape, size } = tensor;
  const isVariable = typeof tensor.trainable === 'boolean' && typeof tensor.name === 'string';
  const kind = isVariable ? 'Variable' : 'Tensor';
  const form = `${dtype} [${shape.join(', ')}]`;
  const facts = isVariable ? [`"${tensor.name}"`, ...(tensor.trainable ? [] : ['not trainable'])] : [];
  if (tensor.isDisposed) facts.push('disposed');
  const head = (more: string[] = []) => [`${kind} ${form}`, ...facts, ...more].join(', ');
  const heading = (more: string[] = []) =>
    `<div style="margin:2px 0"><b>${kind}</b> <code>${escapeHtml(form)}</code>${[...facts, ...more].map((fact) => ` · ${escapeHtml(fact)}`).join('')}</div>`;
  const shown = (more: string[], text = '', html = '') => ({
    data: { 'text/html': `${heading(more)}${html}`, 'text/plain': text ? `${head(more)}\n${text}` : head(more) },
    metadata: {},
  });
  if (tensor.isDisposed || size === 0) return shown([]);
  const bytes = BYTES[dtype] ? [byteText(BYTES[dtype] * size)] : [];
  const count = [`${size.toLocaleString('en')} values`, ...bytes];
  if (size > MAX_FETCHED) return shown(count);
  let values: ArrayLike<number | string>;
  try {
    values = tensor.dataSync();
  } catch (error) {
    return shown([...count, `its values cannot be read: ${(error as Error).message}`]);
  }
  const cut = size > WHOLE;
  const text = (i: number) => valueText(dtype, values, i);
  const plain = brackets(shape, text, cut);
  const html =
    shape.length === 2
      ? matrixHtml(shape, text, cut || shape[1] > 20)
      : `<pre style="font-family:monospace;margin:4px 0;padding:0">${escapeHtml(plain)}</pre>`;
  return shown(cut ? count : [], plain, html);
}

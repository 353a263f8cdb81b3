// `memory()`: what holds tensors, and how much; `free(...)`: gives it back before JavaScript would.

import { inspect } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { type EngineMemory, engineIfRunning } from '../engine';
import { type Holder, holders } from '../engine/memory-holders';
import { collectUnreachable } from '../engine/unreachable-tensors';
import { DetLabError } from '../errors';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle, notebook } from '../visualization/display';
import { saveAs } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { Comparison } from './compare';
import { CrossValidation } from './cross-validation';
import { Model } from './model';
import { Run } from './run';
import { SearchResult } from './search-result';

/** One line of the report. */
export interface MemoryEntry {
  /** Variables of the notebook that refer to it. */
  variables: string[];
  /** `model`, `optimizer`, `average`, `tensor`. */
  kind: string;
  name: string;
  type: string;
  tensors: number;
  bytes: number;
  /** Bytes of JavaScript's own memory: cached priors. */
  hostBytes: number;
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)}`;
const bytesOf = ({ size, dtype }: tf.Tensor) => (dtype === 'string' ? 0 : size * tf.util.bytesPerElement(dtype));

/** The bytes of tensors, data that several share counted once. */
function bytesOfAll(tensors: readonly tf.Tensor[]): number {
  return [...new Map(tensors.map((tensor) => [tensor.dataId, tensor])).values()].reduce(
    (sum, t) => sum + bytesOf(t),
    0,
  );
}

/** What holds tensors, by variable, with its tensors and bytes: of `memory()`. */
export class MemoryReport implements Displayable {
  constructor(
    readonly entries: readonly MemoryEntry[],
    /** All tensors, those of no entry included. */
    readonly total: { tensors: number; bytes: number },
    /** Undefined before an engine runs. */
    readonly engine: EngineMemory | undefined,
  ) {}

  private table(): Table {
    const { entries, total } = this;
    const rows = entries.map((entry) => [
      entry.variables.join(', '),
      entry.kind,
      [entry.name, entry.type].filter(Boolean).join(': '),
      String(entry.tensors),
      megabytes(entry.bytes),
      entry.hostBytes ? megabytes(entry.hostBytes) : '',
    ]);
    const others = total.tensors - entries.reduce((sum, { tensors }) => sum + tensors, 0);
    const otherBytes = total.bytes - entries.reduce((sum, { bytes }) => sum + bytes, 0);
    if (others > 0) rows.push(['', 'other tensors', '', String(others), megabytes(Math.max(0, otherBytes)), '']);
    rows.push(['', 'total', '', String(total.tensors), megabytes(total.bytes), '']);
    return {
      title: 'Memory of tensors',
      columns: [
        { title: 'variable' },
        { title: 'kind' },
        { title: 'name' },
        { title: 'tensors', align: 'right' },
        { title: 'MB', align: 'right' },
        { title: 'cached priors, MB', align: 'right' },
      ],
      rows,
      strong: [rows.length - 1],
      note: this.note,
    };
  }

  private get note(): string {
    const { engine } = this;
    const used = engine
      ? `Engine: ${megabytes(engine.bytesInUse)} MB in use, ${megabytes(engine.bytesPeak)} at most, ` +
        `${megabytes(engine.bytesCached)} kept for reuse` +
        `${engine.bytesLimit === undefined ? '' : `, limited to ${megabytes(engine.bytesLimit)} together`}. `
      : '';
    return `${used}What no variable refers to is freed by itself; free(model) frees at once`;
  }

  /** Writes the table as .html, .csv, .json, .svg, .png or .txt; returns the absolute path. */
  save(file: string): Promise<string> {
    const { entries, total, engine } = this;
    return saveAs('the memory of tensors', tableFormats({ entries, total, engine }, this.table()), file);
  }

  [JUPYTER_DISPLAY](): MimeBundle {
    return tablesBundle(this.table());
  }

  toString(): string {
    return tableText(this.table());
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** The runs of what has several. */
function runsOf(value: unknown): readonly Run[] | undefined {
  if (value instanceof Comparison) return Object.values(value.all).flat();
  if (value instanceof CrossValidation) return value.runs;
  return value instanceof SearchResult ? value.trials.map(({ run }) => run) : undefined;
}

/** Whether `owner` is what a variable holds, or part of it. */
function refersTo(value: unknown, owner: object, depth = 0): boolean {
  if (value === owner) return true;
  if (typeof value !== 'object' || value === null || depth > 3) return false;
  if (value instanceof Model) return value.detector === owner;
  if (value instanceof Run) return value.model.detector === owner;
  const runs = runsOf(value);
  if (runs) return refersTo(runs, owner, depth + 1);
  if (Array.isArray(value)) return value.some((item) => refersTo(item, owner, depth + 1));
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).some((item) => refersTo(item, owner, depth + 1));
}

/**
 * What holds tensors: models, optimizers, averages and tensors by their variables, and the memory of the engine. Frees
 * first what nothing refers to any more.
 *
 * @example await memory() // a table in a notebook; in a script `console.log(String(await memory()))`
 */
export async function memory(): Promise<MemoryReport> {
  await collectUnreachable();
  const variables = Object.entries(notebook()?.variables ?? {});
  const referring = (owner: object) => variables.filter(([, value]) => refersTo(value, owner)).map(([name]) => name);
  const entries = holders().map(({ owner, holder }) => entryOf(holder, referring(owner)));
  for (const [name, value] of variables) {
    if (!(value instanceof tf.Tensor) || value.isDisposed) continue;
    const type = `${value.dtype} [${value.shape}]`;
    const bytes = bytesOf(value);
    entries.push({ variables: [name], kind: 'tensor', name: '', type, tensors: 1, bytes, hostBytes: 0 });
  }
  entries.sort((a, b) => b.bytes - a.bytes);
  const { numTensors: tensors, numBytes: bytes } = tf.memory();
  return new MemoryReport(entries, { tensors, bytes }, engineIfRunning()?.memory());
}

function entryOf({ kind, name, type, tensors, hostBytes = 0 }: Holder, variables: string[]): MemoryEntry {
  return { variables, kind, name, type, tensors: new Set(tensors).size, bytes: bytesOfAll(tensors), hostBytes };
}

/** What `free` can free. */
export type Freeable =
  | Model
  | Run
  | Comparison
  | CrossValidation
  | SearchResult
  | tf.Tensor
  | readonly Freeable[]
  | { readonly [name: string]: Freeable };

/**
 * Frees models, runs, comparisons, cross-validations, searches and tensors at once; they cannot be used any more. Not needed for what no variable refers
 * to: that is freed by itself.
 *
 * @returns how much that was, as text
 * @example free(run) // '118.5 MB freed'
 * @throws DetLabError for a value that holds no tensors
 */
export function free(...what: Freeable[]): string {
  const before = tf.memory().numBytes;
  for (const one of what) freeOne(one);
  return `${megabytes(before - tf.memory().numBytes)} MB freed`;
}

function freeOne(one: Freeable): void {
  const runs = runsOf(one);
  if (one instanceof tf.Tensor || one instanceof Model) one.dispose();
  else if (one instanceof Run) one.model.dispose();
  else if (runs) for (const run of runs) run.model.dispose();
  else if (Array.isArray(one)) for (const item of one) freeOne(item);
  else if (typeof one === 'object' && one !== null && Object.getPrototypeOf(one) === Object.prototype)
    for (const item of Object.values(one as Record<string, Freeable>)) freeOne(item);
  else
    throw new DetLabError(
      `Cannot free ${inspect(one, { depth: 0 })}: expected a model, a run, a comparison, a tensor, or a list of them`,
    );
}

// Checkpoints: one directory each, with model.safetensors (PyTorch's names and layouts), optimizer.safetensors, state.json
// and manifest.json (size and SHA-256 of the three). A checkpoint is written beside its place, flushed to disk and renamed,
// so that a process killed at any moment leaves either a whole checkpoint or none; `last_checkpoint` is moved last.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseSafetensors, serializeSafetensors } from '../checkpoints/safetensors';
import { DetLabError } from '../errors';
import type { StateDict } from '../nn/module';
import type { History } from './history';
import type { ScheduleState } from './learning-rates';

/** Everything but tensors that a run needs to continue with the same numbers. */
export interface TrainingState {
  version: 1;
  /** Whole epochs done, and batches done in the epoch after them. */
  epoch: number;
  iteration: number;
  /** Batches done since the start. */
  step: number;
  batchesPerEpoch: number;
  /** Training images, where the loader counted them. */
  images?: number;
  seed: number;
  precision: string;
  /** The model's random stream (samplers). */
  random: number[];
  /** Absent where it was not to be saved. */
  schedule?: ScheduleState;
  /** Set where the optimizer's tensors were not to be saved. */
  withoutOptimizer?: true;
  optimizer: { inner: number; scale?: [number, number] };
  /** Updates of the averaged weights, which are then the checkpoint's model. */
  averageSteps?: number;
  /** Of a run counted in iterations; absent: epochs. */
  unit?: 'iteration';
  /** State of hooks that have one, by name. */
  hooks?: Record<string, unknown>;
  smoothing: [string, number[]][];
  history: History;
  /** Given by the caller: config, classes, names. */
  meta: Record<string, unknown>;
}

export interface CheckpointContents {
  model: StateDict;
  optimizer: StateDict;
  state: TrainingState;
}

export interface Checkpoint extends CheckpointContents {
  directory: string;
}

/** Before the names of weights that are being trained while `model` holds their average, in the optimizer's file. */
export const SOURCE_PREFIX = 'source.';

const FILES = ['model.safetensors', 'optimizer.safetensors', 'state.json'] as const;
const POINTER = 'last_checkpoint';
type Manifest = Record<string, { bytes: number; sha256: string }>;

/** `epoch_3`, or `iter_120` for one taken inside an epoch or in a run counted in iterations. */
export const checkpointName = ({
  epoch,
  iteration,
  step,
  unit,
}: Pick<TrainingState, 'epoch' | 'iteration' | 'step' | 'unit'>): string =>
  iteration === 0 && unit === undefined ? `epoch_${epoch}` : `iter_${step}`;

export interface WriteOptions {
  name?: string;
  keep?: number;
  point?: boolean;
  /** Names of checkpoints that count for `keep`, beside `epoch_3` and `iter_120`. */
  pattern?: RegExp;
}

/**
 * Writes a checkpoint under `root` and points `last_checkpoint` at it.
 * @param keep how many epoch and iteration checkpoints stay; -1: all
 * @returns its directory
 */
export async function writeCheckpoint(
  root: string,
  { model, optimizer, state }: CheckpointContents,
  { name = checkpointName(state), keep = -1, point = true, pattern }: WriteOptions = {},
): Promise<string> {
  const place = path.join(root, name);
  const draft = path.join(root, `.writing-${name}-${process.pid}`);
  await mkdir(root, { recursive: true });
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft);
  const contents = [
    serializeSafetensors(model, { format: 'pt', detlab: JSON.stringify(state.meta) }),
    serializeSafetensors(optimizer, { format: 'pt' }),
    Buffer.from(JSON.stringify(state)),
  ];
  const manifest: Manifest = {};
  for (const [i, file] of FILES.entries()) {
    // hashed in the thread pool: training continues meanwhile
    const digest = await crypto.subtle.digest('SHA-256', contents[i] as Uint8Array<ArrayBuffer>);
    manifest[file] = { bytes: contents[i].byteLength, sha256: Buffer.from(digest).toString('hex') };
    await writeDurably(path.join(draft, file), contents[i]);
  }
  await writeDurably(path.join(draft, 'manifest.json'), Buffer.from(JSON.stringify(manifest, null, 1)));
  await flushDirectory(draft);

  const old = path.join(root, `.replaced-${name}-${process.pid}`);
  if (existsSync(place)) await rename(place, old);
  await rename(draft, place);
  await flushDirectory(root);
  if (point) {
    const pointer = path.join(root, `.${POINTER}-${process.pid}`);
    await writeDurably(pointer, Buffer.from(`${name}\n`));
    await rename(pointer, path.join(root, POINTER));
    await flushDirectory(root);
  }
  // what this and killed writers left
  for (const left of readdirSync(root).filter((other) => /^\.(writing|replaced)-/.test(other)))
    await rm(path.join(root, left), { recursive: true, force: true });
  if (keep >= 0) {
    const names = numbered(root, pattern).filter((other) => other !== name);
    for (const other of names.slice(Math.max(keep, 1) - 1))
      await rm(path.join(root, other), { recursive: true, force: true });
  }
  return place;
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Checkpoints under `root`, newest first by the step they were taken at. */
function numbered(root: string, pattern?: RegExp): string[] {
  const steps = new Map<string, number>();
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    if (!/^(epoch|iter)_\d+$/.test(name) && !pattern?.test(name)) continue;
    let step = -1;
    try {
      step = (JSON.parse(readFileSync(path.join(root, name, 'state.json'), 'utf8')) as TrainingState).step;
    } catch {
      // unreadable: goes last, and is named when it is tried
    }
    steps.set(name, step);
  }
  return [...steps.keys()].sort((a, b) => steps.get(b)! - steps.get(a)!);
}

/**
 * Reads and verifies one checkpoint directory.
 * @throws DetLabError naming the file that is missing, cut short or changed
 */
export function readCheckpoint(directory: string): Checkpoint {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot read the checkpoint "${directory}": ${what}`);
  };
  const read = (file: string): Buffer => {
    try {
      return readFileSync(path.join(directory, file));
    } catch (error) {
      return fail(`${file}: ${(error as Error).message}`);
    }
  };
  let manifest: Manifest;
  try {
    manifest = JSON.parse(read('manifest.json').toString('utf8'));
  } catch (error) {
    if (error instanceof DetLabError) throw error;
    return fail('manifest.json is no JSON: the file is damaged');
  }
  const [model, optimizer, state] = FILES.map((file) => {
    const expected = manifest[file] ?? fail(`manifest.json does not list ${file}`);
    const bytes = read(file);
    if (bytes.byteLength !== expected.bytes)
      fail(`${file} has ${bytes.byteLength} bytes, ${expected.bytes} were written`);
    if (createHash('sha256').update(bytes).digest('hex') !== expected.sha256)
      fail(`${file} is not what was written (its SHA-256 differs): the file is damaged`);
    return bytes;
  });
  return {
    directory,
    model: parseSafetensors(model, path.join(directory, FILES[0])).tensors,
    optimizer: parseSafetensors(optimizer, path.join(directory, FILES[1])).tensors,
    state: JSON.parse(state.toString('utf8')),
  };
}

/**
 * The newest whole checkpoint under `root`: the one `last_checkpoint` names, else the others from the newest back.
 * `problems` names every damaged one skipped.
 */
export function findCheckpoint(root: string, pattern?: RegExp): { checkpoint?: Checkpoint; problems: string[] } {
  const problems: string[] = [];
  const names = numbered(root, pattern);
  const pointer = path.join(root, POINTER);
  if (existsSync(pointer)) names.unshift(readFileSync(pointer, 'utf8').trim());
  for (const name of new Set(names)) {
    try {
      return { checkpoint: readCheckpoint(path.join(root, name)), problems };
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { problems };
}

/** Moves the checkpoints of an earlier run out of the way, to `<root>-previous`; only the last such folder is kept. */
export async function setAsideCheckpoints(root: string): Promise<string | undefined> {
  if (!existsSync(root) || readdirSync(root).length === 0) return undefined;
  const aside = `${root}-previous`;
  await rm(aside, { recursive: true, force: true });
  await rename(root, aside);
  return aside;
}

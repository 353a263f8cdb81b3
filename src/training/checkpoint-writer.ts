// Writes checkpoints while training continues: the tensors are copied when `save` is called, hashing, writing and
// flushing run in the background, one checkpoint at a time. A cell of a notebook may end before its last one is on disk.

import { AsyncLocalStorage } from 'node:async_hooks';
import path from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type CheckpointContents, type WriteOptions, writeCheckpoint } from './checkpoint';
import type { CheckpointNaming } from './checkpoint-naming';

/** Runs work in the async context of this module's import: what Stop ends with a cell is what that cell's context has begun. */
const outsideOfCells = AsyncLocalStorage.snapshot();

/** What is being written, by the folder of the checkpoints. */
const writing = new Map<string, Promise<void>>();

/** What is being written to `root`, by whatever run: resolves when it is on disk. */
export const checkpointInWriting = (root: string): Promise<void> | undefined => writing.get(path.resolve(root));

/** Milliseconds for which deferred tensors are read in a turn of the event loop. */
const READING_MS = 20;

/** Reads deferred tensors so that the cell that was stopped, and later ones, run in between. */
async function readAndWrite(root: string, contents: CheckpointContents, options: WriteOptions): Promise<string> {
  let since = performance.now();
  for (const tensors of [contents.model, contents.optimizer]) {
    for (const tensor of tensors.values()) {
      void tensor.data;
      if (performance.now() - since < READING_MS) continue;
      await setImmediate();
      since = performance.now();
    }
  }
  return writeCheckpoint(root, contents, options);
}

export class CheckpointWriter {
  /** Step of the newest checkpoint handed over. */
  lastStep = -1;
  /** Its folder. */
  lastDirectory?: string;
  private pending: Promise<void> = Promise.resolve();
  private failure?: unknown;

  constructor(
    private readonly root: string,
    private readonly naming: CheckpointNaming & { keep: number },
    private readonly written: (directory: string) => void | Promise<void>,
  ) {}

  /** @throws what an earlier write failed with (a full disk) */
  async save(contents: CheckpointContents, name?: string): Promise<void> {
    await this.finished();
    const { root } = this;
    if (name === undefined) {
      this.lastStep = contents.state.step;
      this.lastDirectory = path.join(root, this.naming.nameOf(contents.state));
    }
    // a named one (`best`) is a copy on the side: resume does not start from it
    const options = name === undefined ? this.numbered(contents) : { name, point: false };
    this.pending = outsideOfCells(() => readAndWrite(root, contents, options))
      .then((directory) => this.written(directory))
      .catch((error) => {
        this.failure = error;
      });
    const place = path.resolve(root);
    const { pending } = this;
    writing.set(place, pending);
    void pending.then(() => writing.get(place) === pending && writing.delete(place));
  }

  private numbered({ state }: CheckpointContents): WriteOptions {
    const { keep, nameOf, pattern } = this.naming;
    return { name: nameOf(state), keep, pattern };
  }

  /** As `finished`, for so many milliseconds at most; returns whether everything is on disk. */
  async finishedWithin(limit: number): Promise<boolean> {
    const abort = new AbortController();
    const timer = setTimeout(limit, false, { signal: abort.signal }).catch(() => false);
    try {
      return await Promise.race([this.finished().then(() => true), timer]);
    } finally {
      abort.abort();
    }
  }

  /** Resolves when everything handed over is on disk. */
  async finished(): Promise<void> {
    await this.pending;
    if (this.failure === undefined) return;
    const failure = this.failure;
    this.failure = undefined;
    throw failure;
  }
}

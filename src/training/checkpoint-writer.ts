// Writes checkpoints while training continues: the tensors are copied when `save` is called, hashing, writing and
// flushing run in the background, one checkpoint at a time.

import { type CheckpointContents, writeCheckpoint } from './checkpoint';

export class CheckpointWriter {
  /** Step of the newest checkpoint handed over. */
  lastStep = -1;
  lastDirectory?: string;
  private pending: Promise<void> = Promise.resolve();
  private failure?: unknown;

  constructor(
    private readonly root: string,
    private readonly keep: number,
    private readonly written: (directory: string) => void | Promise<void>,
  ) {}

  /** @throws what an earlier write failed with (a full disk) */
  async save(contents: CheckpointContents, name?: string): Promise<void> {
    await this.finished();
    if (name === undefined) this.lastStep = contents.state.step;
    // a named one (`best`) is a copy on the side: resume does not start from it
    const options = name === undefined ? { keep: this.keep } : { name, point: false };
    this.pending = writeCheckpoint(this.root, contents, options)
      .then(async (directory) => {
        if (name === undefined) this.lastDirectory = directory;
        await this.written(directory);
      })
      .catch((error) => {
        this.failure = error;
      });
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

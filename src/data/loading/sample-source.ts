// Where packed samples come from: the pipeline run here, or by worker threads. The outcome is the same, since every
// sample's randomness is derived from its seed alone.

import { BadData } from '../bad-data';
import type { Pipeline } from '../pipeline';
import { streamFor } from '../streams';
import type { DataProblem, ImageRecord, PackedSample } from '../types';
import { atMost } from './at-most';

/** A packed sample, or why its image cannot be used. `seconds`: time spent on it, decoding and transforms. */
export type SampleOutcome = { seconds: number } & ({ sample: PackedSample } | { problem: DataProblem });

/** Salts of a sample's random stream: (seed, epoch, index, attempt). */
export type SampleKey = [number, number, number, number];

export interface SampleSource {
  readonly workers: number;
  get(record: ImageRecord, key: SampleKey): Promise<SampleOutcome>;
  /** Keeps the process alive while somebody waits for a sample. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

/** Runs one sample; bad data is an outcome, any other error is thrown. */
export async function runSample(pipeline: Pipeline, record: ImageRecord, key: SampleKey): Promise<SampleOutcome> {
  const start = performance.now();
  const [seed, ...salts] = key;
  try {
    const sample = await pipeline.run(record, streamFor(seed, ...salts));
    return { sample, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    if (!(error instanceof BadData)) throw error;
    return { problem: error.problem, seconds: (performance.now() - start) / 1000 };
  }
}

/** Images decoded at a time in one thread: one transformed while the next is being decoded. */
export const IMAGES_AT_A_TIME = 2;

/** Runs the pipeline in this thread (decoding still runs on libuv's pool). */
export function inProcess(pipeline: Pipeline): SampleSource {
  const queue = atMost(IMAGES_AT_A_TIME);
  return {
    workers: 0,
    get: (record, key) => queue.run(() => runSample(pipeline, record, key)),
    hold() {},
    release() {},
    async close() {
      queue.clear();
    },
  };
}

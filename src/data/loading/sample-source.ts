// Where packed samples come from: the pipelines run here, or by worker threads. The outcome is the same, since every
// sample's randomness is derived from its seed and its place in the order alone.

import { BadData } from '../bad-data';
import { type Pipeline, packedOf } from '../pipeline';
import { streamFor } from '../streams';
import type { DataProblem, ImageRecord, PackedSample } from '../types';
import { atMost } from './at-most';
import { imagesOf, type OrderOptions } from './batch-order';
import { neighbourhoods, type OrderPlace } from './neighbourhood';
import { type RecordStore, storeOf } from './record-store';

/**
 * A packed sample, why its image cannot be used, or that a transform found it of no use. `seconds`: time spent on it,
 * decoding and transforms.
 */
export type SampleOutcome = { seconds: number } & (
  | { sample: PackedSample }
  | { problem: DataProblem }
  | { discarded: true }
);

/** Salts of a sample's random stream: (seed, epoch, index, attempt). */
export type SampleKey = [number, number, number, number];

/** What is asked of a source: record number `index` by pipeline number `stage`. */
export interface SampleRequest {
  index: number;
  stage: number;
  key: SampleKey;
  place: OrderPlace;
}

/** What samples are made of. */
export interface SamplePlan {
  /** One for each part of the run that has its own. */
  stages: readonly Pipeline[];
  records: readonly ImageRecord[];
  order: OrderOptions;
}

export interface SampleSource {
  readonly workers: number;
  get(request: SampleRequest): Promise<SampleOutcome>;
  /** Keeps the process alive while somebody waits for a sample. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

/** Runs samples of a plan one by one; bad data is an outcome, any other error is thrown. */
export function sampleRunner(
  stages: readonly Pipeline[],
  records: RecordStore,
  order: OrderOptions,
  upright: (index: number) => boolean,
): (request: SampleRequest, record?: ImageRecord) => Promise<SampleOutcome> {
  const around = stages.map((stage) => neighbourhoods(stage, records, order, upright));
  return async ({ index, stage, key: [seed, ...salts], place }, record = records.at(index)) => {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    try {
      const neighbourhood =
        stages[stage].mixes || !stages[stage].portable ? around[stage](place, salts[2] === 0) : undefined;
      const sample = await stages[stage].prepare(record, streamFor(seed, ...salts), { neighbourhood });
      if (!sample) return { discarded: true, seconds: seconds() };
      return { sample: packedOf(sample, 'the pipeline', record), seconds: seconds() };
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      return { problem: error.problem, seconds: seconds() };
    }
  };
}

/** Images decoded at a time in one thread: one transformed while the next is being decoded. */
export const IMAGES_AT_A_TIME = 2;

/** Runs the pipeline in this thread (decoding still runs on libuv's pool). */
export function inProcess({ stages, records, order }: SamplePlan): SampleSource {
  const queue = atMost(IMAGES_AT_A_TIME);
  const run = sampleRunner(stages, storeOf(records), order, imagesOf(records).upright);
  return {
    workers: 0,
    get: (request) => queue.run(() => run(request)),
    hold() {},
    release() {},
    async close() {
      queue.clear();
    },
  };
}

// Runs a pipeline on one image step by step, with the random numbers that training gives this image, and keeps what each step
// received and made. Objects carry an identity, so that it is known which of them a step lost, added or clipped.

import { BadData } from '../bad-data';
import type { Pipeline } from '../pipeline';
import { copyOf, type Sample, sampleOf } from '../transforms/sample';
import type { AnyImage, DataProblem, ImageRecord, PackedSample, Truths } from '../types';
import { batchOrder, imagesOf, type OrderOptions } from './batch-order';
import { streamFor } from './random-streams';
import { storeOf } from './record-store';
import { sampleContexts } from './sample-context';

/** A sample between two steps. `truths.instanceIds` are indices into `ObjectIndex`. */
export interface TracedState {
  image?: AnyImage;
  truths?: Truths;
}

export interface TracedStep {
  /** Number of the step in the pipeline, and its type. */
  index: number;
  type: string;
  before: TracedState;
  /** Absent: the step discarded the sample. */
  after?: TracedState;
  /** The boxes that the step would have made without clipping, where it clips. */
  unclipped?: Truths;
}

export interface SampleTrace {
  record: ImageRecord;
  steps: TracedStep[];
  /** What the network gets, where no step discarded the image. */
  packed?: PackedSample;
  /** Of an image that cannot be used. */
  problem?: DataProblem;
}

/** The objects of a dataset, counted through: object `firsts[i] + k` is box k of record i. */
export interface ObjectIndex {
  readonly firsts: Int32Array;
  readonly count: number;
}

export interface SampleTracer {
  readonly objects: ObjectIndex;
  /** @param index of the record; @param epoch counted from 0 */
  trace(index: number, epoch?: number): Promise<SampleTrace>;
}

/**
 * @param unclipped the same pipeline with clipping switched off; boxes before clipping are not known without it
 * @example const { steps } = await sampleTracer(pipeline, records, order).trace(0)
 */
export function sampleTracer(
  pipeline: Pipeline,
  given: readonly ImageRecord[],
  order: OrderOptions,
  unclipped?: Pipeline,
): SampleTracer {
  const { records, objects } = numbered(given);
  const { upright } = imagesOf(records);
  const contexts = sampleContexts(pipeline, storeOf(records), order, upright);
  const positions = new Map<number, Int32Array>();
  const positionIn = (epoch: number, index: number): number => {
    let known = positions.get(epoch);
    if (!known) {
      known = new Int32Array(records.length).fill(-1);
      for (const [position, at] of batchOrder(imagesOf(records), epoch, order).flat().entries()) known[at] = position;
      positions.set(epoch, known);
    }
    // an image of the batch that drop_last drops counts as the first
    return Math.max(0, known[index]);
  };
  const packedOf = async (index: number, epoch: number, steps: TracedStep[]): Promise<PackedSample | undefined> => {
    const random = streamFor(order.seed, epoch, index, 0);
    const context =
      pipeline.usesOtherImages || !pipeline.portable
        ? contexts({ epoch, position: positionIn(epoch, index) }, index, true)
        : undefined;
    let sample: Sample | undefined = sampleOf(records[index]);
    for (const [i, { type }] of pipeline.config.entries()) {
      const entry = copyOf(sample);
      const same = random.fromHere();
      const before = stateOf(sample);
      sample = await pipeline.step(i, sample, random, context);
      const clips = unclipped !== undefined && differs(pipeline, unclipped, i);
      const whole = clips && sample ? await unclipped.step(i, entry, same, context) : undefined;
      steps.push({ index: i, type, before, after: sample && stateOf(sample), unclipped: whole?.truths });
      if (!sample) return undefined;
    }
    return sample.packed;
  };
  return {
    objects,
    async trace(index, epoch = 0) {
      const steps: TracedStep[] = [];
      try {
        const packed = await packedOf(index, epoch, steps);
        return { record: records[index], steps, packed };
      } catch (error) {
        if (!(error instanceof BadData)) throw error;
        return { record: records[index], steps, problem: error.problem };
      }
    },
  };
}

const differs = (a: Pipeline, b: Pipeline, step: number): boolean =>
  JSON.stringify(a.config[step]) !== JSON.stringify(b.config[step]);

/** Transforms replace the arrays of a sample and never write into them, so references hold. */
const stateOf = ({ image, truths }: Sample): TracedState => ({ image, truths: truths && { ...truths } });

/** Copies of the records whose objects have numbers. */
function numbered(given: readonly ImageRecord[]): { records: ImageRecord[]; objects: ObjectIndex } {
  const firsts = new Int32Array(given.length);
  let count = 0;
  const records = given.map((record, i) => {
    const { length } = record.truths.labels;
    firsts[i] = count;
    const instanceIds = Int32Array.from({ length }, (_, k) => firsts[i] + k);
    count += length;
    return { ...record, truths: { ...record.truths, instanceIds } };
  });
  return { records, objects: { firsts, count } };
}

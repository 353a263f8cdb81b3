// A sample's access to the rest of the dataset, for pipelines that mix several images. Earlier samples (the caches of
// CachedMosaic and CachedMixUp) are recomputed from the training order and the samples' random streams, and kept for a while.

import { BadData } from '../bad-data';
import type { Pipeline, SampleContext } from '../pipeline';
import { keepPixels } from '../pixels/pixel-pool';
import { copyOf, type Sample } from '../transforms/sample';
import { batchesOf, type OrderOptions, sampleOrder, shardLength } from './batch-order';
import type { OrderedSample } from './ordered-sample';
import { streamFor } from './random-streams';
import type { RecordStore } from './record-store';

/** A position in the training order: the epoch, and the number of samples before it in that epoch. */
export interface OrderPosition {
  epoch: number;
  position: number;
}

/** Samples kept per step that asks for earlier ones; with max_cached_images: 20 a third of the draws go further back. */
const MAX_KEPT = 40;

/**
 * @returns the context of record number `index`, which is used at a position; `first`: whether it is the first image tried there
 */
export function sampleContexts(
  pipeline: Pipeline,
  records: RecordStore,
  order: OrderOptions,
  upright: (index: number) => boolean,
): (position: OrderPosition, index: number, first: boolean) => SampleContext {
  // index and pass of each sample
  const orders = new Map<number, Int32Array>();
  const orderedAt = ({ epoch, position }: OrderPosition): OrderedSample => {
    let samples = orders.get(epoch);
    if (!samples) {
      if (orders.size > 2) orders.clear();
      const batches = sampleOrder({ length: records.length, upright }, epoch, order);
      samples = Int32Array.from(batches.flatMap((batch) => batch.flatMap(({ index, pass }) => [index, pass])));
      orders.set(epoch, samples);
    }
    return { index: samples[2 * position], pass: samples[2 * position + 1] };
  };
  const full = batchesOf(records.length, order) * order.batchSize;
  const perEpoch = order.endless || order.dropLast ? full : shardLength(records.length, order);
  const keptByStep = new Map<number, Map<number, Promise<Sample | undefined>>>();
  const stepsWithCache = new Set<number>();
  /** Sample number `n` of the run as step `step` received it at its first attempt. */
  function sampleBefore(step: number, n: number): Promise<Sample | undefined> {
    let sample = keptOf(step).get(n);
    if (!sample) {
      const [epoch, position] = [Math.floor(n / perEpoch), n % perEpoch];
      const { index, pass } = orderedAt({ epoch, position });
      sample = pipeline
        .prepare(records.at(index), streamFor(order.seed, pass, index, 0), {
          context: contextAt({ epoch, position }, index, false),
          until: step,
        })
        .catch((error) => {
          if (error instanceof BadData) return undefined;
          throw error;
        });
      keep(step, n, sample);
    }
    return sample;
  }

  function keptOf(step: number) {
    let kept = keptByStep.get(step);
    if (!kept) keptByStep.set(step, (kept = new Map()));
    return kept;
  }

  function keep(step: number, n: number, sample: Promise<Sample | undefined>): void {
    const kept = keptOf(step);
    kept.set(n, sample);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
  }

  function contextAt({ epoch, position }: OrderPosition, index: number, first: boolean): SampleContext {
    const before = epoch * perEpoch + position;
    return (step, sample) => {
      if (first && stepsWithCache.has(step) && !keptOf(step).has(before)) {
        if (sample.image) keepPixels(sample.image.data);
        keep(step, before, Promise.resolve(copyOf({ ...sample, otherImages: undefined })));
      }
      return {
        count: records.length,
        index,
        record: (index) => records.at(index),
        before,
        async earlier(age) {
          stepsWithCache.add(step);
          if (age > before) return undefined;
          const earlier = await sampleBefore(step, before - age);
          return earlier && copyOf({ ...earlier, otherImages: undefined });
        },
      };
    };
  }
  return contextAt;
}

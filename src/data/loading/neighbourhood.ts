// The images around a sample in the order of training, for pipelines that put several into one. What came before is worked
// out from the order and the samples' own random streams, and remembered for a while.

import { BadData } from '../bad-data';
import { copyOf, type Neighbourhood, type Pipeline } from '../pipeline';
import { streamFor } from '../streams';
import type { Sample } from '../transforms/sample';
import { batchOrder, type OrderOptions } from './batch-order';
import type { RecordStore } from './record-store';

/** A place in the order of a run: an epoch, and the number of samples before it in that epoch. */
export interface OrderPlace {
  epoch: number;
  position: number;
}

/** Samples remembered for each step that asks for earlier ones; with a cache of 20 a third of the draws go further back. */
const REMEMBERED = 40;

/** @returns what a sample at a place finds around it; `first`: whether this is the first image tried at that place */
export function neighbourhoods(
  pipeline: Pipeline,
  records: RecordStore,
  order: OrderOptions,
  upright: (index: number) => boolean,
): (place: OrderPlace, first: boolean) => Neighbourhood {
  const orders = new Map<number, Int32Array>();
  const orderOf = (epoch: number): Int32Array => {
    let found = orders.get(epoch);
    if (!found) {
      if (orders.size > 2) orders.clear();
      found = Int32Array.from(batchOrder({ length: records.length, upright }, epoch, order).flat());
      orders.set(epoch, found);
    }
    return found;
  };
  const perEpoch = order.dropLast ? records.length - (records.length % order.batchSize) : records.length;
  const memories = new Map<number, Map<number, Promise<Sample | undefined>>>();
  const asking = new Set<number>();

  /** The sample at a place as it came to `step`, as it was first tried. */
  function at(place: number, step: number): Promise<Sample | undefined> {
    const memory = memoryOf(step);
    let found = memory.get(place);
    if (!found) {
      const [epoch, position] = [Math.floor(place / perEpoch), place % perEpoch];
      const index = orderOf(epoch)[position];
      found = pipeline
        .prepare(records.at(index), streamFor(order.seed, epoch, index, 0), {
          neighbourhood: around({ epoch, position }, false),
          until: step,
        })
        .catch((error) => {
          if (error instanceof BadData) return undefined;
          throw error;
        });
      remember(step, place, found);
    }
    return found;
  }

  function memoryOf(step: number) {
    let memory = memories.get(step);
    if (!memory) memories.set(step, (memory = new Map()));
    return memory;
  }

  function remember(step: number, place: number, sample: Promise<Sample | undefined>): void {
    const memory = memoryOf(step);
    memory.set(place, sample);
    for (const oldest of memory.keys()) {
      if (memory.size <= REMEMBERED) break;
      memory.delete(oldest);
    }
  }

  function around({ epoch, position }: OrderPlace, first: boolean): Neighbourhood {
    const before = epoch * perEpoch + position;
    return (step, sample) => {
      if (first && asking.has(step) && !memoryOf(step).has(before))
        remember(step, before, Promise.resolve(copyOf({ ...sample, companions: undefined })));
      return {
        count: records.length,
        record: (index) => records.at(index),
        before,
        async earlier(age) {
          if (!asking.has(step)) asking.add(step);
          if (age > before) return undefined;
          const found = await at(before - age, step);
          return found && copyOf({ ...found, companions: undefined });
        },
      };
    };
  }
  return around;
}

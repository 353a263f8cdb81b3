// The worker thread: builds the pipelines from their configs and answers one message per sample. Pixels are transferred
// back, not copied.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import '../node-platform';
import type { ModuleConfig } from '../../catalogue/registry';
import { buildPipeline, type PipelineOptions } from '../pipeline';
import type { AnyImage, ImageRecord, PackedSample, Pixels } from '../types';
import type { OrderOptions } from './batch-order';
import { ImageCache, type ImageCacheMemory } from './image-cache';
import { keepDecoded } from './image-decoder';
import { openRecords, type PackedRecords } from './record-store';
import { IMAGES_AT_A_TIME, type SampleOutcome, type SampleRequest, sampleRunner } from './sample-source';
import { taskQueue } from './task-queue';

/** Start data of a worker thread. */
export interface WorkerPlan {
  stages: { config: readonly ModuleConfig[]; options: PipelineOptions }[];
  order: OrderOptions;
  /** Those that do not come with their requests: all, if a pipeline mixes several images. */
  records: PackedRecords;
  cache?: ImageCacheMemory;
  /** 1 for images taller than wide. */
  upright: Uint8Array;
}

export type WorkerRequest = SampleRequest & { id: number; record?: ImageRecord };
export type SampleReply = { id: number } & ({ outcome: SampleOutcome } | { error: string });

if (parentPort) serve(parentPort, (workerData as { plan: WorkerPlan }).plan);

/** Answers requests until the message `close`; then samples in flight are finished and the thread exits by itself. */
function serve(port: MessagePort, { stages, order, records, upright, cache }: WorkerPlan): void {
  if (cache) keepDecoded(new ImageCache(cache));
  const pipelines = stages.map(({ config, options }) => buildPipeline(config, undefined, undefined, options));
  const run = sampleRunner(pipelines, openRecords(records), order, (index) => upright[index] === 1);
  const queue = taskQueue(IMAGES_AT_A_TIME);
  port.on('message', (request: WorkerRequest | 'close') => {
    if (request === 'close') {
      queue.clear();
      port.close();
      return;
    }
    const { id, record } = request;
    queue.run(async () => {
      let reply: SampleReply;
      const transfer: ArrayBuffer[] = [];
      try {
        const outcome = await run(request, record);
        reply = { id, outcome };
        if ('sample' in outcome)
          for (const buffer of new Set(imagesOf(outcome.sample).map(exclusiveBuffer))) transfer.push(buffer);
      } catch (error) {
        reply = { id, error: (error as Error).stack ?? String(error) };
      }
      port.postMessage(reply, transfer);
    });
  });
}

/** All images of a sample: the frames of a clip, the views of its branches. */
const imagesOf = ({ image, clip, branches = {} }: PackedSample): AnyImage[] => [
  image,
  ...(clip?.others ?? []).map((other) => other.image),
  ...Object.values(branches).map((view) => view.image),
];

/** The buffer of the pixels, copied first if it is shared with anything else. */
function exclusiveBuffer(image: AnyImage): ArrayBuffer {
  const { data } = image;
  const whole = data.byteLength === data.buffer.byteLength;
  if (!whole || (data.constructor !== Uint8Array && data.constructor !== Float32Array))
    image.data = (data instanceof Uint8Array ? new Uint8Array(data) : new Float32Array(data)) as Pixels;
  return image.data.buffer as ArrayBuffer;
}

// The worker thread's side: builds the pipeline from its config and answers one message per sample. Pixels travel back
// by transfer, without a copy.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { ModuleConfig } from '../../registry';
import { buildPipeline } from '../pipeline';
import type { ImageRecord } from '../types';
import { atMost } from './at-most';
import { IMAGES_AT_A_TIME, runSample, type SampleKey, type SampleOutcome } from './sample-source';

export interface SampleRequest {
  id: number;
  record: ImageRecord;
  key: SampleKey;
}
export type SampleReply = { id: number } & ({ outcome: SampleOutcome } | { error: string });

if (parentPort) serve(parentPort, (workerData as { pipeline: ModuleConfig[] }).pipeline);

/** Answers requests until the message `close`; then what is being decoded is finished and the thread ends by itself. */
function serve(port: MessagePort, config: ModuleConfig[]): void {
  const pipeline = buildPipeline(config);
  const queue = atMost(IMAGES_AT_A_TIME);
  port.on('message', (request: SampleRequest | 'close') => {
    if (request === 'close') {
      queue.clear();
      port.close();
      return;
    }
    const { id, record, key } = request;
    queue.run(async () => {
      let reply: SampleReply;
      const transfer: ArrayBuffer[] = [];
      try {
        const outcome = await runSample(pipeline, record, key);
        reply = { id, outcome };
        if ('sample' in outcome) transfer.push(ownBuffer(outcome.sample.image));
      } catch (error) {
        reply = { id, error: (error as Error).stack ?? String(error) };
      }
      port.postMessage(reply, transfer);
    });
  });
}

/** The buffer under the pixels, after making sure that nobody else has bytes in it. */
function ownBuffer(image: { data: Uint8Array }): ArrayBuffer {
  const { data } = image;
  if (data.byteLength !== data.buffer.byteLength || data.constructor !== Uint8Array) image.data = new Uint8Array(data);
  return image.data.buffer as ArrayBuffer;
}

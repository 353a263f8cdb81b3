// Worker threads that run the pipeline in the background, while the training loop keeps the main thread busy. An idle
// thread does not keep the process alive.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { DetLabError } from '../../errors';
import { isPacked, packRecords } from './record-store';
import type { SampleOutcome, SamplePlan, SampleSource } from './sample-source';
import type { SampleReply, WorkerPlan, WorkerRequest } from './sample-worker';

interface Waiting {
  resolve: (outcome: SampleOutcome) => void;
  reject: (error: Error) => void;
  worker: number;
}

/** Starts `count` threads for portable pipelines. */
export function workerPool({ stages, records, order, cache }: SamplePlan, count: number): SampleSource {
  // records that mix with no others come with their requests, unless threads have them anyway
  const packed = packRecords(
    records,
    stages.some((stage) => stage.usesOtherImages),
  );
  const plan: WorkerPlan = {
    stages: stages.map(({ config, options }) => ({ config, options })),
    order,
    records: packed,
    cache,
    upright: Uint8Array.from(records, ({ width, height }) => (width < height ? 1 : 0)),
  };
  const waiting = new Map<number, Waiting>();
  const load = new Array<number>(count).fill(0);
  let next = 0;
  let holders = 0;
  let failure: Error | undefined;
  let closed = false;

  const settle = (id: number): Waiting | undefined => {
    const entry = waiting.get(id);
    if (entry) load[entry.worker]--;
    waiting.delete(id);
    return entry;
  };
  const fail = (error: Error) => {
    failure ??= error;
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  };
  const start = () => {
    const thread = startThread(plan);
    thread.on('message', (reply: SampleReply) => {
      const entry = settle(reply.id);
      if ('error' in reply) entry?.reject(new DetLabError(`A transform failed in a worker thread:\n${reply.error}`));
      else entry?.resolve(reply.outcome);
    });
    thread.on('error', (error) => fail(new DetLabError(`A worker thread crashed: ${(error as Error).message}`)));
    thread.on('exit', (code) => {
      if (!closed) fail(new DetLabError(`A worker thread exited early (exit code ${code})`));
    });
    if (holders === 0) thread.unref();
    return thread;
  };
  const threads = load.map(start);

  return {
    workers: count,
    get(asked) {
      if (failure) return Promise.reject(failure);
      if (closed) return Promise.reject(new DetLabError('Cannot load a sample: the loader is closed'));
      const worker = load.indexOf(Math.min(...load));
      const record = isPacked(packed, asked.index) ? undefined : records[asked.index];
      const request: WorkerRequest = { ...asked, id: next++, record };
      load[worker]++;
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject, worker });
        threads[worker].postMessage(request);
      });
    },
    grow() {
      load.push(0);
      threads.push(start());
    },
    hold() {
      if (holders++ === 0) for (const thread of threads) thread.ref();
    },
    release() {
      if (--holders === 0) for (const thread of threads) thread.unref();
    },
    async close() {
      closed = true;
      // threads exit by themselves after the samples in flight: sharp is never interrupted within an image
      const ended = threads.map(leave);
      if (!failure) await Promise.all(ended);
      for (const id of [...waiting.keys()]) settle(id)?.reject(new DetLabError('The loader was closed'));
    },
  };
}

/** Asks a thread to end; resolves when it has. */
function leave(thread: Worker): Promise<unknown> {
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  thread.ref();
  thread.postMessage('close');
  return ended;
}

/** Without compiled code (in tests) the thread compiles the sources as its process does, by what `--require` preloads. */
function startThread(plan: WorkerPlan): Worker {
  const compiled = path.join(__dirname, 'sample-worker.js');
  const file = existsSync(compiled) ? compiled : path.join(__dirname, 'sample-worker.ts');
  return new Worker(file, { workerData: { plan } });
}

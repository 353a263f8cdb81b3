// Threads of tfjs-backend-wasm in Node. The backend has them for browsers alone: its workers are made of blob: addresses, which
// Node's cannot load, and keep the process alive. Here they are made of the package's own files, when a thread first runs.

import { readFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

interface Loading {
  cmd?: string;
  urlOrBlob?: unknown;
}

/** What the backend uses of a worker. */
interface Stand {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (error: unknown) => void;
}

/** The worker's script, and the glue code that it loads. */
function scripts(): { worker: string; glue: string } {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out');
  const name = 'tfjs-backend-wasm-threaded-simd';
  const holder = { exports: {} as { wasmWorkerContents: string } };
  new Function('module', readFileSync(join(folder, `${name}.worker.js`), 'utf8'))(holder);
  // a line break inside of its strings is one of the template that it is stored as
  return { worker: holder.exports.wasmWorkerContents.replaceAll('\n', '\\n'), glue: join(folder, `${name}.js`) };
}

/**
 * A worker that is started with the first thread it is to run: the backend makes eight of them, whatever is asked for. Messages
 * before are kept; to the first, which loads the module, it answers at once.
 */
class LateWorker implements Stand {
  onmessage?: Stand['onmessage'];
  onerror?: Stand['onerror'];
  private worker?: Worker;
  private loading?: Loading;

  constructor(private readonly files: ReturnType<typeof scripts>) {}

  postMessage(message: Loading, transfer?: ArrayBuffer[]): void {
    if (message.cmd === 'load') {
      this.loading = { ...message, urlOrBlob: this.files.glue };
      queueMicrotask(() => this.onmessage?.({ data: { cmd: 'loaded' } }));
      return;
    }
    this.started().postMessage(message, transfer);
  }

  private started(): Worker {
    if (this.worker) return this.worker;
    this.worker = new Worker(this.files.worker, { eval: true, execArgv: [] });
    this.worker.on('message', (data: Loading) => {
      if (data.cmd !== 'loaded') this.onmessage?.({ data });
    });
    this.worker.on('error', (error) => this.onerror?.(error));
    this.worker.postMessage(this.loading);
    this.worker.unref();
    return this.worker;
  }

  terminate(): void {
    void this.worker?.terminate();
  }

  // the messages that arrive are handled by `onmessage`, and no worker keeps the process alive
  on(): void {}
  ref(): void {}
  unref(): void {}
}

/**
 * Runs `start` while the backend's workers are those above, and while it sees twice as many processors as threads: it takes half
 * of them at most.
 */
export async function withNodeWorkers<T>(threads: number, start: () => Promise<T>): Promise<T> {
  const files = scripts();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const { cpus } = os;
  const made = function Made() {
    return new LateWorker(files);
  };
  // the backend assigns Node's workers to this name
  Object.defineProperty(globalThis, 'Worker', { configurable: true, get: () => made, set: () => {} });
  os.cpus = () => Array.from({ length: 2 * threads }, () => cpus()[0]);
  try {
    return await start();
  } finally {
    os.cpus = cpus;
    if (before) Object.defineProperty(globalThis, 'Worker', before);
    else delete (globalThis as { Worker?: unknown }).Worker;
  }
}

// The compiler as the main thread sees it: a promise for each cell.

import { join } from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Compiled, LocalModule } from './compiler';
import type { CompilerData, FromCompiler, ToCompiler } from './messages';
import type { Problem } from './problems';

export interface CompilerClient {
  compile(source: string): Promise<Compiled>;
  commit(unreached: Iterable<string>): void;
  compileModule(path: string): Promise<{ modules: LocalModule[] } | { problems: Problem[] }>;
  close(): void;
}

export interface CompilerSetting {
  preloaded: string;
  globals: string;
  /** Where questions of the I/O thread come in. */
  questions?: MessagePort;
  /** Hears what is wrong with the configuration, in words. */
  onProblem(problem: string): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Memory for the types of large packages. */
const HEAP_MB = 4096;

export function startCompiler(directory: string, setting: CompilerSetting): CompilerClient {
  const { questions, onProblem, ...texts } = setting;
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const worker = new Worker(join(__dirname, 'thread.js'), {
    workerData: { directory, ...texts, questions } satisfies CompilerData,
    transferList: questions ? [questions] : [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  // Nothing but its answers keeps a process waiting for it.
  worker.unref();
  const settle = () => {
    if (waiting.size) worker.ref();
    else worker.unref();
  };
  worker.on('message', (message: FromCompiler) => {
    if ('problem' in message) return onProblem(message.problem);
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    settle();
    if ('error' in message) reject?.(new Error(message.error));
    else resolve?.('compiled' in message ? message.compiled : message.module);
  });
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('error', (error) => fail(new Error(`The TypeScript compiler ended: ${error.message}. Restart the kernel`)));
  worker.on('exit', () => fail(new Error('The TypeScript compiler has ended. Restart the kernel')));

  const post = (message: ToCompiler) => worker.postMessage(message);
  const ask = <T>(message: (id: number) => ToCompiler) =>
    new Promise<T>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      settle();
      post(message(id));
    });
  return {
    compile: (source) => ask((id) => ({ id, op: 'compile', source })),
    commit: (unreached) => post({ op: 'commit', unreached: [...unreached] }),
    compileModule: (path) => ask((id) => ({ id, op: 'module', path })),
    close: () => void worker.terminate(),
  };
}

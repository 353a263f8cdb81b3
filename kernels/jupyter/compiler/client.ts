// The compiler as the main thread sees it: a promise for each compilation.

import { join } from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Compiled, CompiledModules } from './compiler';
import type { CompilerData, FromCompiler, ToCompiler } from './messages';

export interface CompilerClient {
  compile(source: string): Promise<Compiled>;
  commit(unreached: Iterable<string>): void;
  compileModule(path: string): Promise<CompiledModules>;
  close(): void;
}

export interface CompilerSettings {
  /** Import lines that every cell has. */
  prelude: string;
  /** Ambient declarations that every cell has. */
  globals: string;
  /** Port of the I/O thread's queries. */
  queries?: MessagePort;
  /** Names that complete the arguments of a method of a variable's value. */
  namesFor?(variable: string, method: string): Promise<string[]>;
  /** Called with errors of the configuration. */
  onProblem(problem: string): void;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Memory for the types of large packages. */
const HEAP_MB = 4096;

export function startCompiler(directory: string, settings: CompilerSettings): CompilerClient {
  const { queries, onProblem, namesFor, ...texts } = settings;
  const pending = new Map<number, Pending>();
  let last = 0;
  const worker = new Worker(join(__dirname, 'start-thread.js'), {
    workerData: { directory, ...texts, queries } satisfies CompilerData,
    transferList: queries ? [queries] : [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  // Only an answer that is awaited keeps the process alive.
  worker.unref();
  const updateRef = () => {
    if (pending.size) worker.ref();
    else worker.unref();
  };
  worker.on('message', (message: FromCompiler) => {
    if ('problem' in message) return onProblem(message.problem);
    if ('ask' in message) return void answer(message.ask, namesFor?.(message.variable, message.method));
    const { resolve, reject } = pending.get(message.id) ?? {};
    pending.delete(message.id);
    updateRef();
    if ('error' in message) reject?.(new Error(message.error));
    else resolve?.('compiled' in message ? message.compiled : message.module);
  });
  const fail = (error: Error) => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on('error', (error) => fail(new Error(`The TypeScript compiler ended: ${error.message}. Restart the kernel`)));
  worker.on('exit', () => fail(new Error('The TypeScript compiler has ended. Restart the kernel')));

  const post = (message: ToCompiler) => worker.postMessage(message);
  const answer = async (ask: number, names: Promise<string[]> = Promise.resolve([])) =>
    post({ op: 'names', ask, names: await names.catch(() => []) });
  const ask = <T>(message: (id: number) => ToCompiler) =>
    new Promise<T>((resolve, reject) => {
      const id = ++last;
      pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      updateRef();
      post(message(id));
    });
  return {
    compile: (source) => ask((id) => ({ id, op: 'compile', source })),
    commit: (unreached) => post({ op: 'commit', unreached: [...unreached] }),
    compileModule: (path) => ask((id) => ({ id, op: 'module', path })),
    close: () => void worker.terminate(),
  };
}

// The compiler's thread. Between messages it reads ahead the types that a notebook is likely to need (of Node and the
// prelude's packages), a file at a time, so that the first cells do not wait for them.

import { parentPort, workerData } from 'node:worker_threads';
import type { Content } from '../protocol/wire-message';
import { CellCompiler } from './compiler';
import { complete } from './complete';
import { createInspector } from './inspect';
import { isComplete } from './is-complete';
import type {
  CompilerData,
  FromCompiler,
  LanguageAnswer,
  LanguageQuery,
  LanguageRequest,
  ToCompiler,
} from './messages';
import { nodeTypes, readAhead } from './read-ahead';
import { SessionNames } from './session-names';
import { typescript } from './typescript-module';

const { directory, prelude, globals, queries } = workerData as CompilerData;
const port = parentPort!;
const post = (message: FromCompiler) => port.postMessage(message);

const compiler = new CellCompiler(directory, prelude, globals);
const sessionNames = new SessionNames((ask, variable, method) => post({ ask, variable, method }));
const answers: Record<LanguageRequest, (content: Content) => Content | Promise<Content>> = {
  complete_request: (content) => complete(compiler, content, sessionNames),
  inspect_request: createInspector(compiler),
  is_complete_request: isComplete,
};
if (compiler.problem) post({ problem: compiler.problem });

port.on('message', (message: ToCompiler) => {
  if (message.op === 'names') return sessionNames.answer(message.ask, message.names);
  if (message.op === 'commit') return compiler.commit(new Set(message.unreached));
  const { id } = message;
  try {
    if (message.op === 'compile') post({ id, compiled: compiler.compile(message.source) });
    else post({ id, module: compiler.compileModule(message.path) });
  } catch (error) {
    post({ id, error: `The TypeScript compiler failed: ${(error as Error).stack}` });
  }
});

queries?.on('message', async ({ seq, type, content }: LanguageQuery) => {
  let answer: Content;
  try {
    answer = await answers[type](content);
  } catch (error) {
    const { name, message, stack } = error as Error;
    answer = { status: 'error', ename: name, evalue: message, traceback: [stack ?? message] };
  }
  queries.postMessage({ seq, content: JSON.stringify(answer) } satisfies LanguageAnswer);
});

/** Their types are those that the first cells and the first completion would otherwise wait for. */
const FIRST_CELL = 'tf.tensor1d([1]).sum();';
const FIRST_COMPLETION = "detector('').neck({ type: '";
const STEP_MS = 15;

/** What is done between messages, in small steps. */
function* preparation(): Generator<void> {
  yield* readAhead(compiler.files, compiler.options, directory, nodeTypes(compiler.options, directory));
  compiler.prepareLight();
  yield;
  yield* readAhead(compiler.files, compiler.options, directory, { path: compiler.full.cellPath, text: prelude });
  yield;
  compiler.prepareFull(FIRST_CELL);
  yield;
  void complete(compiler, { code: FIRST_COMPLETION });
  yield;
  typescript.keep();
}

const steps = preparation();
function step(): void {
  for (const until = Date.now() + STEP_MS; Date.now() < until; ) if (steps.next().done) return;
  setImmediate(step);
}

compiler.compile('0'); // has the types of JavaScript read, which every cell needs
setTimeout(step, 50);

// The compiler's thread. Between messages it reads ahead the types that a notebook is likely to need (of the prelude's
// packages), a file at a time, so that the first cells do not wait for them.

import { parentPort, workerData } from 'node:worker_threads';
import ts from 'typescript';
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
import { createResolver } from './module-resolution';
import { SessionNames } from './session-names';

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

function prepare(): void {
  compiler.prepare(FIRST_CELL);
  setImmediate(() => void complete(compiler, { code: FIRST_COMPLETION }));
}

/** Parses the types of the prelude's packages, then builds the programs with them. */
function readAhead(): void {
  const resolver = createResolver(directory, compiler.options);
  const waiting: string[] = [compiler.full.cellPath];
  const known = new Set(waiting);
  const step = () => {
    const until = Date.now() + STEP_MS;
    while (waiting.length && Date.now() < until) {
      const path = waiting.shift()!;
      const isCell = path === compiler.full.cellPath;
      const text = isCell ? prelude : compiler.files.parse(path, compiler.options)?.text;
      for (const { fileName } of text ? ts.preProcessFile(text, true, false).importedFiles : []) {
        const resolved = resolver.resolve(fileName, path)?.resolvedFileName;
        if (resolved && !known.has(resolved) && /\.[cm]?tsx?$/.test(resolved)) {
          known.add(resolved);
          waiting.push(resolved);
        }
      }
    }
    if (waiting.length) setImmediate(step);
    else setImmediate(prepare);
  };
  step();
}

compiler.compile('0'); // builds the program with Node's types, which every cell needs
setTimeout(readAhead, 50);

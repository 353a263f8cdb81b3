// The compiler's thread. Between messages it reads ahead what a notebook is likely to need (the types of the preloaded
// packages), a file at a time, so that the first cells do not wait for it.

import { parentPort, workerData } from 'node:worker_threads';
import ts from 'typescript';
import type { Content } from '../protocol/wire-message';
import { type CellCompiler, createCellCompiler } from './compiler';
import { complete } from './complete';
import { createInspector } from './inspect';
import { isComplete } from './is-complete';
import type { Answered, Asked, CompilerData, FromCompiler, Question, ToCompiler } from './messages';
import { createResolver } from './module-resolution';

const { directory, preloaded, globals, questions } = workerData as CompilerData;
const port = parentPort!;
const tell = (message: FromCompiler) => port.postMessage(message);

const compiler: CellCompiler = createCellCompiler(directory, preloaded, globals);
const answers: Record<Question, (content: Content) => Content> = {
  complete_request: (content) => complete(compiler, content),
  inspect_request: createInspector(compiler),
  is_complete_request: isComplete,
};
if (compiler.problem) tell({ problem: compiler.problem });

port.on('message', (message: ToCompiler) => {
  if (message.op === 'commit') return compiler.commit(new Set(message.unreached));
  const { id } = message;
  try {
    if (message.op === 'compile') tell({ id, compiled: compiler.compile(message.source) });
    else tell({ id, module: compiler.compileModule(message.path) });
  } catch (error) {
    tell({ id, error: `The TypeScript compiler failed: ${(error as Error).stack}` });
  }
});

questions?.on('message', ({ seq, type, content }: Asked) => {
  let answer: Content;
  try {
    answer = answers[type](content);
  } catch (error) {
    const { name, message, stack } = error as Error;
    answer = { status: 'error', ename: name, evalue: message, traceback: [stack ?? message] };
  }
  questions.postMessage({ seq, content: answer } satisfies Answered);
});

/** Its answer takes in the types of recipes and configs, which a first completion would wait for. */
const FIRST_QUESTION = "detector('').neck({ type: '";

/** Parses the preloaded packages' types, then builds the program with them. */
function readAhead(): void {
  const resolver = createResolver(directory, compiler.options);
  const waiting: string[] = [compiler.full.cellPath];
  const known = new Set(waiting);
  const step = () => {
    const until = Date.now() + 15;
    while (waiting.length && Date.now() < until) {
      const path = waiting.shift()!;
      const isCell = path === compiler.full.cellPath;
      const text = isCell ? preloaded : compiler.files.parse(path, compiler.options)?.text;
      for (const { fileName } of text ? ts.preProcessFile(text, true, false).importedFiles : []) {
        const found = resolver.resolve(fileName, path)?.resolvedFileName;
        if (found && !known.has(found) && /\.[cm]?tsx?$/.test(found)) {
          known.add(found);
          waiting.push(found);
        }
      }
    }
    if (waiting.length) setImmediate(step);
    else setImmediate(() => complete(compiler, { code: FIRST_QUESTION }));
  };
  step();
}

compiler.compile('0'); // builds the program with Node's types, which every cell needs
setTimeout(readAhead, 50);

// Runs a notebook in this process, without Jupyter: `node run-notebook.js NOTEBOOK EXECUTED.ipynb EXECUTED.html`.
// Reports its progress as JSON lines on stdout and leaves the cells' images beside EXECUTED, like scripts/run_notebook.py.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { startCompiler } from './compiler/client';
import { notebookPage } from './headless/notebook-page';
import { type Notebook, type NotebookCell, OutputCollector } from './headless/output-collector';
import { type Request, sharedSlots } from './protocol/thread-messages';
import { capturable } from './session/captured-output';
import { CELL_GLOBALS } from './session/cell-globals';
import { createPrelude, PRELUDE_IMPORTS } from './session/prelude';
import { Session } from './session/session';
import { captureStreams } from './session/streams';

const report = (event: string, more: object) => writeSync(1, `${JSON.stringify({ event, ...more })}\n`);
const sourceOf = (cell: NotebookCell) => [cell.source].flat().join('');

function startSession(collector: OutputCollector): Session {
  const output = capturable(collector);
  const compiler = startCompiler(process.cwd(), {
    prelude: PRELUDE_IMPORTS,
    globals: CELL_GLOBALS,
    onProblem: (problem) => session.notify(problem),
  });
  const prelude = createPrelude((problem) => session.notify(problem));
  const directory = process.cwd();
  const shared = sharedSlots();
  const session: Session = new Session({ directory, output, shared, compiler, prelude, breakOnSigint: true });
  captureStreams(output, session.currentRequest);
  process.on('SIGINT', () => session.interrupt());
  return session;
}

function executeRequest(code: string, seq: number): Request {
  const header = {
    msg_id: String(seq),
    msg_type: 'execute_request',
    session: '',
    username: '',
    date: '',
    version: '',
  };
  return { seq, channel: 'shell', header, content: { code } };
}

async function main(source: string, executed: string, html: string): Promise<number> {
  const notebook = JSON.parse(readFileSync(source, 'utf8')) as Notebook;
  process.chdir(dirname(resolve(source)));
  const code = notebook.cells.filter((cell) => cell.cell_type === 'code');
  for (const cell of code) Object.assign(cell, { outputs: [], execution_count: null });

  const indexOf = (cell: NotebookCell) => notebook.cells.indexOf(cell);
  const output = new OutputCollector(
    (cell, text) => report('progress', { cell: indexOf(cell), text }),
    (cell, png) => {
      const file = join(dirname(executed), `cell-${String(indexOf(cell) + 1).padStart(2, '0')}.png`);
      writeFileSync(file, Buffer.from(png, 'base64'));
      report('image', { cell: indexOf(cell), tags: cell.metadata?.tags ?? [], file });
    },
  );
  const session = startSession(output);
  let failed = false;
  for (const [i, cell] of code.entries()) {
    const index = indexOf(cell);
    const text = sourceOf(cell);
    if (!text.trim()) continue;
    report('start', { cell: index, of: notebook.cells.length, source: text });
    const request = executeRequest(text, i + 1);
    const reply = output.expect(request, cell);
    session.handle(request);
    const { status, ename, evalue, traceback } = await reply;
    failed = status !== 'ok' && !cell.metadata?.tags?.includes('raises-exception');
    report(failed ? 'error' : 'done', { cell: index, ...(failed ? { ename, evalue, traceback } : {}) });
    if (failed) break;
  }
  session.flush();
  report('page', {});
  writeFileSync(executed, `${JSON.stringify(notebook, null, 1)}\n`);
  writeFileSync(html, notebookPage(notebook));
  return failed ? 1 : 0;
}

if (require.main === module) {
  const files = process.argv.slice(2, 5).map((file) => resolve(file)) as [string, string, string];
  main(...files).then(
    (code) => process.exit(code),
    (error) => {
      writeSync(2, `${error.stack}\n`);
      process.exit(1);
    },
  );
}

// Starts the kernel: `node main.js --connection-file <file>`, as the kernelspec says.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { startCompiler } from './compiler/client';
import { watchResources } from './interruption/cell-resources';
import { watchChildren } from './interruption/child-processes';
import { installProcessGuards } from './interruption/process-guards';
import { allowTermination } from './interruption/terminate-execution';
import { cleanEnvironment, readArguments } from './launch/launch-arguments';
import { readConnection } from './protocol/connection';
import { Phase, Slot, sharedSlots, type ToIo, type ToMain } from './protocol/thread-messages';
import { type Cell, cells, outsideOfCells } from './session/cell';
import { CELL_GLOBALS } from './session/cell-globals';
import { createOutputChannel } from './session/output-channel';
import { loadPrelude, PRELUDE_IMPORTS } from './session/prelude';
import { createSession } from './session/session';
import { captureStreams, replaceStreams } from './session/streams';

const kill = process.kill.bind(process);

async function main() {
  const launched = readArguments(process.argv.slice(2));
  cleanEnvironment();
  const file = launched.connectionFile;
  if (!file) throw new Error('Usage: node main.js --connection-file <file>; Jupyter does this, by the kernelspec');
  const connection = readConnection(file);

  if (launched.pipes) replaceStreams(); // before threads are tied to the streams
  const shared = sharedSlots();
  // Completion and the like go from the I/O thread to the compiler's, past this one.
  const { port1: questions, port2: compilerDoor } = new MessageChannel();
  const worker = new Worker(join(__dirname, 'io-thread.js'), {
    workerData: { connection, shared, questions, launched },
    transferList: [questions],
  });
  const compiler = startCompiler(process.cwd(), {
    preloaded: PRELUDE_IMPORTS,
    globals: CELL_GLOBALS,
    questions: compilerDoor,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  const output = createOutputChannel(worker, shared, launched.pipes !== undefined);
  worker.on('error', (error) => {
    writeSync(2, `The DetLab kernel cannot talk to Jupyter any more: ${error.message}\n`);
    kill(process.pid, 'SIGKILL');
  });
  // Requests wait in the port until the session is ready.
  const early: ToMain[] = [];
  let receive = (message: ToMain): void => void early.push(message);
  // A comm handler that was ended by force has left its cell's context behind, for all messages that follow.
  worker.on('message', (message: ToMain) => outsideOfCells(() => receive(message)));

  const preload = loadPrelude();
  const work = watchResources();
  const onStop = (cell: Cell, ended: boolean) => {
    if (ended) work.end(cell);
    children.stop(cell);
  };
  const session = createSession({ directory: process.cwd(), output, shared, compiler, preload, onStop });
  const children = watchChildren(output, shared, launched.pipes !== undefined, session.currentCell);
  const { exit } = installProcessGuards(session, shared, launched.launcherFd);
  allowTermination((tries) => {
    if (Atomics.load(shared, Slot.Phase) === Phase.Kernel) return false;
    const cell = cells.getStore();
    // Code of no cell is the kernel's, about to answer; if it does not, a library has left its cell's context.
    if (!cell) return tries > 60;
    // A timer of an earlier cell whose code is ended by force would only run into the same again.
    if (cell !== session.currentCell()) work.end(cell);
    return true;
  });
  captureStreams(output, session.currentRequest);
  if (preload.problem) process.stderr.write(`${preload.problem}\n`);

  receive = (message) => {
    if (message.op === 'request') session.handle(message.request);
    else if (message.op === 'interrupt') {
      Atomics.add(shared, Slot.Heard, 1);
      session.interrupt(message.running);
    } else if (message.op === 'terminated') session.terminated();
    else if (message.op === 'inputUndelivered') session.inputUndelivered(message.id);
    else if (message.op === 'shutdown') {
      session.flush();
      // When everything is sent the worker closes its sockets and ends.
      worker.once('exit', () => exit(0));
      worker.postMessage({ op: 'exit' } satisfies ToIo);
    }
  };
  for (const message of early) receive(message);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

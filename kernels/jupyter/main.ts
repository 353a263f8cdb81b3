// Starts the kernel: `node main.js --connection-file <file>`, as the kernelspec says.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MessageChannel, Worker } from 'node:worker_threads';
import { allowTermination } from './async-stack';
import { startCompiler } from './compiler/client';
import { readConnection } from './connection';
import { DISPLAY_GLOBALS } from './display/display-globals';
import { installGuards } from './guards';
import { createOutlet } from './outlet';
import { createPreload, PRELOADED } from './preload';
import { createSession } from './session';
import { captureStreams } from './streams';
import { Slot, sharedSlots, type ToIo, type ToMain } from './threads';

async function main() {
  const { values } = parseArgs({ options: { 'connection-file': { type: 'string' } } });
  const file = values['connection-file'];
  if (!file) throw new Error('Usage: node main.js --connection-file <file>; Jupyter does this, by the kernelspec');
  const connection = readConnection(file);

  const shared = sharedSlots();
  // Completion and the like go from the I/O thread to the compiler's, past this one.
  const { port1: questions, port2: compilerDoor } = new MessageChannel();
  const worker = new Worker(join(__dirname, 'io-thread.js'), {
    workerData: { connection, shared, questions },
    transferList: [questions],
  });
  const compiler = startCompiler(process.cwd(), {
    preloaded: PRELOADED,
    globals: DISPLAY_GLOBALS,
    questions: compilerDoor,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  const outlet = createOutlet(worker, shared);
  worker.on('error', (error) => {
    process.stderr.write = Object.getPrototypeOf(process.stderr).write;
    process.stderr.write(`The DetLab kernel cannot talk to Jupyter any more: ${error.message}\n`, () =>
      process.kill(process.pid, 'SIGKILL'),
    );
  });
  // Requests wait in the port until the session is ready.
  const early: ToMain[] = [];
  let receive = (message: ToMain): void => void early.push(message);
  worker.on('message', (message: ToMain) => receive(message));

  const preload = createPreload();
  const session = createSession({ directory: process.cwd(), outlet, shared, compiler, preload });
  const { exit } = installGuards(session, shared);
  allowTermination();
  captureStreams(outlet, session.currentRequest);
  if (preload.problem) process.stderr.write(`${preload.problem}\n`);

  receive = (message) => {
    if (message.op === 'request') session.handle(message.request);
    else if (message.op === 'interrupt') {
      Atomics.add(shared, Slot.Heard, 1);
      session.interrupt(message.running);
    } else if (message.op === 'terminated') session.terminated();
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

// The kernel's main thread, which runs user code: `node main.js --connection-file <file>`; the launcher starts it.
// Starts the I/O thread and the compiler's thread, and installs what keeps cells from ending the process.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { startCompiler } from './compiler/client';
import { watchResources } from './interruption/cell-resources';
import { ChildProcesses } from './interruption/child-processes';
import { discardConsoleEntries } from './interruption/console-entries';
import { installProcessGuards } from './interruption/process-guards';
import { allowTermination } from './interruption/terminate-execution';
import type { IoThreadData } from './io-thread';
import { cleanEnvironment, type LaunchArguments, readArguments } from './launch/launch-arguments';
import { readConnection } from './protocol/connection';
import { Phase, Slot, sharedSlots, type ToIo, type ToMain } from './protocol/thread-messages';
import { capturable } from './session/captured-output';
import { type Cell, cells, outsideOfCells } from './session/cell';
import { CELL_GLOBALS } from './session/cell-globals';
import { ThreadOutputChannel } from './session/output-channel';
import { createPrelude, PRELUDE_IMPORTS } from './session/prelude';
import { Session } from './session/session';
import { captureStreams, replaceStreams } from './session/streams';

const kill = process.kill.bind(process);
/** By then a front end that executes cells at once has sent the first. */
const LOAD_AFTER_MS = 1000;
/** Code outside of any cell is terminated after so many tries. */
const MAX_SPARED = 60;

/** What the compiler's thread asks of the session, which starts after it. */
type Asked = Pick<Session, 'namesFor' | 'notify'>;

/** Starts both threads; the I/O thread asks the compiler's thread directly. */
function startThreads(launch: LaunchArguments, shared: Int32Array, { namesFor, notify }: Asked) {
  if (!launch.connectionFile) {
    throw new Error('Usage: node main.js --connection-file <file>; Jupyter does this, by the kernelspec');
  }
  const connection = readConnection(launch.connectionFile);
  if (launch.pipes) replaceStreams(); // before threads are tied to the streams
  const { port1: compilerPort, port2: queries } = new MessageChannel();
  const worker = new Worker(join(__dirname, 'io-thread.js'), {
    workerData: { connection, shared, compilerPort, launch } satisfies IoThreadData,
    transferList: [compilerPort],
  });
  const compiler = startCompiler(process.cwd(), {
    prelude: PRELUDE_IMPORTS,
    globals: CELL_GLOBALS,
    queries,
    namesFor,
    onProblem: notify,
  });
  worker.on('error', (error) => {
    writeSync(2, `The DetLab kernel lost its connection to Jupyter: ${error.message}\n`);
    kill(process.pid, 'SIGKILL');
  });
  return { worker, compiler };
}

/** Passes messages of the I/O thread to the session. */
function dispatch(message: ToMain, session: Session, shared: Int32Array, shutdown: () => void) {
  switch (message.op) {
    case 'request':
      return session.handle(message.request);
    case 'interrupt':
      Atomics.add(shared, Slot.InterruptsReceived, 1);
      return session.interrupt(message.running);
    case 'turn':
      Atomics.add(shared, Slot.InterruptsReceived, 1);
      return;
    case 'terminated':
      return session.terminated(message.running);
    case 'input-undelivered':
      return session.inputUndelivered(message.id);
    case 'shutdown':
      return shutdown();
  }
}

/** Loads the prelude when no cell has come that loads it, so that the first cell does not wait for what it may not need. */
function loadAhead(session: Session): void {
  setTimeout(() => {
    if (!session.loadPrelude()) loadAhead(session);
  }, LOAD_AFTER_MS).unref();
}

function main(): void {
  const launch = readArguments(process.argv.slice(2));
  cleanEnvironment();
  const shared = sharedSlots();
  // Called later, when the session is there.
  const notify = (notice: string) => session.notify(notice);
  const namesFor: Session['namesFor'] = (...asked) => session.namesFor(...asked);
  const { worker, compiler } = startThreads(launch, shared, { namesFor, notify });
  const hasPipes = launch.pipes !== undefined;
  const output = capturable(new ThreadOutputChannel(worker, shared, hasPipes));
  // Requests wait until the session is ready.
  const early: ToMain[] = [];
  let receive = (message: ToMain): void => void early.push(message);
  // A comm handler that was terminated has not left its cell's context, in which later messages would arrive.
  worker.on('message', (message: ToMain) => outsideOfCells(() => receive(message)));

  const prelude = createPrelude(notify);
  const resources = watchResources();
  const onStop = (cell: Cell, hasEnded: boolean) => {
    if (hasEnded) resources.close(cell);
    children.stop(cell);
  };
  const onEnd = discardConsoleEntries;
  const session = new Session({ directory: process.cwd(), output, shared, compiler, prelude, onStop, onEnd });
  const children = new ChildProcesses({ output, shared, hasPipes, currentCell: session.currentCell });
  children.install();
  const { exit } = installProcessGuards(session, launch.launcherFd);
  allowTermination((running, tries) => {
    if (Atomics.load(shared, Slot.Phase) === Phase.Kernel) return false;
    // The cell to stop may have ended since the I/O thread asked, and the next one have begun.
    const now = Atomics.load(shared, Slot.Running);
    if (now !== 0 && now !== running) return false;
    const cell = cells.getStore();
    // Code of no cell is the kernel's own, which soon ends; if it does not, a library has left its cell's context.
    if (!cell) return tries > MAX_SPARED;
    // Timers of an earlier cell would run into the same loop again.
    if (cell !== session.currentCell()) resources.close(cell);
    return true;
  });
  captureStreams(output, session.currentRequest);

  const shutdown = () => {
    session.flush();
    // The worker ends when everything is sent and its sockets are closed.
    worker.once('exit', () => exit(0));
    worker.postMessage({ op: 'exit' } satisfies ToIo);
  };
  receive = (message) => dispatch(message, session, shared, shutdown);
  for (const message of early) receive(message);
  loadAhead(session);
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

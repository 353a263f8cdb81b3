// Keeps a cell from ending the kernel by accident: what is thrown outside of any cell is printed, and `process.exit`
// is refused with words.

import { writeSync } from 'node:fs';
import type { LauncherMessage } from '../launch/launch-arguments';
import { Slot } from '../protocol/thread-messages';
import { Interrupted } from '../session/cell';
import type { Session } from '../session/session';

/** Signals whose default is the end of the process. */
const ENDING = new Set([
  'SIGTERM',
  'SIGKILL',
  'SIGABRT',
  'SIGQUIT',
  'SIGHUP',
  'SIGSTOP',
  '15',
  '9',
  '6',
  '3',
  '1',
  '19',
]);

/** Whether an `uncaughtException` listener of a cell's takes care of an error. */
function handled(error: Error): boolean {
  let taken = false;
  for (const listener of process.listeners('uncaughtException')) {
    try {
      listener(error, 'uncaughtException');
      taken = true;
    } catch {
      // one that throws it on does not
    }
  }
  return taken;
}

/** What is past the guard of `process.exit`, and Node's own way out: the launcher hears the code at least. */
function watchExit(launcherFd: number | undefined): void {
  const own = process as unknown as { reallyExit(code?: number): never };
  const reallyExit = own.reallyExit.bind(process);
  own.reallyExit = (code = 0) => {
    try {
      if (launcherFd !== undefined)
        writeSync(launcherFd, `${JSON.stringify({ op: 'exit', code } satisfies LauncherMessage)}\n`);
    } catch {
      // the launcher is gone
    }
    return reallyExit(code);
  };
}

/** Installs the guards. `exit` is how the kernel itself ends. */
export function installProcessGuards(
  session: Session,
  shared: Int32Array,
  launcherFd: number | undefined,
): { exit: (code: number) => never } {
  watchExit(launcherFd);
  const exit = process.exit.bind(process) as (code: number) => never;
  const refuse = (name: string) => () => {
    throw new Error(`${name} would end the kernel and lose its variables: use Restart or Shut Down in the Kernel menu`);
  };
  process.exit = refuse('process.exit()') as typeof process.exit;
  process.abort = refuse('process.abort()') as typeof process.abort;
  const kill = process.kill.bind(process);
  process.kill = (pid, signal = 'SIGTERM') => {
    const name = String(signal);
    const self = pid === process.pid || pid === 0;
    if (self && ENDING.has(name) && process.listenerCount(name) === 0) refuse(`process.kill(${name}) of the kernel`)();
    return kill(pid, signal);
  };
  // A SIGINT of the I/O thread's own that came too late for the cell's synchronous part says nothing new.
  process.on('SIGINT', () => {
    if (Atomics.load(shared, Slot.Heard) >= Atomics.load(shared, Slot.Pressed)) session.interrupt();
  });
  // A capture callback, since the wasm backend installs listeners that throw what they get, which ends the process.
  let printed: unknown;
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (error !== printed && !handled(error)) print('Uncaught', error);
  });
  process.on('unhandledRejection', (reason) => {
    if (reason instanceof Interrupted) return; // what a stopped cell had going
    printed = reason;
    print('Unhandled rejection:', reason);
  });
  function print(what: string, error: unknown) {
    process.stderr.write(`${what} ${session.describe(error).traceback.join('\n')}\n`);
  }
  return { exit };
}

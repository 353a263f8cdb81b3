// Keeps cells from ending the kernel by accident: errors thrown outside of any cell are printed, and `process.exit` and
// its relatives throw.

import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import type { LauncherMessage } from '../launch/launcher-channel';
import { Interrupted } from '../session/cell';
import type { Session } from '../session/session';

/** Signals that end the process by default. */
const FATAL_SIGNALS = new Set([
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

/** Whether an `uncaughtException` listener of a cell handles an error. */
function handled(error: Error): boolean {
  let isHandled = false;
  for (const listener of process.listeners('uncaughtException')) {
    try {
      listener(error, 'uncaughtException');
      isHandled = true;
    } catch {
      // one that throws it again does not
    }
  }
  return isHandled;
}

/** Reports the exit code to the launcher when code bypasses the guard of `process.exit`, or Node itself exits. */
function reportExit(launcherFd: number | undefined): void {
  const node = process as unknown as { reallyExit(code?: number): never };
  const reallyExit = node.reallyExit.bind(process);
  node.reallyExit = (code = 0) => {
    try {
      const message: LauncherMessage = { op: 'exit', code };
      if (launcherFd !== undefined) writeSync(launcherFd, `${JSON.stringify(message)}\n`);
    } catch {
      // the launcher is gone
    }
    return reallyExit(code);
  };
}

/** Installs the guards; returns the `exit` that the kernel itself uses. */
export function installProcessGuards(
  session: Pick<Session, 'describe' | 'interrupt'>,
  launcherFd: number | undefined,
): { exit: (code: number) => never } {
  reportExit(launcherFd);
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
    if (self && FATAL_SIGNALS.has(name) && process.listenerCount(name) === 0)
      refuse(`process.kill(${name}) of the kernel`)();
    return kill(pid, signal);
  };
  // Without a listener SIGINT ends the process: a cell may remove its own, not this one.
  const onSigint = () => session.interrupt();
  process.on('SIGINT', onSigint);
  process.on('removeListener', (name, listener) => {
    if (name === 'SIGINT' && listener === onSigint) process.nextTick(() => process.on('SIGINT', onSigint));
  });
  // A capture callback: the wasm backend installs listeners that rethrow, which would end the process.
  let printed: unknown;
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (error !== printed && !handled(error)) print('Uncaught', error);
  });
  process.on('unhandledRejection', (reason) => {
    if (reason instanceof Interrupted) return; // from a stopped cell
    printed = reason;
    setImmediate(() => {
      printed = undefined; // it may refer to a model
    });
    print('Unhandled rejection:', reason);
  });
  function print(what: string, error: unknown) {
    process.stderr.write(`${what} ${session.describe(error).traceback.join('\n')}\n`);
  }
  return { exit };
}

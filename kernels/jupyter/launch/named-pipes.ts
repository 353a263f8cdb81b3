// Named pipes for the stdout and stderr of a process: both ends open, the names removed again. Node has no call for
// anonymous pipes.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** File descriptors of both ends. */
export interface Pipe {
  read: number;
  write: number;
}

export interface OutputPipes {
  stdout: Pipe;
  stderr: Pipe;
}

/** Node's own: cells get a replacement (child-processes.ts). */
const run = execFileSync;

/** Undefined where named pipes do not exist (Windows), or no file descriptor is free. */
export function openOutputPipes(prefix: string): OutputPipes | undefined {
  let folder: string | undefined;
  const opened: number[] = [];
  const open = (path: string, flags: number) => {
    const fd = openSync(path, flags);
    opened.push(fd);
    return fd;
  };
  try {
    folder = mkdtempSync(join(tmpdir(), prefix));
    const paths = [join(folder, 'stdout'), join(folder, 'stderr')];
    run('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
    const [stdout, stderr] = paths.map((path) => ({
      read: open(path, constants.O_RDONLY | constants.O_NONBLOCK),
      write: open(path, constants.O_WRONLY),
    }));
    return { stdout, stderr };
  } catch {
    for (const fd of opened) closeSync(fd);
    return undefined;
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}

/** The text a descriptor has now; a pipe is not waited for. */
export function readAvailable(fd: number): string {
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const buffer = Buffer.alloc(65536);
      const count = readSync(fd, buffer);
      if (count === 0) break;
      parts.push(buffer.subarray(0, count));
    }
  } catch {
    // EAGAIN: the pipe is empty
  }
  return Buffer.concat(parts).toString('utf8');
}

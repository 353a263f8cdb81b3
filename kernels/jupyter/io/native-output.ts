// Reads, in the I/O thread, the pipes that child processes and native code print to: the process's own stdout and stderr,
// and pipes of single cells (children.ts), whose output is that cell's however late it comes. Reading stops while too much
// waits to be sent, which makes the printing process wait.

import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** A pipe holds less than this, so reading this much has read what was in it. */
const PIPE_HOLDS = 1024 * 1024;
const CHUNK = 64 * 1024;

export interface NativeOutput {
  /** @param parent the cell the output belongs to; without it, to the one that runs */
  add(fd: number, name: 'stdout' | 'stderr', parent?: number): void;
  /** Reads what is in the pipes now. At most once a turn of the event loop unless `thoroughly`. */
  read(thoroughly: boolean): void;
  /** To be called when output was sent. */
  resume(): void;
  close(): void;
}

interface Pipe {
  fd: number;
  socket: Socket;
  take(chunk: Uint8Array): void;
}

/** @param mayRead whether there is room for more */
export function createNativeOutput(
  mayRead: () => boolean,
  emit: (name: 'stdout' | 'stderr', text: string, parent: number | undefined) => void,
): NativeOutput {
  const pipes = new Set<Pipe>();
  const buffer = Buffer.alloc(CHUNK);
  let readThisTurn = false;
  let paused = false;

  return {
    add(fd, name, parent) {
      const decoder = new StringDecoder('utf8');
      const socket = new Socket({ fd, readable: true, writable: false });
      const pipe: Pipe = {
        fd,
        socket,
        take(chunk) {
          const text = decoder.write(Buffer.from(chunk));
          if (text) emit(name, text, parent);
        },
      };
      pipes.add(pipe);
      // Forgotten before its descriptor is closed and means something else.
      socket.on('error', () => pipes.delete(pipe));
      socket.on('end', () => pipes.delete(pipe));
      socket.on('data', (chunk) => {
        pipe.take(chunk);
        if (mayRead()) return;
        paused = true;
        for (const { socket } of pipes) socket.pause();
      });
      socket.on('close', () => {
        const rest = decoder.end();
        if (rest) emit(name, rest, parent);
      });
      if (paused) socket.pause();
    },
    read(thoroughly) {
      if (pipes.size === 0 || (readThisTurn && !thoroughly)) return;
      readThisTurn = true;
      setImmediate(() => {
        readThisTurn = false;
      });
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0; // an empty pipe is an exception: a cheap one
      for (const { fd, take } of pipes) {
        try {
          for (let total = 0; total < PIPE_HOLDS; ) {
            const count = readSync(fd, buffer);
            if (count === 0) break;
            take(buffer.subarray(0, count));
            total += count;
          }
        } catch {
          // EAGAIN: the pipe is empty
        }
      }
      Error.stackTraceLimit = stackTraceLimit;
    },
    resume() {
      if (!paused || !mayRead()) return;
      paused = false;
      for (const { socket } of pipes) socket.resume();
    },
    close() {
      for (const { socket } of pipes) socket.destroy();
      pipes.clear();
    },
  };
}

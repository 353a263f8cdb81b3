// Reads the pipes that child processes and native code print to: the process's own stdout and stderr, and pipes of
// single cells (cell-pipes.ts), whose output belongs to that cell however late it comes. Reading pauses while too much
// output is queued, which makes the printing process wait.

import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** More than a pipe holds: reading this much has read what was in it. */
const PIPE_CAPACITY = 1024 * 1024;
const CHUNK = 64 * 1024;

interface Pipe {
  fd: number;
  socket: Socket;
  take(chunk: Uint8Array): void;
}

type Emit = (name: 'stdout' | 'stderr', text: string, parent: number | undefined) => void;

export class NativeOutput {
  private readonly pipes = new Set<Pipe>();
  private readonly buffer = Buffer.alloc(CHUNK);
  private readThisTurn = false;
  private paused = false;

  /** @param mayRead whether there is room for more */
  constructor(
    private readonly mayRead: () => boolean,
    private readonly emit: Emit,
  ) {}

  /** @param parent the request the output belongs to; without it, the running cell */
  add(fd: number, name: 'stdout' | 'stderr', parent?: number): void {
    const decoder = new StringDecoder('utf8');
    const socket = new Socket({ fd, readable: true, writable: false });
    const take = (chunk: Uint8Array) => {
      const text = decoder.write(Buffer.from(chunk));
      if (text) this.emit(name, text, parent);
    };
    const pipe: Pipe = { fd, socket, take };
    this.pipes.add(pipe);
    // Removed before its descriptor is closed and may be reused.
    socket.on('error', () => this.pipes.delete(pipe));
    socket.on('end', () => this.pipes.delete(pipe));
    socket.on('data', (chunk) => {
      take(chunk);
      if (!this.mayRead()) this.pause();
    });
    socket.on('close', () => {
      const rest = decoder.end();
      if (rest) this.emit(name, rest, parent);
    });
    if (this.paused) socket.pause();
  }

  /** Reads what is in the pipes now. At most once per turn of the event loop unless `thoroughly`. */
  read(thoroughly: boolean): void {
    if (this.pipes.size === 0 || (this.readThisTurn && !thoroughly)) return;
    this.readThisTurn = true;
    setImmediate(() => {
      this.readThisTurn = false;
    });
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0; // reading an empty pipe throws: without a stack it is cheap
    for (const pipe of this.pipes) this.readPipe(pipe);
    Error.stackTraceLimit = stackTraceLimit;
  }

  private readPipe({ fd, take }: Pipe): void {
    try {
      for (let total = 0; total < PIPE_CAPACITY; ) {
        const count = readSync(fd, this.buffer);
        if (count === 0) break;
        take(this.buffer.subarray(0, count));
        total += count;
      }
    } catch {
      // EAGAIN: the pipe is empty
    }
  }

  private pause(): void {
    this.paused = true;
    for (const { socket } of this.pipes) socket.pause();
  }

  /** To be called when output was sent. */
  resume(): void {
    if (!this.paused || !this.mayRead()) return;
    this.paused = false;
    for (const { socket } of this.pipes) socket.resume();
  }

  close(): void {
    for (const { socket } of this.pipes) socket.destroy();
    this.pipes.clear();
  }
}

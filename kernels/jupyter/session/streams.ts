// Sends text written to stdout and stderr (by `console` too) to the notebook, as output of the cell that wrote it.

import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Request } from '../protocol/thread-messages';
import type { OutputChannel } from './output-channel';

type Done = (error?: Error | null) => void;

/**
 * Replaces stdout and stderr by streams without a file descriptor. Node's own would set the pipes that the kernel reads
 * to non-blocking, and a program that prints faster than the kernel reads would lose output.
 */
export function replaceStreams(): void {
  for (const [i, name] of (['stdout', 'stderr'] as const).entries()) {
    const stream = new Writable({ decodeStrings: false, write: (_chunk, _encoding, done) => done() });
    // As Node's own streams: never ended.
    stream._destroy = (error, done) => done(error);
    Object.assign(stream, { fd: i + 1, _type: 'pipe' });
    Object.defineProperty(process, name, { get: () => stream, configurable: true, enumerable: true });
  }
}

/** Captures both streams; `parent` is the request that the output belongs to. */
export function captureStreams(output: OutputChannel, parent: () => Request | undefined): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const decoder = new StringDecoder('utf8');
    stream.write = ((chunk: string | Uint8Array, encoding?: BufferEncoding | Done, callback?: Done) => {
      const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
      if (text) output.stream(name, text, parent());
      const done = typeof encoding === 'function' ? encoding : callback;
      if (done) process.nextTick(done);
      return true;
    }) as typeof stream.write;
    stream.end = (() => stream) as typeof stream.end;
    stream.destroy = (() => stream) as typeof stream.destroy;
  }
}

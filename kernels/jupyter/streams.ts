// Sends what is written to stdout and stderr (by `console` too) to the notebook, as output of the cell that wrote it.

import { StringDecoder } from 'node:string_decoder';
import type { Outlet } from './outlet';
import type { Request } from './threads';

type Done = (error?: Error | null) => void;

/** Captures both streams; returns what undoes it. */
export function captureStreams(outlet: Outlet, parent: () => Request | undefined): () => void {
  const undo = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name];
    const original = stream.write;
    const decoder = new StringDecoder('utf8');
    stream.write = ((chunk: string | Uint8Array, encoding?: BufferEncoding | Done, callback?: Done) => {
      const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
      if (text) outlet.stream(name, text, parent());
      const done = typeof encoding === 'function' ? encoding : callback;
      if (done) process.nextTick(done);
      return true;
    }) as typeof stream.write;
    return () => {
      stream.write = original;
    };
  });
  return () => {
    for (const each of undo) each();
  };
}

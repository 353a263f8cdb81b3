// What a demonstration page and its engine, which runs in a worker, say to each other: types alone. The script of browser/, which
// is no module, takes them over with `import(...)`.

import type { LiveImageData } from './live-image-data';

/** A browser's ImageBitmap, where there is one. */
type Bitmap = typeof globalThis extends { ImageBitmap: { prototype: infer T } } ? T : never;

/** To the engine. */
export type DemoRequest =
  | { kind: 'start'; weights: ArrayBuffer[] }
  | { kind: 'detect'; id: number; name: string; file: Blob | Bitmap };

/** From the engine. */
export type DemoReply =
  | { kind: 'ready'; description: string }
  | { kind: 'failed'; message: string }
  | { kind: 'found'; id: number; image: LiveImageData; preview: Blob; seconds: number }
  | { kind: 'problem'; id: number; message: string }
  /** No reply: which engine is used from now on, and why. */
  | { kind: 'engine'; outcome: string };

/** A worker's side of the messages. */
export interface DemoPort {
  onmessage: ((event: { data: DemoRequest }) => void) | null;
  postMessage(reply: DemoReply): void;
}

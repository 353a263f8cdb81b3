// The loader's pixel kernels, built by kernels/pixels/build.mjs. Without a compiler the loader computes in TypeScript.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastLine } from './command.mjs';
import { root } from './paths.mjs';
import places from './places.cjs';
import { digest, digestTree, isDone, markDone } from './stamp.mjs';

const folder = join(root, 'kernels', 'pixels');
const inputs = () =>
  digest([process.version, digestTree(['kernels/pixels/src'], /\.(cpp|h)$/)], ['kernels/pixels/build.mjs']);

export const pixelKernelsReady = () =>
  existsSync(join(places.buildFolder('pixels'), 'detlab_pixels.node')) && isDone('pixel-kernels', inputs());

/** Builds the kernels; returns one line with the reason if that fails. */
export async function buildPixels(log) {
  if (pixelKernelsReady()) return undefined;
  const before = inputs();
  try {
    const { buildPixelKernels } = await import(pathToFileURL(join(folder, 'build.mjs')).href);
    await buildPixelKernels({ log });
  } catch (error) {
    const reason = lastLine(String(error.message ?? error)) || error;
    return `images are loaded more slowly, without compiled pixel kernels: ${reason}`;
  }
  markDone('pixel-kernels', before);
  return undefined;
}

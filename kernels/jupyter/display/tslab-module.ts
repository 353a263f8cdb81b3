// `import * as tslab from 'tslab'` in a cell: tslab's public API on this kernel, so that notebooks written for tslab run as
// they are. tslab itself, whose displays go to its own sockets, is not loaded.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as tslab from 'tslab';
import type { Bundle } from './bundle';

interface Showing {
  display(bundle: Bundle, options?: { id?: string }): void;
}

function version(packageName: string): string {
  try {
    // read, since a package need not export its package.json
    const paths = require.resolve.paths(packageName) ?? [];
    for (const path of paths) {
      try {
        return JSON.parse(readFileSync(join(path, packageName, 'package.json'), 'utf8')).version;
      } catch {}
    }
    return JSON.parse(readFileSync(join(dirname(require.resolve(packageName)), '..', 'package.json'), 'utf8')).version;
  } catch {
    return 'unknown';
  }
}

function createTslabDisplay(id?: string): tslab.Display {
  const raw = (type: string, content: string | Uint8Array) => {
    const notebook = (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')] as Showing | undefined;
    notebook?.display({ [type]: content }, { id });
  };
  const of = (type: string) => (content: string | Uint8Array) => raw(type, content);
  return {
    javascript: of('text/javascript'),
    html: of('text/html'),
    markdown: of('text/markdown'),
    latex: of('text/latex'),
    svg: of('image/svg+xml'),
    png: of('image/png'),
    jpeg: of('image/jpeg'),
    gif: of('image/gif'),
    pdf: of('application/pdf'),
    text: of('text/plain'),
    raw,
  };
}

/** What `require('tslab')` gives to a cell. */
export function createTslabModule(): typeof tslab {
  return {
    versions: { tslab: version('tslab'), typescript: version('typescript'), node: process.version },
    display: createTslabDisplay(),
    newDisplay: () => createTslabDisplay(randomUUID()),
  };
}

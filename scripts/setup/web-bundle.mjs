// dist/web/: the library for browsers, bundled. index.mjs is what `import 'detlab/web'` gives; page.js is the engine of the pages
// that `model.save('demo.html')` writes, with the wasm binary in it, so that such a page needs no other file.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './paths.mjs';

const require = createRequire(import.meta.url);
const tfjs = (name) => dirname(require.resolve(`@tensorflow/${name}/package.json`));

/** `@tensorflow/tfjs` without layers, data and converter, of which nothing is used. */
const smallTfjs = {
  name: 'tfjs without layers',
  setup(bundle) {
    bundle.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({ path: 'tfjs', namespace: 'small-tfjs' }));
    bundle.onLoad({ filter: /.*/, namespace: 'small-tfjs' }, () => ({
      contents: `export * from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-cpu';`,
      resolveDir: root,
    }));
  },
};

/** The wasm binary as bytes. */
const binaries = {
  name: 'wasm binaries',
  setup(bundle) {
    bundle.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({
      path: join(tfjs('tfjs-backend-wasm'), 'dist', path),
      namespace: 'wasm-binary',
    }));
    bundle.onLoad({ filter: /.*/, namespace: 'wasm-binary' }, ({ path }) => ({
      contents: readFileSync(path),
      loader: 'binary',
    }));
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: ['chrome91', 'firefox102', 'safari16.4'],
  mainFields: ['browser', 'module', 'main'],
  // settings of Node's environment
  define: { 'process.env.DETLAB_MAX_PIXELS': 'undefined' },
  legalComments: 'eof',
  logLevel: 'warning',
  plugins: [smallTfjs, binaries],
};

/** Writes both bundles to a folder. */
export async function bundleWeb(folder = join(root, 'dist', 'web')) {
  mkdirSync(folder, { recursive: true });
  await Promise.all([
    build({ ...shared, entryPoints: ['src/web/index.ts'], format: 'esm', outfile: join(folder, 'index.mjs') }),
    build({ ...shared, entryPoints: ['src/web/page/engine.ts'], format: 'iife', outfile: join(folder, 'page.js') }),
  ]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await bundleWeb();

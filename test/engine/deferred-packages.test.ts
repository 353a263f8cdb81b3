// Parts of TensorFlow.js that programs load at their first use, in a process of its own each: what is loaded stays loaded.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFERRED } from '../../src/engine/deferred-packages';
import { packageRoot } from '../../src/paths';

const compiled = join(packageRoot, 'dist', 'src', 'engine', 'deferred-packages.js');

/** The JSON that code prints after the parts are deferred. */
const outcome = (code: string): unknown => {
  const program = `require(${JSON.stringify(compiled)}).deferPackages();
    const tf = require('@tensorflow/tfjs');
    const loaded = (part) => Object.keys(require.cache).some((file) => file.includes('tfjs-' + part) && require.cache[file].children.length > 0);
    ${code}`;
  return JSON.parse(
    execFileSync(process.execPath, ['-e', program], {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
};

it('names every part as the package does', () => {
  const names = outcome(`
    const found = {};
    for (const part of ${JSON.stringify(Object.keys(DEFERRED))}) {
      const file = require.resolve('@tensorflow/tfjs-' + part);
      const before = Object.keys(require('@tensorflow/tfjs-' + part));
      delete require.cache[file];
      found[part] = [before.sort(), Object.keys(require('@tensorflow/tfjs-' + part)).sort()];
    }
    console.log(JSON.stringify(found));`) as Record<string, [string[], string[]]>;
  for (const [deferred, installed] of Object.values(names)) expect(deferred).toEqual(installed);
});

it('loads a part at its first use, and the rest not', () => {
  const found = outcome(`
    const before = loaded('layers');
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const shape = model.predict(tf.ones([4, 3])).shape;
    console.log(JSON.stringify({ before, after: loaded('layers'), converter: loaded('converter'), shape, isModel: model instanceof tf.LayersModel }));`);
  expect(found).toEqual({ before: false, after: true, converter: false, shape: [4, 2], isModel: true });
});

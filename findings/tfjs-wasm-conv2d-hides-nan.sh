#!/bin/sh
# @tensorflow/tfjs-backend-wasm 4.22.0, tf.conv2d of a tensor that contains NaN, as a network whose weights diverged has.
# Expected: NaN, as IEEE arithmetic and the cpu backend of the same version give; after relu still NaN.
# Happens: -Infinity, and 0 after relu: the clamp of XNNPACK's convolution loses NaN. Average pooling gives -Infinity as well,
# and relu6 and clipByValue a finite number (max pooling on both backends). A diverged model looks healthy and its loss is a number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 \
  @tensorflow/tfjs-backend-wasm@4.22.0
cat > check.js <<'JS'
const path = require('path');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + path.sep);

const run = async (backend) => {
  await tf.setBackend(backend);
  const x = tf.tensor4d([1, NaN, 3, 2], [1, 2, 2, 1]);
  const results = {
    conv2d: tf.conv2d(x, tf.ones([1, 1, 1, 1]), 1, 'valid'),
    'conv2d, relu': tf.relu(tf.conv2d(x, tf.ones([1, 1, 1, 1]), 1, 'valid')),
    avgPool: tf.avgPool(x, 2, 2, 'valid'),
    maxPool: tf.maxPool(x, 2, 2, 'valid'),
    relu6: tf.relu6(x),
  };
  const values = Object.fromEntries(Object.entries(results).map(([name, y]) => [name, [...y.dataSync()].join(', ')]));
  for (const name in values) console.log(`${backend}: ${name} [${values[name]}]`);
  return values;
};

(async () => {
  console.log(`tfjs-core ${tf.version_core}, tfjs-backend-wasm ${wasm.version_wasm}, of [1, NaN, 3, 2]`);
  const right = await run('cpu');
  const wrong = await run('wasm');
  const stated =
    /NaN/.test(right.conv2d) && wrong.conv2d === '1, -Infinity, 3, 2' && wrong['conv2d, relu'] === '1, 0, 3, 2' &&
    wrong.avgPool === '-Infinity' && !/NaN/.test(wrong.maxPool) && !/NaN/.test(wrong.relu6);
  if (!stated) process.exit(1);
})();
JS
node check.js

#!/bin/sh
# @tensorflow/tfjs-backend-wasm 4.22.0, tf.stridedSlice of an int32 tensor.
# Expected: the sliced integers, dtype int32, as the cpu backend of the same version gives.
# Happens: a float32 tensor whose values are the bits of the integers read as floats (1 becomes 1.4e-45), whenever a stride is
# not 1. Indices taken every second, labels, boxes in whole pixels: all are silently about 0.
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

const everySecond = async (backend) => {
  await tf.setBackend(backend);
  const y = tf.stridedSlice(tf.tensor1d([10, 20, 30, 40], 'int32'), [0], [4], [2]);
  console.log(`${backend}: ${y.dtype} [${[...y.dataSync()]}]`);
  return y;
};

(async () => {
  console.log(`tfjs-core ${tf.version_core}, tfjs-backend-wasm ${wasm.version_wasm}: every second of [10, 20, 30, 40], int32`);
  const right = await everySecond('cpu');
  if (right.dtype !== 'int32' || [...right.dataSync()].join() !== '10,30') process.exit(1);
  const wrong = await everySecond('wasm');
  if (wrong.dtype === 'int32' && [...wrong.dataSync()].join() === '10,30') {
    console.log('as expected: the behaviour is not as stated');
    process.exit(1);
  }
})();
JS
node check.js

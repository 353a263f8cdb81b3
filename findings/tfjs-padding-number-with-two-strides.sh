#!/bin/sh
# TensorFlow.js 4.22.0 (@tensorflow/tfjs-core): conv2d and maxPool with a number as padding and strides that differ.
# Expected: `pad: 0` is no padding, so that the result is that of `pad: 'valid'`; of 5 x 5 pixels a 1x1 filter with strides
#   [2, 1] (rows, columns) makes 3 x 5, every second row.
# What happens: the size of both axes is computed with the stride of the rows, so that the result has 3 x 3 pixels: the last
#   columns are missing, without an error. With 'valid' and with the explicit [[0, 0], [0, 0], [0, 0], [0, 0]] it has 3 x 5.
# Exits with 0 if this is what happens.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0
cat > run.cjs <<'JS'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
tf.setBackend('cpu');
const x = tf.reshape(tf.range(0, 25), [1, 5, 5, 1]);
const none = [[0, 0], [0, 0], [0, 0], [0, 0]];
const shapes = {};
for (const [name, pad] of [['0', 0], ['valid', 'valid'], ['explicit zeros', none]]) {
  const y = tf.conv2d(x, tf.ones([1, 1, 1, 1]), [2, 1], pad);
  const pooled = tf.maxPool(x, [1, 1], [2, 1], pad);
  shapes[name] = [y.shape.join(), pooled.shape.join()];
  console.log(`tfjs-core ${tf.version_core}, pad ${name}: conv2d [${y.shape}], maxPool [${pooled.shape}]: ${y.dataSync().join(' ')}`);
}
const isSo =
  shapes['0'].every((shape) => shape === '1,3,3,1') &&
  shapes.valid.every((shape) => shape === '1,3,5,1') &&
  shapes['explicit zeros'].every((shape) => shape === '1,3,5,1');
process.exit(isSo ? 0 : 1);
JS
node run.cjs 2>/dev/null

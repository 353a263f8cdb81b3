// Writes weights/resnet18-w32_toytown.safetensors, the backbone that the tour's config starts from: trains the config's whole
// detector from random weights on scenes of a seed that nothing else uses, and keeps the backbone. Half an hour on two CPU
// cores; needs a build of dist/. `node scripts/pretrain-toytown.mjs`

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';

const require = createRequire(import.meta.url);
const compiled = (file) => require(join(root, 'dist', 'src', file));
const { dataset, detector, startEngine } = compiled('index.js');
const { writeWeights } = compiled('checkpoints/index.js');
const { encodeState } = compiled('nn/stored-tensor.js');

const TARGET = join(root, 'weights', 'resnet18-w32_toytown.safetensors');
const PART = 'backbone.';
const [IMAGES, SEED, EPOCHS] = [1800, 1000, 3];
const RANDOM_START = {
  'model.backbone.init_cfg': null,
  'model.backbone.frozen_stages': -1,
  'model.backbone.norm_eval': false,
};

/** Half the bytes: the upper 16 bits of float32, rounded to the nearest even. */
function toBfloat16(tensor) {
  if (tensor.dtype !== 'F32' || tensor.shape.length < 4) return tensor; // norms stay as they are
  const { buffer, byteOffset, byteLength } = Uint8Array.from(tensor.bytes);
  const bits = new Uint32Array(buffer, byteOffset, byteLength / 4);
  const halves = Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
  return { shape: tensor.shape, dtype: 'BF16', bytes: new Uint8Array(halves.buffer) };
}

const engine = await startEngine();
const town = await dataset.toytown({ images: IMAGES, seed: SEED, valShare: 0.02 });
const recipe = detector('faster-rcnn_r18-w32-pre_fpn_toytown', { options: RANDOM_START }).classes(town.classes);
const run = await recipe.fit(town, {
  epochs: EPOCHS,
  amp: engine.precisions.includes('bfloat16'),
  seed: 0,
  workDir: join(root, 'runs', 'pretrain-toytown'),
});
const backbone = [...encodeState(run.model.detector.stateDict())]
  .filter(([name]) => name.startsWith(PART))
  .map(([name, tensor]) => [name.slice(PART.length), toBfloat16(tensor)]);
mkdirSync(join(root, 'weights'), { recursive: true });
writeWeights(TARGET, new Map(backbone));
console.log(`${TARGET}: ${backbone.length} tensors`);

// The torch engine: TensorFlow.js on libtorch, differentiated by libtorch's autograd.

import { totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { Engine, EngineOptions, Precision } from '../engine';
import { limitMemory } from '../memory-limit';
import { profileWith } from '../profile';
import { threadCount } from '../thread-count';
import { autocast } from './autocast';
import { BACKEND, TorchBackend } from './backend';
import { installGradients } from './gradients';
import { convolutionKernels } from './kernels/convolution';
import { detectionKernels } from './kernels/detection';
import { elementwiseKernels } from './kernels/elementwise';
import { indexingKernels } from './kernels/indexing';
import { rankKernels } from './kernels/ranks';
import { reductionKernels } from './kernels/reduction';
import { shapeKernels } from './kernels/shape';
import { transformerKernels } from './kernels/transformer';
import { loadNative } from './load-native';
import { recordTorch } from './recorder';
import { adamWStep, clipGradNorm, sgdStep } from './steps';

export { prepareTorch } from './first-use';
export { torchMissing } from './load-native';

export interface TorchEngine extends Engine {
  /** Returns cached memory to the system. */
  releaseCache(): void;
}

/**
 * Starts the torch engine and makes it tfjs's backend.
 * @throws DetLabError when it is not built, or the device does not exist.
 */
export async function startTorch(options: EngineOptions = {}): Promise<TorchEngine> {
  const native = loadNative();
  const device = options.device ?? process.env.DETLAB_DEVICE ?? (native.hasCuda ? `cuda:${options.gpu ?? 0}` : 'cpu');
  const threads = threadCount(options);
  if (!Number.isInteger(threads) || threads < 1)
    throw new DetLabError(`Cannot start the torch engine with ${threads} threads: expected an integer >= 1`);
  const cacheLimit = Math.min(8 * 2 ** 30, totalmem() / 4);
  try {
    native.start(device, threads, cacheLimit);
  } catch (error) {
    throw new DetLabError(`Cannot start the torch engine on "${device}": ${(error as Error).message}`);
  }
  const backend = new TorchBackend();
  if (!tf.findBackend(BACKEND)) {
    tf.registerBackend(BACKEND, () => backend, 3);
    for (const config of [
      ...elementwiseKernels,
      ...reductionKernels,
      ...shapeKernels,
      ...indexingKernels,
      ...convolutionKernels,
      ...detectionKernels,
      ...transformerKernels,
      ...rankKernels,
    ])
      tf.registerKernel(config);
    installGradients(BACKEND);
  }
  tf.setBackend(BACKEND);
  const onCuda = device.startsWith('cuda');
  backend.queues = onCuda;
  const precisions: Precision[] = ['float32'];
  const memoryPrecisions: Precision[] = [];
  (native.computesBfloat16() ? precisions : memoryPrecisions).push('bfloat16');
  if (onCuda) precisions.push('float16');
  const accepted = [...precisions, ...memoryPrecisions];
  const listed = [...precisions, ...memoryPrecisions.map((p) => `${p} in memory only`)];
  const running: Omit<TorchEngine, 'memoryLimit'> = {
    name: 'torch',
    device,
    description: `torch ${native.torchVersion} on ${device}, ${threads} thread${threads === 1 ? '' : 's'}, ${listed.join(', ')}`,
    precisions,
    memoryPrecisions,
    autocast: (precision, f) => autocast(backend, accepted, precision, f),
    sgdStep: (parameters, gradients, buffers, o) => sgdStep(backend, parameters, gradients, buffers, o),
    adamWStep: (parameters, gradients, first, second, o) => adamWStep(backend, parameters, gradients, first, second, o),
    clipGradNorm: (gradients, maxNorm) => clipGradNorm(backend, gradients, maxNorm),
    watch: (urgency) => native.watchUrgency(urgency ?? null),
    profile: (f, modules) => profileWith(recordTorch, f, modules),
    memory() {
      const [bytesInUse, bytesPeak, bytesCached] = native.memoryState();
      return { slots: native.liveSlots(), bytesInUse, bytesPeak, bytesCached, bytesLimit: limited.memoryLimit };
    },
    resetPeak: () => native.resetPeak(),
    releaseCache: () => native.releaseCache(),
  };
  const limited: TorchEngine = limitMemory(running, onCuda ? undefined : (bytes) => native.memoryLimit(bytes));
  return limited;
}

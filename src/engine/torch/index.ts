// The torch engine: TensorFlow.js on libtorch, differentiated by libtorch's autograd.

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { Engine, EngineOptions, Precision } from '../engine';
import { limitMemory } from '../memory-limit';
import { profileWith } from '../profile';
import { autocast } from './autocast';
import { BACKEND, TorchBackend } from './backend';
import { installGradients } from './gradients';
import { convolutionKernels } from './kernels/convolution';
import { detectionKernels } from './kernels/detection';
import { elementwiseKernels } from './kernels/elementwise';
import { indexingKernels } from './kernels/indexing';
import { reductionKernels } from './kernels/reduction';
import { shapeKernels } from './kernels/shape';
import { transformerKernels } from './kernels/transformer';
import { loadNative } from './native';
import { recordTorch } from './recorder';
import { adamWStep, clipGradNorm, sgdStep } from './steps';

export { prepareTorch } from './first-use';
export { torchMissing } from './native';

export interface TorchEngine extends Engine {
  /** Returns cached memory to the system. */
  releaseCache(): void;
}

/** Physical cores available to this process: hyper-threads share the units that convolutions use. */
function physicalCores(): number {
  const allowed = availableParallelism();
  const siblings = new Set<string>();
  for (let cpu = 0; ; cpu++) {
    const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
    if (!existsSync(file)) break;
    siblings.add(readFileSync(file, 'utf8').trim());
  }
  return Math.max(1, Math.min(allowed, siblings.size || allowed));
}

/**
 * Starts the torch engine and makes it tfjs's backend.
 * @throws DetLabError when it is not built, or the device does not exist.
 */
export async function startTorch(options: EngineOptions = {}): Promise<TorchEngine> {
  const native = loadNative();
  const device = options.device ?? process.env.DETLAB_DEVICE ?? (native.hasCuda ? 'cuda:0' : 'cpu');
  const threads = options.threads ?? (Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10) || physicalCores());
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

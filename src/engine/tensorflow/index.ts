// The TensorFlow engine: @tensorflow/tfjs-node(-gpu), installed in build/tensorflow by `npm run setup -- --engine
// tensorflow`. Differentiates on tfjs's tape. It cannot share a process with the torch engine: both contain oneDNN and
// protobuf with the same symbols.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { packageRoot, places } from '../../paths';
import type { Engine, EngineOptions } from '../engine';
import { limitMemory } from '../memory-limit';
import { profileWith } from '../profile';
import { registerTapeGradients } from '../tape/gradients';
import { trackMemory } from '../tape/memory';
import { recordKernels } from '../tape/recorder';
import { adamWStep, clipGradNorm, sgdStep } from '../tape/steps';
import { convolutionKernels } from './convolutions';

const SETUP = places.isCheckout
  ? 'Run `npm run setup -- --engine tensorflow`'
  : 'It is for checkouts of DetLab, not for the package';

/** The folder of the installed package, preferably the GPU build. */
function installed(): string | undefined {
  return ['tfjs-node-gpu', 'tfjs-node']
    .map((name) => join(packageRoot, 'build/tensorflow/node_modules/@tensorflow', name))
    .find((folder) => existsSync(join(folder, 'lib')));
}

/** Why the engine cannot be started, or undefined if it is installed. */
export function tensorflowMissing(): string | undefined {
  return installed() === undefined ? `the tensorflow engine is not installed. ${SETUP}` : undefined;
}

/**
 * Starts the TensorFlow engine and makes it tfjs's backend.
 * @throws DetLabError when it is not installed, does not load, or lacks the device.
 */
export async function startTensorflow(options: EngineOptions = {}): Promise<Engine> {
  const folder = installed();
  if (!folder) throw new DetLabError(`Cannot start the tensorflow engine: tfjs-node is not installed. ${SETUP}`);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (options.threads !== undefined) {
    process.env.OMP_NUM_THREADS ??= String(options.threads);
    process.env.TF_NUM_INTRAOP_THREADS ??= String(options.threads);
  }
  if (options.device === 'cpu') process.env.CUDA_VISIBLE_DEVICES ??= '-1';
  restoreRemovedNodeFunctions();
  try {
    require(folder);
  } catch (error) {
    throw new DetLabError(`Cannot start the tensorflow engine: ${(error as Error).message}. ${SETUP}`);
  }
  if (!(await tf.setBackend('tensorflow')))
    throw new DetLabError(`Cannot start the tensorflow engine: it registered on another copy of tfjs. ${SETUP}`);
  const onGpu = (tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice;
  const device = onGpu ? 'cuda:0' : 'cpu';
  if (options.device !== undefined && options.device !== device)
    throw new DetLabError(
      `Cannot start the tensorflow engine on device "${options.device}": expected "${device}", since TensorFlow ` +
        `${onGpu ? 'uses the GPU it found' : 'found no usable GPU'}`,
    );
  for (const kernel of convolutionKernels()) {
    if (tf.getKernel(kernel.kernelName, 'tensorflow')) tf.unregisterKernel(kernel.kernelName, 'tensorflow');
    tf.registerKernel(kernel);
  }
  registerTapeGradients();
  const running: Omit<Engine, 'memoryLimit'> = {
    name: 'tensorflow',
    device,
    description: `tensorflow (${folder.endsWith('gpu') ? 'tfjs-node-gpu' : 'tfjs-node'} 4.22) on ${device}, float32`,
    precisions: ['float32'],
    memoryPrecisions: [],
    autocast(precision, f) {
      if (precision !== 'float32')
        throw new DetLabError(
          `Cannot compute in ${precision} on the tensorflow engine: expected float32. The torch engine has mixed precision`,
        );
      return f();
    },
    sgdStep,
    adamWStep,
    clipGradNorm,
    profile: (f, modules) => profileWith(recordKernels, f, modules),
    ...trackMemory(() => 0),
  };
  return limitMemory(running);
}

/** Restores two functions that tfjs-node calls for every operation and Node 23 removed. */
function restoreRemovedNodeFunctions(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
}

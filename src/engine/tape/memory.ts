// Memory statistics of engines whose tensors are counted by tfjs.

import * as tf from '@tensorflow/tfjs';
import type { EngineMemory } from '../engine';

/** Tracks tfjs's byte count and its peak since the last `resetPeak`. */
export function trackMemory(heapBytes: () => number): { memory(): EngineMemory; resetPeak(): void } {
  const engine = tf.engine() as unknown as {
    trackTensor(tensor: tf.Tensor, backend: unknown): void;
    state: { numBytes: number; numDataBuffers: number };
  };
  const trackTensor = engine.trackTensor.bind(engine);
  let peak = engine.state.numBytes;
  engine.trackTensor = (tensor, backend) => {
    trackTensor(tensor, backend);
    if (engine.state.numBytes > peak) peak = engine.state.numBytes;
  };
  return {
    memory: () => ({
      slots: engine.state.numDataBuffers,
      bytesInUse: engine.state.numBytes,
      bytesPeak: peak,
      bytesCached: Math.max(0, heapBytes() - engine.state.numBytes),
    }),
    resetPeak: () => {
      peak = engine.state.numBytes;
    },
  };
}

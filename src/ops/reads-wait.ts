// Where reading a tensor is not free: a GPU computes what is queued for it before it answers.

import * as tf from '@tensorflow/tfjs';

/** A backend that computes beside JavaScript. */
export interface QueuedBackend {
  /** Whether the backend runs on a device with a queue of its own: a GPU. */
  readonly queues?: boolean;
}

/** Whether reading a tensor waits for all operations before it. */
export const readsWait = (): boolean => (tf.backend() as tf.KernelBackend & QueuedBackend).queues === true;

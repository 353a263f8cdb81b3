// A signal as the notebook's kernel gives it: its urgency is one element in shared memory.

export interface UrgentSignal {
  signal: AbortSignal;
  /** Stop was pressed a while ago. */
  hurry(): void;
  /** A later cell begins. */
  calm(): void;
}

export function urgentSignal(): UrgentSignal {
  const controller = new AbortController();
  const urgency = new Int32Array(new SharedArrayBuffer(8)).subarray(1, 2);
  const { signal } = controller;
  Object.defineProperty(signal, Symbol.for('detlab.urgency'), { value: urgency });
  return {
    signal,
    hurry: () => {
      controller.abort();
      Atomics.store(urgency, 0, 1);
    },
    calm: () => Atomics.store(urgency, 0, 0),
  };
}

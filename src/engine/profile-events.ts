// What a profile of an engine holds: types alone.

/**
 * - `call`: a kernel that TensorFlow.js called, or another call to the engine
 * - `op`: an operator of libtorch inside a call
 * - `node`: a node of libtorch's graph, in the backward pass
 */
export type EngineEventKind = 'call' | 'op' | 'node';

export interface EngineEvent {
  name: string;
  kind: EngineEventKind;
  /** Index into `modules` of the profile, or -1 outside of all modules. */
  module: number;
  /** Types and shapes of the operands, where the engine knows them; of a copy: `Float [2,3] -> BFloat16 [2,3]`. */
  detail: string;
  /** Milliseconds since the start of the profile. */
  start: number;
  end: number;
}

export interface EngineProfile {
  /** Milliseconds that the function took, with the recording, which slows small operators down. */
  milliseconds: number;
  /** Paths of the modules; '' is the model itself. */
  modules: string[];
  /** In the order in which they began; a longer one before those inside it. */
  events: EngineEvent[];
}

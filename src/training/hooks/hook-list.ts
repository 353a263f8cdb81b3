// The hooks of a run, in the order of their priorities.

import type { TrainHook } from './hook';

/** The methods that are called at a point of the run. */
export type HookPoint = Exclude<
  {
    [K in keyof TrainHook]-?: TrainHook[K] extends ((...args: never[]) => unknown) | undefined ? K : never;
  }[keyof TrainHook],
  'state' | 'restore' | 'pipelineChange' | 'unit'
>;
type Arguments<P extends HookPoint> = Parameters<NonNullable<TrainHook[P]>>;

export class HookList {
  readonly hooks: readonly TrainHook[];
  private readonly byPoint = new Map<HookPoint, TrainHook[]>();

  constructor(hooks: readonly TrainHook[]) {
    this.hooks = hooks.toSorted((a, b) => a.priority - b.priority);
  }

  private at(point: HookPoint): TrainHook[] {
    let hooks = this.byPoint.get(point);
    if (!hooks) this.byPoint.set(point, (hooks = this.hooks.filter((hook) => hook[point])));
    return hooks;
  }

  has(point: HookPoint): boolean {
    return this.at(point).length > 0;
  }

  /** Calls one point of every hook that has it, one after the other. */
  async call<P extends HookPoint>(point: P, ...args: Arguments<P>): Promise<void> {
    for (const hook of this.at(point)) {
      const method = hook[point] as (...args: Arguments<P>) => void | Promise<void>;
      await method.apply(hook, args);
    }
  }
}

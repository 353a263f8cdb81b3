// Which cells are run again or deleted, by the ids that front ends send with each execution: what they showed is gone then.

import type { Request } from '../protocol/thread-messages';

const idOf = (request: Request | undefined): string | undefined => {
  const id = request?.metadata?.cellId;
  return typeof id === 'string' ? id : undefined;
};

export class ReplacedCells {
  private readonly callbacks = new Map<string, (() => void)[]>();

  /** Calls back once when the cell of a request is run again or deleted; never where its front end sends no ids. */
  on(request: Request | undefined, callback: () => void): void {
    const id = idOf(request);
    if (id !== undefined) this.callbacks.set(id, [...(this.callbacks.get(id) ?? []), callback]);
  }

  /** A request is executed. */
  execute(request: Request): void {
    const deleted = request.metadata?.deletedCells;
    for (const id of [idOf(request), ...(Array.isArray(deleted) ? deleted : [])]) {
      const callbacks = this.callbacks.get(String(id)) ?? [];
      this.callbacks.delete(String(id));
      for (const callback of callbacks) callback();
    }
  }
}

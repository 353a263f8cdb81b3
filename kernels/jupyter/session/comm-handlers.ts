// Runs handlers of comms: each as the child of the message it handles, in an async context of its own, until it ends or
// Stop is pressed.

import type { Request } from '../protocol/thread-messages';
import { type Cell, cells, createCell, Interrupted } from './cell';

interface Surroundings {
  status(state: 'busy' | 'idle', request: Request): void;
  print(error: unknown): void;
}

export class CommHandlers {
  /** Handlers that run, with the function that ends their busy status. */
  private readonly running = new Map<Cell, () => void>();

  constructor(private readonly surroundings: Surroundings) {}

  /** Runs a handler; errors are printed. Resolves to whether it succeeded. */
  async run(request: Request, work: () => unknown): Promise<boolean> {
    const { status, print } = this.surroundings;
    const cell = createCell(0, request);
    status('busy', request);
    const end = () => {
      if (this.running.delete(cell)) status('idle', request);
    };
    this.running.set(cell, end);
    try {
      await cells.run(cell, work);
      return true;
    } catch (error) {
      if (!cell.stopped) cells.run(cell, () => print(error));
      return false;
    } finally {
      end();
    }
  }

  /** Stops running handlers, without waiting for them: one that is stopped by force never settles. */
  interrupt(): void {
    for (const [cell, end] of this.running) {
      cell.stopped = new Interrupted('Stopped by the user');
      cell.controller.abort(cell.stopped);
      end();
    }
  }
}

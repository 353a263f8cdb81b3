// What the kernel itself has to report (an error in tsconfig.json, a package that cannot be loaded). Front ends show no
// output that belongs to no cell, and miss what is sent before they listen: it is printed with the cell that runs, or
// with the next one.

import type { Request } from '../protocol/thread-messages';
import type { OutputChannel } from './output-channel';

const isShown = (request: Request | undefined): request is Request =>
  request !== undefined && request.content.silent !== true;

export class CellNotices {
  private waiting: string[] = [];

  /** @param running the request of the cell that runs */
  constructor(
    private readonly output: OutputChannel,
    private readonly running: () => Request | undefined,
  ) {}

  report(notice: string): void {
    this.waiting.push(notice);
    this.printWith(this.running());
  }

  /** A cell begins. */
  printWith(request: Request | undefined): void {
    if (!isShown(request)) return;
    for (const notice of this.waiting.splice(0)) this.output.stream('stderr', `${notice}\n`, request);
  }
}

// What the kernel reports: with the cell that runs, else with the next one that is shown, and once.

import { expect, it } from 'vitest';
import type { Request } from '../../../../kernels/jupyter/protocol/thread-messages';
import { CellNotices } from '../../../../kernels/jupyter/session/cell-notices';
import type { OutputChannel } from '../../../../kernels/jupyter/session/output-channel';

const request = (seq: number, silent = false) => ({ seq, content: { silent } }) as unknown as Request;

it('prints notices with the running cell, or with the next one that front ends show, once', () => {
  const printed: unknown[] = [];
  const output = {
    stream: (name: string, text: string, parent?: Request) => printed.push([name, text, parent?.seq]),
  } as unknown as OutputChannel;
  let running: Request | undefined;
  const notices = new CellNotices(output, () => running);

  notices.report('first');
  notices.printWith(request(1, true));
  expect(printed).toEqual([]);
  notices.printWith(request(2));
  notices.printWith(request(3));
  expect(printed).toEqual([['stderr', 'first\n', 2]]);

  running = request(4);
  notices.report('second');
  running = request(5, true);
  notices.report('third');
  running = undefined;
  notices.report('fourth');
  notices.printWith(request(6));
  expect(printed.slice(1)).toEqual([
    ['stderr', 'second\n', 4],
    ['stderr', 'third\n', 6],
    ['stderr', 'fourth\n', 6],
  ]);
});

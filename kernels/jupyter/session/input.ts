// `await input('Name? ')`: asks the front end that runs the cell for a line of text. One request at a time, in order;
// Stop and the end of the cell reject those still open.

import { randomUUID } from 'node:crypto';
import type { Request } from '../protocol/thread-messages';
import { type Cell, cells } from './cell';
import type { OutputChannel } from './output-channel';

export interface InputOptions {
  /** Hides what is typed. */
  password?: boolean;
}

export type Input = (prompt?: string, options?: InputOptions) => Promise<string>;

/** Nobody can answer, or nobody can answer any more. */
class InputError extends Error {
  override name = 'InputError';
}

/** Sent by front ends for Ctrl-D. */
const END_OF_INPUT = '\x04';

interface InputRequest {
  id: string;
  cell: Cell;
  content: { prompt: string; password: boolean };
  resolve(value: string): void;
  reject(error: unknown): void;
}

export class InputRequests {
  /** In order; the first one has been sent. */
  private open: InputRequest[] = [];

  constructor(
    private readonly output: OutputChannel,
    private readonly currentCell: () => Cell | undefined,
  ) {}

  /** The function that cells call. */
  readonly input: Input = (prompt = '', { password = false } = {}) => {
    const cell = cells.getStore() ?? this.currentCell();
    if (!cell?.request || cell !== this.currentCell()) {
      return Promise.reject(
        new InputError('Cannot ask for input outside of a running cell: call `await input()` in the cell itself'),
      );
    }
    if (cell.request.content.allow_stdin !== true) {
      return Promise.reject(
        new InputError(
          'Cannot ask for input: the program that runs this notebook takes none (allow_stdin is false). Run it where a person can type, or give the value in the cell',
        ),
      );
    }
    const { signal } = cell.controller;
    if (signal.aborted) return Promise.reject(signal.reason);
    const answer = this.add(cell, { prompt: String(prompt), password: Boolean(password) });
    answer.catch(() => {}); // a cell need not await its input
    return answer;
  };

  /** Takes the front end's answer; false when the request is something else. */
  handle({ header, parent, content }: Request): boolean {
    if (header.msg_type !== 'input_reply') return false;
    const [request] = this.open;
    // Some clients do not name the request; an answer that names another one is late.
    if (!request || (parent && parent !== request.id)) return true;
    this.remove([request]);
    if (content.value === END_OF_INPUT) request.reject(new InputError('The input was ended without an answer'));
    else request.resolve(typeof content.value === 'string' ? content.value : '');
    return true;
  }

  /** No front end received the request with this id. */
  undelivered(id: string): void {
    const error = new InputError(
      'Cannot ask for input: the front end offered it (allow_stdin) but does not listen on its stdin channel',
    );
    this.withdraw((request) => request.id === id, error);
  }

  /** A cell has ended. */
  end(cell: Cell): void {
    this.withdraw((request) => request.cell === cell, new InputError('The cell ended before its input was answered'));
  }

  private add(cell: Cell, content: InputRequest['content']): Promise<string> {
    const { signal } = cell.controller;
    return new Promise((resolve, reject) => {
      const request: InputRequest = { id: randomUUID(), cell, content, resolve, reject };
      this.open.push(request);
      if (this.open.length === 1) this.send(request);
      signal.addEventListener('abort', () => this.withdraw((other) => other === request, signal.reason), {
        once: true,
      });
    });
  }

  private withdraw(matches: (request: InputRequest) => boolean, error: unknown): void {
    const withdrawn = this.open.filter(matches);
    this.remove(withdrawn);
    for (const request of withdrawn) request.reject(error);
  }

  /** Takes requests off the list, and sends the next one if the first is gone. */
  private remove(requests: InputRequest[]): void {
    const [sent] = this.open;
    this.open = this.open.filter((request) => !requests.includes(request));
    if (requests.includes(sent) && this.open.length) this.send(this.open[0]);
  }

  private send({ id, content, cell }: InputRequest): void {
    this.output.requestInput(id, content, cell.request!);
  }
}

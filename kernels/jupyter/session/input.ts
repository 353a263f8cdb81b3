// `await input('Name? ')`: asks the front end that runs the cell for a line of text. One question at a time, in the
// order they were asked; Stop, and the cell's end, withdraw those still open.

import { randomUUID } from 'node:crypto';
import type { Request } from '../protocol/thread-messages';
import { type Cell, cells } from './cell';
import type { OutputChannel } from './output-channel';

export interface InputOptions {
  /** Hides what is typed. */
  password?: boolean;
}

export type Input = (prompt?: string, options?: InputOptions) => Promise<string>;

/** There is nobody to ask, or nobody who may answer any more. */
class InputError extends Error {
  override name = 'InputError';
}

/** What a front end sends for Ctrl-D. */
const END_OF_INPUT = '\x04';

interface Question {
  id: string;
  cell: Cell;
  content: { prompt: string; password: boolean };
  answer(value: string): void;
  withdraw(error: unknown): void;
}

export function createInput(output: OutputChannel, currentCell: () => Cell | undefined) {
  /** The first one has been sent. */
  let open: Question[] = [];

  const ask = ({ id, content, cell }: Question) => output.ask(id, content, cell.request!);

  function close(question: Question) {
    const wasAsked = open[0] === question;
    open = open.filter((other) => other !== question);
    if (wasAsked && open.length) ask(open[0]);
  }

  function withdraw(which: (question: Question) => boolean, error: unknown) {
    const gone = open.filter(which);
    const wasAsked = gone.includes(open[0]);
    open = open.filter((question) => !gone.includes(question));
    for (const question of gone) question.withdraw(error);
    if (wasAsked && open.length) ask(open[0]);
  }

  const input: Input = (prompt = '', { password = false } = {}) => {
    const cell = cells.getStore() ?? currentCell();
    if (!cell?.request || cell !== currentCell()) {
      return Promise.reject(
        new InputError('Cannot ask for input outside of a running cell: call `await input()` in the cell itself'),
      );
    }
    if (cell.request.content.allow_stdin !== true) {
      return Promise.reject(
        new InputError(
          'Cannot ask for input: what runs this notebook takes none (allow_stdin is false). Run it where a person can type, or give the value in the cell',
        ),
      );
    }
    const { signal } = cell.controller;
    if (signal.aborted) return Promise.reject(signal.reason);
    const answered = new Promise<string>((resolve, reject) => {
      const content = { prompt: String(prompt), password: Boolean(password) };
      const question: Question = { id: randomUUID(), cell, content, answer: resolve, withdraw: reject };
      open.push(question);
      if (open.length === 1) ask(question);
      signal.addEventListener('abort', () => withdraw((other) => other === question, signal.reason), { once: true });
    });
    answered.catch(() => {}); // a cell need not wait for its own question
    return answered;
  };

  return {
    input,
    /** Takes the front end's answer; false when the request is something else. */
    handle({ header, parent, content }: Request): boolean {
      if (header.msg_type !== 'input_reply') return false;
      const [question] = open;
      // Some clients do not say what they answer; one that answers another question is late.
      if (!question || (parent && parent !== question.id)) return true;
      close(question);
      if (content.value === END_OF_INPUT) question.withdraw(new InputError('The input was ended without an answer'));
      else question.answer(typeof content.value === 'string' ? content.value : '');
      return true;
    },
    /** The question with this id reached nobody. */
    inputUndelivered(id: string) {
      const error = new InputError(
        'Cannot ask for input: the front end said it takes some (allow_stdin), but does not listen on its stdin channel',
      );
      withdraw((question) => question.id === id, error);
    },
    /** A cell has ended. */
    end(cell: Cell) {
      withdraw((question) => question.cell === cell, new InputError('The cell ended before its input was answered'));
    },
  };
}

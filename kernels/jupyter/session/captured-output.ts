// Diverts what a function prints and displays from its cell to another place: an output widget.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Content } from '../protocol/wire-message';
import type { OutputChannel } from './output-channel';

/** Takes the type and content of output messages. */
export type Sink = (type: string, content: Content) => void;

/** Where output of the code that runs goes instead of its cell. */
export const sinks = new AsyncLocalStorage<Sink | undefined>();

const IS_OUTPUT = /^(?:display_data|update_display_data|clear_output)$/;

/** A channel whose output can be captured. */
export function capturable(output: OutputChannel): OutputChannel {
  return {
    publish(type, content, parent, extras) {
      const sink = IS_OUTPUT.test(type) ? sinks.getStore() : undefined;
      if (sink) sink(type, content);
      else output.publish(type, content, parent, extras);
    },
    stream(name, text, parent) {
      const sink = sinks.getStore();
      // what the sink itself prints goes to the cell
      if (sink) sinks.run(undefined, () => sink('stream', { name, text }));
      else output.stream(name, text, parent);
    },
    reply: (...message) => output.reply(...message),
    requestInput: (...message) => output.requestInput(...message),
    fence: () => output.fence?.(),
    readPipe: (...message) => output.readPipe?.(...message),
  };
}

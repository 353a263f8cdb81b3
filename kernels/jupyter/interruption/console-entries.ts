// While an inspector is connected, which Stop needs, V8 keeps the last thousand things that console.log was given: a model
// that was printed would never be freed.

import { Session } from 'node:inspector';

let inspector: Session | undefined;

/** Makes V8 forget them. */
export function discardConsoleEntries(): void {
  if (!inspector) {
    inspector = new Session();
    inspector.connect();
  }
  inspector.post('Runtime.discardConsoleEntries');
}

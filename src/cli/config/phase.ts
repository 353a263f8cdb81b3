// Loading configs as a phase of a command: an invalid config ends it with the exit code of wrong usage.

import { CommandFailure, EXIT } from '../outcome';

export function configPhase<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandFailure(EXIT.usage, error);
  }
}

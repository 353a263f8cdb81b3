// Reading configs as a phase of a command: what is wrong with a config ends the command with that exit code.

import { CommandFailure, EXIT } from '../outcome';

export function configPhase<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandFailure(EXIT.usage, error);
  }
}

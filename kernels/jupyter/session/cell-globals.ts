// Names every cell has without an import, beside what is preloaded: the functions, and how TypeScript is told of them.

import { DISPLAY_GLOBALS } from '../display/display-globals';
import type { Input } from './input';

/** Ambient declarations of the names below, for the program a cell is checked in. */
export const CELL_GLOBALS = `
/**
 * Asks the person in front of the notebook for a line of text.
 *
 * @param prompt what to ask
 * @param options.password hide what is typed
 * @throws InputError when nobody can answer, as in a notebook executed by nbconvert
 * @example const name = await input('Your name? ');
 */
declare function input(prompt?: string, options?: { password?: boolean }): Promise<string>;
${DISPLAY_GLOBALS}`;

/** Puts the functions in place; a cell may use their names for its own. */
export function installCellGlobals(globals: { input: Input }): void {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

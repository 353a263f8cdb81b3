// Globals of every cell besides the prelude: their functions, and their declarations for TypeScript.

import { DISPLAY_GLOBALS } from '../display/display-globals';
import type { Input } from './input';

/** Ambient declarations of all globals, for the program that a cell is checked in. */
export const CELL_GLOBALS = `
/**
 * Asks the user for a line of text.
 *
 * @param prompt the question
 * @param options.password hide what is typed
 * @throws InputError when nobody can answer, as in a notebook executed by nbconvert
 * @example const name = await input('Your name? ');
 */
declare function input(prompt?: string, options?: { password?: boolean }): Promise<string>;
${DISPLAY_GLOBALS}`;

/** Defines the functions as globals, which cells may redefine. */
export function installCellGlobals(globals: { input: Input }): void {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

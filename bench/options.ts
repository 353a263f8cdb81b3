// Options of the benchmark's scripts: declared with their defaults, `--name value`. One that is not declared, lacks its value
// or is no number is refused before anything is measured.

import { parseArgs } from 'node:util';
import { DetLabError, didYouMean } from '../src/errors';

type Value = string | number | boolean;
type Widened<T> = { [K in keyof T]: T[K] extends number ? number : T[K] extends boolean ? boolean : string };

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new DetLabError(`Cannot measure with --${name} ${text}: expected a number`);
  return value;
}

/**
 * @param defaults by name; a default of `false` makes a switch, a number an option that is a number
 * `--help` prints the defaults and ends the process.
 * @throws DetLabError of an option that is not among them, or without its value
 * @example const { rounds, only } = readOptions({ rounds: 2, only: '' });
 */
export function readOptions<T extends Record<string, Value>>(
  defaults: T,
  args: readonly string[] = process.argv.slice(2),
): Widened<T> {
  const names = Object.keys(defaults);
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: kinds(defaults),
  });
  const values: Record<string, Value> = { ...defaults };
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new DetLabError(`Cannot measure with "${token.value}": expected options, ${listed(names)}`);
    if (token.kind !== 'option') continue;
    const { name, value } = token;
    if (name === 'help') {
      for (const [known, fallback] of Object.entries(defaults)) console.log(`--${known} ${fallback}`.trimEnd());
      process.exit(0);
    }
    if (!Object.hasOwn(defaults, name))
      throw new DetLabError(
        `Cannot measure with ${token.rawName}: no such option.${didYouMean(name, names)} Known: ${listed(names)}`,
      );
    if (typeof defaults[name] === 'boolean') values[name] = true;
    else if (value === undefined) throw new DetLabError(`Cannot measure with --${name}: it needs a value`);
    else values[name] = typeof defaults[name] === 'number' ? numberOf(name, value) : value;
  }
  return values as Widened<T>;
}

/**
 * The values of an option that is a list, such as `--precisions f32,bf16`.
 * @throws DetLabError of one that is not known
 */
export function chosen<K extends string>(option: string, text: string, known: readonly K[]): K[] {
  return text.split(',').map((value) => {
    if ((known as readonly string[]).includes(value)) return value as K;
    throw new DetLabError(
      `Cannot measure with --${option} ${text}: "${value}" is not known.${didYouMean(value, known)} Known: ${known.join(', ')}`,
    );
  });
}

const listed = (names: readonly string[]) => names.map((name) => `--${name}`).join(', ');

const kinds = (defaults: Record<string, Value>) =>
  Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  );

/** Runs a script; what goes wrong is printed, one line of an option's error, and exits with 1. */
export function runScript(main: () => unknown): void {
  Promise.resolve()
    .then(main)
    .catch((error: unknown) => {
      console.error(error instanceof DetLabError ? error.message : error);
      process.exitCode = 1;
    });
}

// The text of a config file, and errors with a position in it.

import { DetLabError } from '../errors';

export interface SourceFile {
  /** Absolute path. */
  path: string;
  text: string;
}

/** A position in a source file, as an offset into its text. */
export interface Place {
  source: SourceFile;
  offset: number;
}

/** Line and column, 1-based, and the text of the line. */
export function locate({ source, offset }: Place): { line: number; column: number; text: string } {
  const start = source.text.lastIndexOf('\n', offset - 1) + 1;
  const end = source.text.indexOf('\n', offset);
  let line = 1;
  for (let i = source.text.indexOf('\n'); i !== -1 && i < start; i = source.text.indexOf('\n', i + 1)) line++;
  return { line, column: offset - start + 1, text: source.text.slice(start, end === -1 ? undefined : end) };
}

/**
 * An error at a position in a config file:
 *
 *     Cannot read configs/my.ts:3:12: calls are not allowed in a config. Write the value itself
 *         3 |   lr: Math.sqrt(2),
 *           |       ^
 */
export function errorAt(place: Place, message: string): DetLabError {
  const { line, column, text } = locate(place);
  const from = Math.max(0, column - 80);
  const shown = text.slice(from, from + 160).replaceAll('\t', ' ');
  const gutter = String(line);
  return new DetLabError(
    `Cannot read ${place.source.path}:${line}:${column}: ${message}\n` +
      `    ${gutter} | ${shown}\n    ${' '.repeat(gutter.length)} | ${' '.repeat(column - 1 - from)}^`,
  );
}

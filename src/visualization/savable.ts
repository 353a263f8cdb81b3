// `.save(path)` of displays: one writer per format, chosen by the file's extension.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { DetLabError } from '../errors';
import { type Displayable, JUPYTER_DISPLAY, type MimeBundle } from './display';
import { htmlPage } from './html-page';

type Content = string | Uint8Array;

/**
 * What a display can be written as, by extension. `html` is the body of a page, `json` any value; each is made only when asked
 * for.
 */
export interface Formats {
  png?: () => Content | Promise<Content>;
  jpg?: () => Content | Promise<Content>;
  svg?: () => string | Promise<string>;
  html?: () => string | Promise<string>;
  csv?: () => string | Promise<string>;
  json?: () => unknown;
  txt?: () => string | Promise<string>;
}

const SPELLINGS: Record<string, keyof Formats> = { jpeg: 'jpg', htm: 'html' };

/**
 * The format that a file's extension means, among those that are known.
 * @throws DetLabError naming the known extensions, for any other
 * @example formatOf('losses', ['csv', 'jpg'], 'losses.jpeg') // 'jpg'
 */
export function formatOf(what: string, known: readonly string[], file: string): keyof Formats {
  const extension = path.extname(file).slice(1).toLowerCase();
  const name = SPELLINGS[extension] ?? extension;
  if (known.includes(name)) return name as keyof Formats;
  throw new DetLabError(
    `Cannot save ${what} as "${file}": expected an extension of ${known.map((k) => `.${k}`).join(', ')}, ` +
      `received ${extension === '' ? 'none' : `.${extension}`}`,
  );
}

/**
 * Writes a display to a file, in the format of its extension, and makes the folders of the path.
 *
 * @param what name of the display in errors and title of the HTML page
 * @returns absolute path of the file
 * @throws DetLabError naming the extensions that this display has, for any other
 * @example await saveAs('losses', { csv: () => 'step,loss\n1,0.5\n' }, 'losses.csv')
 */
export async function saveAs(what: string, formats: Formats, file: string): Promise<string> {
  const known = Object.keys(formats).filter((format) => formats[format as keyof Formats]);
  const name = formatOf(what, known, file);
  const made = await formats[name]!();
  const content =
    name === 'json'
      ? `${JSON.stringify(made, null, 1)}\n`
      : name === 'html'
        ? htmlPage(what, made as string)
        : (made as Content);
  const target = path.resolve(file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, content);
  return target;
}

/** A displayable object that can be saved: what a display of the lab extends. */
export abstract class SavableDisplay implements Displayable {
  /** Name of the display, for errors and titles. */
  protected abstract readonly what: string;
  protected abstract formats(): Formats;
  protected abstract bundle(): MimeBundle | Promise<MimeBundle>;
  abstract toString(): string;

  /** Writes it to a file; the extension says the format, an error lists the possible ones. Returns the absolute path. */
  save(file: string): Promise<string> {
    return saveAs(this.what, this.formats(), file);
  }

  [JUPYTER_DISPLAY](): MimeBundle | Promise<MimeBundle> {
    return this.bundle();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Rows as CSV (RFC 4180), numbers in full precision. */
export function csvText(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

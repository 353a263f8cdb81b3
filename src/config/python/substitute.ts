// mmengine's substitutions in the text of a config before it is parsed, in order: `{{ fileDirname }}` and similar,
// `{{$VARIABLE:default}}`, and `{{_base_.x.y}}`, which becomes a name for the base's value.

import path from 'node:path';
import { SyntaxProblem } from './tree';
import { BaseVariable } from './values';

/** Prefix of the names of base variables. */
export const BASE_VARIABLE = '__base_variable_';

export interface SubstitutedText {
  text: string;
  /** Base variables by their name. */
  baseVariables: Map<string, BaseVariable>;
  /** Environment variables that were used. */
  environment: string[];
  /** The offset in the file of `offset` in the text. */
  original(offset: number): number;
}

interface Edit {
  at: number;
  /** Characters the text grew by. */
  growth: number;
  length: number;
}

export function substitute(
  file: string,
  source: string,
  environment: Record<string, string | undefined>,
): SubstitutedText {
  let text = source;
  const passes: Edit[][] = [];
  const replace = (pattern: RegExp, by: (match: RegExpExecArray, original: number) => string) => {
    const edits: Edit[] = [];
    let grown = 0;
    const before = [...passes];
    text = text.replace(pattern, (...args) => {
      const named = typeof args[args.length - 1] === 'object' ? args.length - 1 : args.length;
      const offset = args[named - 2] as number;
      const match = args.slice(0, named - 2) as unknown as RegExpExecArray;
      const fresh = by(match, originalOffset(before, offset));
      edits.push({ at: offset + grown, growth: fresh.length - match[0].length, length: fresh.length });
      grown += fresh.length - match[0].length;
      return fresh;
    });
    passes.push(edits);
  };
  if (!source.includes('{{')) return { text, baseVariables: new Map(), environment: [], original: (offset) => offset };

  for (const [name, value] of fileVariables(file)) replace(new RegExp(`\\{\\{\\s*${name}\\s*\\}\\}`, 'g'), () => value);

  const used: string[] = [];
  replace(/\{\{['"]?\s*\$(\w+)\s*:\s*(\S*?)\s*['"]?\}\}/g, ([, name, otherwise], at) => {
    const value = environment[name];
    if (value !== undefined) used.push(name);
    if (value || (value === undefined && otherwise)) return value ?? otherwise;
    throw new SyntaxProblem(
      at,
      `the environment variable "${name}" is not set. Set it, or give a default: {{$${name}:default}}`,
    );
  });

  const baseVariables = new Map<string, BaseVariable>();
  const standIn = ([, quoted, bare]: RegExpExecArray, at: number) => {
    const name = `${BASE_VARIABLE}${baseVariables.size}__`;
    baseVariables.set(name, new BaseVariable(quoted ?? bare, at));
    return name;
  };
  replace(/(?<=[\s=(,[:{])(?:'\{\{\s*_base_\.([\w.]+)\s*\}\}'|"\{\{\s*_base_\.([\w.]+)\s*\}\}")(?!['"])/g, standIn);
  replace(/\{\{\s*_base_\.(([\w.]+))\s*\}\}/g, standIn);
  return { text, baseVariables, environment: used, original: (offset) => originalOffset(passes, offset) };
}

function fileVariables(file: string): [string, string][] {
  const extension = /^(.*[^/.][^/]*)(\.[^./]*)$/.exec(file)?.[2] ?? '';
  const base = path.basename(file);
  return [
    ['fileDirname', path.dirname(file)],
    ['fileBasename', base],
    ['fileBasenameNoExtension', extension ? base.slice(0, -extension.length) : base],
    ['fileExtname', extension],
  ].map(([name, value]) => [name, value.replaceAll('\\', '/')]);
}

function originalOffset(passes: readonly Edit[][], offset: number): number {
  let place = offset;
  for (const edits of [...passes].reverse()) {
    let shift = 0;
    for (const { at, growth, length } of edits) {
      if (place >= at + length) shift += growth;
      else if (place > at) {
        // inside a substitution: its beginning
        place = at;
        break;
      }
    }
    place -= shift;
  }
  return place;
}

// Maps positions of compiled code to positions in the source of its cell or local module.

import { SourceMap } from 'node:module';
import { type Insertion, originalColumn } from '../compiler/insertions';

export type Position = { line: number; column: number };

export interface Mapped {
  code: string;
  maps: string[];
  insertions: Insertion[];
}

export interface SourcePositions {
  remember(file: string, code: Mapped): void;
  forget(file: string): void;
  /** One-based positions. Undefined when unknown, null in code that the kernel adds. */
  find(file: string, line: number, column: number): Position | null | undefined;
}

export function createSourcePositions(): SourcePositions {
  const files = new Map<string, { maps: string[]; parsed?: SourceMap[]; insertions: Insertion[]; lines: number }>();
  return {
    remember: (file, { code, maps, insertions }) =>
      void files.set(file, { maps, insertions, lines: code.split('\n').length }),
    forget: (file) => void files.delete(file),
    find(file, line, column) {
      const known = files.get(file);
      if (!known) return undefined;
      if (line > known.lines) return null;
      known.parsed ??= known.maps.map((text) => new SourceMap(JSON.parse(text))).reverse();
      let at = { line: line - 1, column: originalColumn(known.insertions, line - 1, column - 1) };
      for (const map of known.parsed) {
        const entry = map.findEntry(at.line, at.column) as { originalLine?: number; originalColumn?: number };
        if (entry.originalLine === undefined) return undefined;
        at = { line: entry.originalLine, column: entry.originalColumn ?? 0 };
      }
      return { line: at.line + 1, column: at.column + 1 };
    },
  };
}

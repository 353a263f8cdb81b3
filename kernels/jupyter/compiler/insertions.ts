// Texts that were inserted into compiled code, and positions in it. Loaded by the main thread, which needs no TypeScript.

export interface Insertion {
  line: number;
  column: number;
  length: number;
}

/** The column of the input that corresponds to `column` of the guarded code. */
export function originalColumn(insertions: Insertion[], line: number, column: number): number {
  let result = column;
  for (const insertion of insertions) {
    if (insertion.line === line && insertion.column < result)
      result = Math.max(insertion.column, result - insertion.length);
  }
  return result;
}

/** The name under which a cell exports its last expression. */
export const RESULT = '__result__';

// Cursor positions: Jupyter counts Unicode code points, JavaScript UTF-16 units.

export const utf16Offset = (text: string, points: number) => [...text].slice(0, points).join('').length;
export const codePointOffset = (text: string, units: number) => [...text.slice(0, units)].length;

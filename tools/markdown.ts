/** Text for a cell of a table, which a bar would end. */
export const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

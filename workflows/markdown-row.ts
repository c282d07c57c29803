/** A line of a table in Markdown. A cell cannot hold a bar or a line's end. */
export const markdownRow = (cells: readonly (string | undefined)[]): string =>
  `| ${cells.map((cell = '') => cell.replaceAll(/[|\n]/g, ' ')).join(' | ')} |`;

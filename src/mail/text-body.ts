import type { AlertWords } from '../kit/alert-words.ts';

/** The built-in mail as plain text. */
export function textBody({ title, time, summary, notes, link }: AlertWords): string {
  const blocks = [`${title}\n${time}`, summary, notes.join('\n'), link === undefined ? undefined : `Watch the clip: ${link}`];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

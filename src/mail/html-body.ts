import type { RiskLevel } from '../domain/risk.ts';
import type { AlertWords } from '../kit/alert-words.ts';
import { escapeHtml } from './escape-html.ts';

/** White text on each of them has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
const RISK_COLOURS: Readonly<Record<RiskLevel, string>> = {
  low: '#15803d',
  medium: '#b45309',
  high: '#c2410c',
  critical: '#b91c1c',
};
const NO_RISK_COLOUR = '#475569';

/** Clients that know dark mode and style sheets use these; others show the light colours that stand with each element. */
const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #0f172a !important; }
  .card { background: #1e293b !important; }
  .text { color: #f1f5f9 !important; }
  .faint { color: #cbd5e1 !important; }
}`;

/**
 * The built-in mail as HTML: one column of tables with styles in place, which is what mail clients agree on.
 * @param picture markup of the snapshot, or empty.
 */
export function htmlBody(words: AlertWords, picture: string): string {
  const colour = words.riskLevel === undefined ? NO_RISK_COLOUR : RISK_COLOURS[words.riskLevel];
  const rows = [
    paragraph(words.title, 'text', 'font-size:20px;font-weight:600;color:#0f172a'),
    paragraph(words.time, 'faint', 'font-size:14px;color:#475569'),
    picture,
    ...(words.summary === undefined ? [] : [paragraph(words.summary, 'text', 'font-size:16px;color:#0f172a')]),
    ...words.notes.map((note) => paragraph(note, 'faint', 'font-size:14px;color:#475569')),
    ...(words.link === undefined ? [] : [button(words.link, colour)]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(words.title)}</title>
<style>${STYLE}
</style>
</head>
<body class="page" style="margin:0;padding:16px;background:#f1f5f9;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border-radius:8px;border-top:6px solid ${colour}"><tr><td style="padding:20px">
${rows.filter(Boolean).join('\n')}
</td></tr></table>
</td></tr></table>
</body>
</html>
`;
}

/** The snapshot where it stands; the width is that of the card. */
export const pictureOf = (contentId: string): string =>
  `<img src="cid:${contentId}" alt="What the camera saw" width="520" style="display:block;width:100%;max-width:520px;height:auto;border-radius:6px;margin:0 0 12px">`;

const paragraph = (text: string, name: string, style: string): string =>
  `<p class="${name}" style="margin:0 0 12px;line-height:1.4;white-space:pre-line;overflow-wrap:anywhere;${style}">${escapeHtml(text)}</p>`;

const button = (link: string, colour: string): string =>
  `<p style="margin:16px 0 4px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:${colour};color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">Watch the clip</a></p>`;
